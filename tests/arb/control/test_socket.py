"""Both ends of the control socket: who may ask, what is answered, and that nobody holds up the engine."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from arb.control import BALANCES, CANCEL_ALL, FLATTEN, HALT, RESUME, STATUS, ControlServer, ask, server, verbs_of
from arb.control.verbs import MOST_WHY
from arb.errors import ConfigError, ControlError, NotRunning
from tests.arb.control.fakes import FakeEngine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "paper.sock"


@asynccontextmanager
async def serving(path: Path, engine: FakeEngine | None = None) -> AsyncIterator[FakeEngine]:
    engine = engine or FakeEngine()
    control = ControlServer(path, verbs_of(engine))
    await control.start()
    try:
        yield engine
    finally:
        control.close()


async def raw(path: Path, data: bytes, *, eof: bool = False) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(data)
    if eof:
        writer.write_eof()
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_every_verb_reaches_the_engine_and_comes_back_typed(path: Path) -> None:
    async with serving(path) as engine:
        assert await ask(path, STATUS) == engine.status()
        assert await ask(path, HALT, why="  news \n at five ") == engine.halt("news at five")
        assert await ask(path, RESUME) == engine.resume("")
        assert await ask(path, CANCEL_ALL) == engine.cancel_all()
        assert await ask(path, FLATTEN) == engine.flatten()
        balances = await ask(path, BALANCES)
    assert balances == engine.balances()
    assert balances.rows[0].free == Decimal("1E+3")
    assert engine.asked[:3] == [("status",), ("status",), ("halt", "news at five")]


async def test_a_reason_is_kept_short(path: Path) -> None:
    async with serving(path) as engine:
        await ask(path, HALT, why="x" * 5_000)
    assert engine.asked == [("halt", "x" * MOST_WHY)]


async def test_a_verb_is_done_in_the_callback_that_reads_it(path: Path) -> None:
    """Halt must not wait for a task's turn: what was ready to run before the bytes came runs before, nothing else."""
    order: list[str] = []
    loop = asyncio.get_running_loop()

    class Noting(FakeEngine):
        def halt(self, why: str) -> object:  # type: ignore[override]
            order.append("halt")
            return super().halt(why)

    async with serving(path, Noting()) as engine:
        transport = FakeTransport()
        client = server._Client({}, verbs_of(engine))
        client._transport = transport  # type: ignore[assignment]
        loop.call_soon(order.append, "later")
        client.data_received(b'{"verb":"halt"}\n')
        assert order == ["halt"]
    assert json.loads(transport.written)["ok"] is True


class FakeTransport:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_the_socket_and_its_folder_are_the_owners_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    async with serving(path):
        assert [mode_of(path), mode_of(path.parent)] == [0o600, 0o700]
    assert [file.name for file in path.parent.iterdir()] == ["paper.lock"]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("loop_of", [asyncio.new_event_loop, pytest.param("uvloop", id="uvloop")])
def test_another_user_is_turned_away(path: Path, loop_of: object, monkeypatch: pytest.MonkeyPatch) -> None:
    if loop_of == "uvloop":
        loop_of = pytest.importorskip("uvloop").new_event_loop

    async def main() -> tuple[bytes, bytes]:
        async with serving(path):
            ours = await raw(path, b'{"verb":"status"}\n')
            monkeypatch.setattr(server.os, "geteuid", lambda: 4711)
            return ours, await raw(path, b'{"verb":"status"}\n')

    with asyncio.Runner(loop_factory=loop_of) as runner:  # type: ignore[arg-type]
        ours, theirs = runner.run(main())
    assert b'"ok":true' in ours
    assert theirs == b""


async def test_a_socket_of_another_user_is_not_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(path) as engine:
        monkeypatch.setattr("arb.control.client.os.geteuid", lambda: 4711)
        with pytest.raises(ControlError, match="belongs to another user"):
            await ask(path, STATUS)
    assert engine.asked == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"hello\n", "not a question", id="no JSON"),
        pytest.param(b"\xff\xfe\n", "not a question", id="no text"),
        pytest.param(b"[1]\n", "not a question", id="no object"),
        pytest.param(b"[" * 60_000 + b"\n", "not a question", id="nested without end"),
        pytest.param(b'{"verb":"sell everything"}\n', "unknown verb; known here: balances, cancel-all", id="no verb"),
        pytest.param(b'{"verb":"halt","args":{"why":7}}\n', "why should be a text", id="a reason that is none"),
        pytest.param(b"x" * (server.MOST_REQUEST + 1), "64 KiB at most", id="too long, and no end in sight"),
    ],
)
async def test_what_is_no_question_is_refused_in_words(path: Path, data: bytes, says: str) -> None:
    async with serving(path) as engine:
        reply = json.loads(await raw(path, data))
    assert reply["ok"] is False
    assert says in reply["error"]
    assert engine.asked == []


