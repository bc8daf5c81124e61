"""The control socket against whoever may reach it: what he sends, what he has put in its place, who he is."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from arb.control import FLATTEN, HALT, STATUS, ControlServer, ask, client, server, verbs_of
from arb.errors import ArbError, ConfigError, ControlError, NotRunning
from tests.arb.control.fakes import FakeEngine
from tests.hostile.fuzzing import fuzz, on_a_leash, outcome
from tests.hostile.mutation import Step, altered_json, damaged, spoiled, steps

QUESTIONS = tuple(
    msgspec.json.encode({"verb": verb, "args": args})
    for verb, args in (("status", {}), ("halt", {"why": "news"}), ("cancel-all", {}), ("flatten", {}), ("balances", {}))
)
REPLIES = tuple(
    msgspec.json.encode({"ok": True, "result": reply})
    for reply in (FakeEngine().status(), FakeEngine().halt("x"), FakeEngine().flatten(), FakeEngine().balances())
)


class Transport:
    """Keeps what was written. What a client of the server's needs of a transport."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def asked(engine: FakeEngine, pieces: list[bytes]) -> bytes:
    """What one connection is told that sends these pieces."""
    transport = Transport()
    connection = server._Client({}, verbs_of(engine))
    connection._transport = transport  # type: ignore[assignment]
    for piece in pieces:
        if not transport.closed:
            connection.data_received(piece)
    assert len(connection._read) <= server.MOST_REQUEST + max(map(len, pieces), default=0) + 1
    return bytes(transport.written)


@fuzz(60, which=st.integers(0, 4), doing=steps, cut=st.integers(0, 80), ends=st.booleans())
def test_a_spoiled_question_is_answered_once_and_asks_nothing_else(
    which: int, doing: list[Step], cut: int, ends: bool
) -> None:
    engine = FakeEngine()
    data = (altered_json if doing[0][2] % 2 else damaged)(QUESTIONS[which], doing) + (b"\n" if ends else b"")
    told = asked(engine, [data[:cut], data[cut:]])
    assert told.count(b"\n") == (1 if told else 0)
    assert len(engine.asked) <= 1
    if told:
        reply = msgspec.json.decode(told)
        assert reply["ok"] is bool(engine.asked)
        assert len(reply.get("error", "")) < 1_000
    else:
        assert not engine.asked


@fuzz(40, which=st.integers(0, 3), verb=st.sampled_from([STATUS, HALT, FLATTEN]), doing=steps)
def test_a_spoiled_reply_is_one_error_of_ours_or_typed(
    monkeypatch: pytest.MonkeyPatch, which: int, verb: Any, doing: list[Step]
) -> None:
    async def exchange(_path: Path, _question: bytes) -> bytes:
        return spoiled(REPLIES[which], doing)

    monkeypatch.setattr(client, "_exchange", exchange)
    reply, error = outcome(ArbError, lambda: asyncio.run(ask(Path("x"), verb)))
    assert error is None or (isinstance(error, ControlError) and "\n" not in str(error) and len(str(error)) < 2_000)
    assert error is not None or isinstance(reply, verb.reply)


# ------------------------------------------------------------------------------------------------- over real sockets


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "live.sock"


@asynccontextmanager
async def impostor(path: Path, says: bytes) -> AsyncIterator[None]:
    """Listens at `path` and says the same to everybody, for as long as he is listened to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(says)
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    await asyncio.to_thread(thread.join, 5.0)
    assert not thread.is_alive()


async def test_a_reply_without_end_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_REPLY", 1 << 20)
    async with impostor(path, b"x" * 65_536):
        with on_a_leash(cpu_s=3.0, more_bytes=128 << 20), pytest.raises(ControlError, match="'arb status' tells"):
            await ask(path, HALT)


async def test_a_question_without_end_is_given_up(path: Path) -> None:
    engine = FakeEngine()
    control = ControlServer(path, verbs_of(engine))
    await control.start()
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
        with on_a_leash(cpu_s=3.0, more_bytes=64 << 20):
            for _ in range(200):  # 12 MiB, if somebody took them
                writer.write(b"x" * 65_536)
                try:
                    await asyncio.wait_for(writer.drain(), 2.0)
                except ConnectionError:
                    break
            else:
                pytest.fail("all of it was taken")
        writer.close()
        assert engine.asked == []
        assert (await ask(path, STATUS)).mode == "paper"
    finally:
        control.close()


async def test_whoever_listens_must_be_us_when_we_speak_to_him(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file was ours when it was looked at; who answers behind it is asked of the system."""
    engine = FakeEngine()
    control = ControlServer(path, verbs_of(engine))
    await control.start()
    monkeypatch.setattr(client, "peer_uid", lambda _transport: os.geteuid() + 1)
    with pytest.raises(ControlError, match="is another user"):
        await ask(path, HALT)
    control.close()
    assert engine.asked == []


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.symlink_to(target)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(lambda path, target: link(path, target), id="the socket is a link to a file of ours"),
        pytest.param(lambda path, target: link(path.with_suffix(".lock"), target), id="the lock is a link"),
        pytest.param(lambda path, target: path.mkdir(parents=True), id="the socket is a folder"),
    ],
)
async def test_what_somebody_has_put_there_is_neither_followed_nor_touched(
    path: Path, tmp_path: Path, place: Any
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    before = mode_of(precious)
    place(path, precious)
    control = ControlServer(path, {})
    with pytest.raises(ConfigError):
        await control.start()
    control.close()
    assert precious.read_text() == "keep me"
    assert mode_of(precious) == before


async def test_a_link_in_the_sockets_place_is_not_asked_through(path: Path, tmp_path: Path) -> None:
    link(path, tmp_path / "nowhere.sock")
    with pytest.raises(NotRunning):
        await ask(path, STATUS)


async def test_no_moment_at_which_others_could_connect(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between bind and chmod the umask alone decides of the file's mode: the folder is closed before."""
    seen: list[int] = []
    chmod = Path.chmod

    def noting(self: Path, mode: int, **more: Any) -> None:
        seen.append(mode_of(self.parent))
        chmod(self, mode, **more)

    monkeypatch.setattr(Path, "chmod", noting)
    before = os.umask(0)
    control = ControlServer(path, {})
    try:
        await control.start()
        assert mode_of(path) == 0o600
    finally:
        os.umask(before)
        control.close()
    assert seen[-1] == 0o700
