"""Nobody goes on after a MemoryError: the doorways that all failures pass, and that no handler is beside them."""

from __future__ import annotations

import ast
import asyncio
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from arb.cli.running import _on_stray, run_until_stopped
from arb.errors import ProtocolError
from arb.exhausted import EXIT_CODE, LINE, nothing_ignored, survive
from arb.observers import Observers
from arb.supervise import supervise

ROOT = Path(__file__).parents[2]
# What a broad handler may do beside raising: each of these asks `survive` itself before anything else.
DOORWAYS = {"survive", "lose", "told", "translate", "_translated", "_try_again", "_lost", "_report"}

ALLOWED = [
    "adapters/ccxt_asking.py",  # raises all but one kind of ccxt's
    "arb/cli/entry.py",  # the end itself
]


class Ended(BaseException):
    """Instead of the end of this process."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    written: list[bytes] = []

    def exit_(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr("arb.exhausted.os._exit", exit_)
    monkeypatch.setattr("arb.exhausted.os.write", lambda fd, line: written.append(line))
    return written


@pytest.mark.parametrize(
    "failure",
    [MemoryError(), ExceptionGroup("tasks", [ValueError(), ExceptionGroup("more", [MemoryError()])])],
    ids=["alone", "among others"],
)
def test_it_ends_at_once_with_one_line(said: list[bytes], failure: BaseException) -> None:
    with pytest.raises(Ended) as ended:
        survive(failure)
    assert ended.value.args == (EXIT_CODE,)
    assert said == [LINE]
    assert LINE.endswith(b"\n")
    assert LINE.count(b"\n") == 1


@pytest.mark.parametrize("failure", [None, ValueError(), ExceptionGroup("tasks", [ProtocolError("mexc", "odd")])])
def test_any_other_failure_is_left_to_whoever_asks(said: list[bytes], failure: BaseException | None) -> None:
    survive(failure)
    assert not said


async def test_a_connection_without_memory_is_not_tried_again(said: list[bytes]) -> None:
    tries = 0

    async def connection(_up: object) -> None:
        nonlocal tries
        tries += 1
        raise MemoryError

    with pytest.raises(Ended):
        await supervise(connection, lambda _: None, sleep=asyncio.sleep, rng=None)  # type: ignore[arg-type]
    assert tries == 1


def test_an_observer_without_memory_is_not_just_dropped(said: list[bytes]) -> None:
    class Broken:
        def on_fact(self, fact: object) -> None:
            raise MemoryError

    with pytest.raises(Ended):
        Observers([Broken()]).publish(object())


def test_what_ends_in_nobodys_hands_comes_by_too(said: list[bytes]) -> None:
    before = sys.unraisablehook, threading.excepthook
    with nothing_ignored():
        unraisable = type("Told", (), {"exc_type": MemoryError})()
        for hook in (sys.unraisablehook, threading.excepthook):
            with pytest.raises(Ended):
                hook(unraisable)
    assert (sys.unraisablehook, threading.excepthook) == before


def test_other_hooks_still_hear_of_the_rest(said: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    told = type("Told", (), {"exc_type": ValueError})()
    with nothing_ignored():
        sys.unraisablehook(told)
    assert heard == [told]
    assert not said


def test_a_run_that_ends_of_it_closes_nothing(said: list[bytes]) -> None:
    async def main(_stop: asyncio.Event) -> None:
        raise MemoryError

    with pytest.raises(Ended):
        run_until_stopped(main)


def test_what_the_loop_was_left_with_comes_by(said: list[bytes]) -> None:
    with pytest.raises(Ended):
        _on_stray(None, {"message": "a callback failed", "exception": MemoryError()})  # type: ignore[arg-type]


_NO_THREAD = """
import asyncio, resource
from arb.cli.running import run_until_stopped

async def main(stop):
    kept = []
    await asyncio.sleep(0)
    resource.setrlimit(resource.RLIMIT_AS, (64 << 20, resource.RLIM_INFINITY))
    while True:
        kept.append(bytes(256))

run_until_stopped(main)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS") or sys.platform != "linux", reason="limits of Linux")
def test_a_process_that_really_has_none_left_ends_and_says_so() -> None:
    """It hung: the loop's end starts a thread, and CPython waits without end for one that could not begin."""
    done = subprocess.run(
        [sys.executable, "-c", _NO_THREAD], capture_output=True, timeout=60, env={**os.environ}, check=False
    )
    assert done.returncode == EXIT_CODE, done.stderr
    assert done.stderr == LINE


def _broad() -> Iterator[tuple[str, ast.ExceptHandler]]:
    for top in ("arb", "adapters", "fastpath"):
        for path in sorted((ROOT / top).rglob("*.py")):
            where = path.relative_to(ROOT)
            if where.parts[:2] in {("arb", "bench"), ("arb", "sim")}:  # neither trades
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ExceptHandler) and _catches_all(node):
                    yield f"{where}:{node.lineno}", node


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds
    )


def test_nothing_is_suppressed_without_asking() -> None:
    """`suppress` asks nobody: what it lets go by has a name."""
    silent = {"Exception", "BaseException", "MemoryError"}
    found = [
        path.name
        for top in ("arb", "adapters", "fastpath")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "suppress"
        if silent & {arg.id for arg in node.args if isinstance(arg, ast.Name)}
    ]
    assert not found


def _calls(handler: ast.ExceptHandler) -> set[str]:
    called = (node.func for node in ast.walk(handler) if isinstance(node, ast.Call))
    return {func.id if isinstance(func, ast.Name) else getattr(func, "attr", "") for func in called}


def test_no_broad_handler_goes_on_without_asking() -> None:
    found = dict(_broad())
    assert len(found) > 20
    unasked = [
        where
        for where, handler in found.items()
        if not any(isinstance(node, ast.Raise) for node in handler.body) and not _calls(handler) & DOORWAYS
    ]
    assert sorted(where.partition(":")[0] for where in unasked) == ALLOWED