async def test_one_connection_asks_one_question(path: Path) -> None:
    async with serving(path) as engine:
        lines = (await raw(path, b'{"verb":"status"}\n' * 50)).splitlines()
    assert len(lines) == 1
    assert engine.asked == [("status",)]


async def test_a_question_that_is_cut_off_asks_nothing(path: Path) -> None:
    async with serving(path) as engine:
        assert await raw(path, b'{"verb":"halt"}', eof=True) == b""
    assert engine.asked == []


async def test_what_fails_in_the_engine_is_told_and_the_next_question_answered(path: Path) -> None:
    engine = FakeEngine()
    async with serving(path, engine):
        engine.fails = ControlError("there is nothing to flatten")
        with pytest.raises(ControlError, match=r"^there is nothing to flatten$"):
            await ask(path, FLATTEN)
        engine.fails = ZeroDivisionError("t0ps3cr3t")
        with pytest.raises(ControlError, match=r"flatten failed inside the engine \(ZeroDivisionError\)"):
            await ask(path, FLATTEN)
        engine.fails = None
        assert (await ask(path, STATUS)).mode == "paper"


async def test_the_silent_are_thrown_out_for_the_one_who_speaks(path: Path) -> None:
    async with serving(path):
        silent = [await asyncio.open_unix_connection(str(path)) for _ in range(server.MOST_CLIENTS + 3)]
        assert (await ask(path, STATUS, timeout_s=2.0)).mode == "paper"
        first, _ = silent[0]
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(first.readexactly(1), 2.0)
        for _, writer in silent:
            writer.close()


async def test_the_silent_are_given_up_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_S", 0.01)
    async with serving(path):
        assert await asyncio.wait_for(raw(path, b'{"verb":'), 2.0) == b""


async def test_nobody_there_is_an_error_of_its_own(path: Path) -> None:
    with pytest.raises(NotRunning):
        await ask(path, STATUS)


async def test_an_engine_that_does_not_answer_leaves_it_open_whether_it_did(path: Path) -> None:
    path.parent.mkdir()
    asked: list[asyncio.StreamWriter] = []
    deaf = await asyncio.start_unix_server(lambda _reader, writer: asked.append(writer), str(path))
    with pytest.raises(ControlError, match=r"did not answer within 0.05 s; 'arb status' tells"):
        await ask(path, HALT, timeout_s=0.05)
    deaf.close()
    for writer in asked:
        writer.close()
        await writer.wait_closed()


async def test_a_dead_engines_socket_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning):
        await ask(path, STATUS)
    async with serving(path):
        assert (await ask(path, STATUS)).mode == "paper"


async def test_a_living_engine_is_named_and_left_alone(path: Path) -> None:
    async with serving(path):
        second = ControlServer(path, {})
        with pytest.raises(ConfigError, match=rf"another engine runs .* \(process {os.getpid()}, at .*paper.sock\)"):
            await second.start()
        second.close()
        assert (await ask(path, STATUS)).mode == "paper"
    async with serving(path):  # and when it has gone the place is free
        assert (await ask(path, STATUS)).mode == "paper"


def file_in_the_way(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")


def link_as_folder(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    elsewhere.mkdir()
    path.parent.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        pytest.param(file_in_the_way, "is in the way and no socket", id="a file of that name"),
        pytest.param(link_as_folder, "not a folder of this user", id="a folder that is a link"),
    ],
)
async def test_an_unsafe_place_is_refused(path: Path, prepare: Callable[[Path], None], says: str) -> None:
    prepare(path)
    control = ControlServer(path, {})
    with pytest.raises(ConfigError, match=says):
        await control.start()
    control.close()


async def test_a_path_that_is_too_long_names_the_cure(tmp_path: Path) -> None:
    control = ControlServer(tmp_path / ("x" * 120) / "paper.sock", {})
    with pytest.raises(ConfigError, match="set XDG_RUNTIME_DIR to a shorter folder"):
        await control.start()
