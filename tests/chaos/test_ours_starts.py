"""What our own machine refuses an engine that starts: one line and an exit code, and a start that works afterwards."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.chaos.ours import faults
from tests.chaos.ours.desk import Desk, Happened, at_work, healthy, rows
from tests.chaos.ours.disk import fill, read_only, small_disk
from tests.chaos.rows import Row
from tests.proof.live.stage import ROOT

pytestmark = [pytest.mark.prove, pytest.mark.timeout(300)]

Trouble = Callable[[Desk], object]


@contextmanager
def _read_only(desk: Desk) -> Iterator[None]:
    with read_only(desk.stage.journal.parent):
        yield


@contextmanager
def _full(desk: Desk) -> Iterator[None]:
    hog = fill(desk.stage.journal.parent)
    yield
    hog.unlink()


@contextmanager
def _locked(desk: Desk) -> Iterator[None]:
    with closing(sqlite3.connect(desk.stage.journal, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


STARTS = [
    pytest.param("started on a read-only disk", _read_only, {}, "Read-only file system", id="read-only disk"),
    pytest.param("started on a full disk", _full, {}, "No space left on device", id="full disk"),
    pytest.param("started on a locked journal", _locked, {}, "database is locked", id="locked journal"),
    pytest.param(
        "started with few descriptors", lambda _desk: nullcontext(), {"CHAOS_NOFILE": "12"}, "Too many open files",
        id="few descriptors",
    ),
    pytest.param(
        "started with little memory", lambda _desk: nullcontext(), {"CHAOS_AS": str(170 << 20)}, "memory",
        id="little memory",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "trouble", "environ", "says"), STARTS)
async def test_a_start_that_cannot_be(
    tmp_path: Path, told: Callable[[Row], None], fault: str, trouble: Trouble, environ: Mapping[str, str], says: str
) -> None:
    disk = small_disk(tmp_path / "data", 16 << 10) if trouble is _full else nullcontext()
    with disk:
        async with at_work(tmp_path) as desk:
            assert (await desk.engine.interrupted()).code == 130
            sent = len(desk.stage.arrivals)
            with trouble(desk):  # type: ignore[attr-defined]  # each is a context
                began = time.monotonic()
                refused = await (await desk.stage.run(environ=desk.environ | environ)).ended()
                detected = (time.monotonic() - began) * 1e3
            if refused.code < 0:
                assert "CHAOS_AS" in environ, refused  # the interpreter itself did not live to tell
            else:
                assert refused.code in (1, 4, 5), refused
                last = refused.err.splitlines()[-1]
                assert last.startswith("error: "), refused.err
                assert says in last, refused.err
                assert "Traceback" not in refused.err
            if "CHAOS_AS" not in environ:  # memory may last for a few cycles: the ledger below tells of those
                assert len(desk.stage.arrivals) == sent
            began = time.monotonic()
            await desk.start()
            await desk.until(healthy)
            happened = [Happened(fault, detected, (time.monotonic() - began) * 1e3, f"exit code {refused.code}")]
            await desk.trades()
            assert (await desk.engine.interrupted()).code == 130
            for row in rows(desk, happened, faults.LIMITS):
                told(row)


async def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, told: Callable[[Row], None]) -> None:
    with read_only(tmp_path / "cache"):
        async with at_work(tmp_path, start=False) as desk:
            began = time.monotonic()
            await desk.start()
            detected = await desk.hears("are not kept: ", 0)
            await desk.until(healthy)
            happened = [Happened("cache on a read-only disk", detected, (time.monotonic() - began) * 1e3)]
            await desk.trades()
            assert (await desk.engine.interrupted()).code == 130
            for row in rows(desk, happened, faults.LIMITS):
                told(row)


def _arb(folder: Path, *words: str, stdout: int) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "XDG_"))}
    return subprocess.run(
        [sys.executable, "-m", "arb.cli", *words], stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=60,
        cwd=folder, env=kept | {"HOME": str(folder), "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(folder / "run")},
    )  # fmt: skip


def test_a_tape_on_a_full_disk_does_not_stop_the_scan(tmp_path: Path) -> None:
    """What was written before can be replayed, and the exit code says that the tape is not whole."""
    with small_disk(tmp_path / "disk", 256) as disk:
        tape = disk / "t.tape"
        words = ("scan", "--sim", "--exchanges", "mexc,gateio", "--duration", "6", "--jsonl", "--tape", str(tape))
        done = _arb(tmp_path, *words, stdout=subprocess.PIPE)
        said = done.stderr.decode()
        assert done.returncode == 1, said
        assert f"{tape}: the tape is incomplete: No space left on device" in said
        assert said.splitlines()[-1].startswith("error: "), said
        assert "Traceback" not in said
        summary = json.loads(done.stdout.splitlines()[-1])
        assert (summary["schema"], summary["ended"]) == ("arb.summary/1", "duration")
        assert summary["uptime_ms"] > 5_000
        replayed = _arb(tmp_path, "replay", str(tape), "--jsonl", stdout=subprocess.PIPE)
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout.splitlines()[-1])["records"] > 100


@pytest.mark.parametrize("command", ["scan", "run"])
def test_output_that_nobody_can_keep_is_one_line(tmp_path: Path, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = _arb(
            tmp_path, command, "--sim", "--exchanges", "mexc,gateio", "--duration", "6", "--jsonl",
            stdout=full.fileno(),
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "error: [Errno 28] No space left on device"
    assert b"Traceback" not in done.stderr
