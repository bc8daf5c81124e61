"""fastpath.net.driver against a peer that writes raw frames: what arrives together, in parts, broken, or not at all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from arb.domain import BookDelta, Connected, ConnId, Disconnected, Event, Pong, Symbol
from arb.errors import AuthFailed, ConfigError, ProtocolError, Rejected, Transient
from fastpath.net import driver as module
from fastpath.net.driver import Driver, PureDriver
from tests.cores import NAMES
from tests.fastpath.net.certificates import Secrets, make_secrets
from tests.fastpath.net.venue import Errors, Heard, wiring

A = Symbol("A/USDT")
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


@pytest.fixture(params=NAMES, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here speaks to each form of the driver."""
    if request.param == "pure":
        monkeypatch.setitem(globals(), "Driver", PureDriver)


def frame(payload: bytes | dict[str, Any], opcode: int = TEXT, fin: bool = True, rsv1: bool = False) -> bytes:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    first = (0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode
    if len(data) < 126:
        return struct.pack("!BB", first, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(data)) + data
    return struct.pack("!BBQ", first, 127, len(data)) + data


def delta(seq: int) -> dict[str, Any]:
    return {"delta": A, "seq": seq}


class Peer:
    """The other end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def write(self, *frames: bytes) -> None:
        """In one piece, so that they arrive in one read."""
        self._writer.write(b"".join(frames))

    async def read(self) -> tuple[int, bytes]:
        """One frame of the client's (masked, short): opcode and payload."""
        first, second = await self._reader.readexactly(2)
        mask = await self._reader.readexactly(4)
        data = await self._reader.readexactly(second & 0x7F)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    async def rest(self) -> int:
        """How many bytes still come before the client hangs up."""
        size = 0
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(1 << 20):
                size += len(data)
        return size

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


class Server:
    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.port = 0
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.called = asyncio.Event()
        self.left = asyncio.Event()

    async def on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.called.set()
        if self.answer == "":  # neither answers nor hangs up
            await reader.read()
            self.left.set()
            return
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        writer.write(self.answer.format(accept=accept.decode()).encode())
        if "101" not in self.answer:
            writer.close()
        await self.peers.put(Peer(reader, writer))


UPGRADE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {accept}\r\n\r\n"
)


@contextlib.asynccontextmanager
async def serving(answer: str = UPGRADE, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    fake = Server(answer)
    server = await asyncio.start_server(fake.on_client, "127.0.0.1", 0, ssl=tls)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for writer in fake.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()


class Line:
    """A driver and its peer."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.heard = Heard()
        self.errors = Errors()
        url = f"ws://127.0.0.1:{port}/ws" if tls is None else f"wss://localhost:{port}/ws"
        self.wiring = replace(wiring(url, tap=self.heard, on_error=self.errors), tls=tls)
        self.ended = asyncio.Event()
        self.driver = Driver(self.wiring, ConnId(7), (A,), self.heard, self.ended.set)
        self.peer: Peer

    def events(self) -> list[Event]:
        return [e for e in self.heard.all if isinstance(e, BookDelta | Pong)]

    async def loss(self) -> Disconnected:
        async with asyncio.timeout(5):
            await self.ended.wait()
        (lost,) = self.heard.of(Disconnected)
        return lost


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return make_secrets(tmp_path_factory.mktemp("tls"))


@contextlib.asynccontextmanager
async def connected(secrets: Secrets | None = None) -> AsyncIterator[Line]:
    async with serving(tls=secrets and secrets.server) as server:
        made = Line(server.port, secrets and secrets.client)
        await made.driver.open()
        made.peer = await server.peers.get()
        try:
            yield made
        finally:
            await made.driver.close("over")


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with connected() as made:
        yield made


# ------------------------------------------------------------------------------------------------ frames in


async def test_every_event_of_a_read_then_idle_once(line: Line) -> None:
    line.peer.write(frame(delta(1)), frame(delta(2), BINARY), frame(delta(3)))
    await line.heard.until(lambda: len(line.events()) == 3)
    await line.heard.until(lambda: line.heard.all[-1] == "idle")
    tail = line.heard.all[2:]
    assert [(x[0] if isinstance(x, tuple) else type(x).__name__) for x in tail] == [
        "frame", "BookDelta", "frame", "BookDelta", "frame", "BookDelta", "idle", "str",
    ]  # fmt: skip
    assert tail[-2:] == [("idle", 7), "idle"]
    assert [e.seq if hasattr(e, "seq") else e.last for e in line.events()] == [1, 2, 3]
    assert {e.conn for e in line.events()} == {7}
    assert line.wiring.counters["frames"] == 3
    assert line.wiring.counters["bytes"] == sum(map(len, line.heard.frames))


async def test_a_ping_at_the_end_of_a_read_is_answered_and_hides_no_idle(line: Line) -> None:
    line.peer.write(frame(delta(1)), frame(b"are you there", PING))
    assert await line.peer.read() == (PONG, b"are you there")
    assert line.heard.all[-2:] == [("idle", 7), "idle"]


async def test_idle_waits_for_the_last_whole_frame_of_a_read(line: Line) -> None:
    whole = frame(delta(2))
    line.peer.write(frame(delta(1)), whole[:5])
    await line.heard.until(lambda: line.heard.all[-1] == "idle")
    assert len(line.events()) == 1
    line.peer.write(whole[5:])
    await line.heard.until(lambda: len(line.events()) == 2)


async def test_fragments_are_joined_around_control_frames(line: Line) -> None:
    data = json.dumps(delta(5)).encode()
    line.peer.write(frame(data[:4], TEXT, fin=False), frame(data[4:9], CONTINUATION, fin=False))
    line.peer.write(frame(b"", PING), frame(data[9:], CONTINUATION))
    await line.heard.until(lambda: len(line.events()) == 1)
    assert line.heard.frames == [data]
    assert line.wiring.counters["frames"] == 1


async def test_a_long_message_arrives_whole(line: Line) -> None:
    line.peer.write(frame(delta(1) | {"pong": "x" * 300_000}))
    await line.heard.until(lambda: len(line.events()) == 2)


async def test_a_reply_is_sent_back_and_goes_no_further(line: Line) -> None:
    line.peer.write(frame({"say": "me too"}), frame(delta(1)))
    assert await line.peer.read() == (TEXT, b"me too")
    await line.heard.until(lambda: len(line.events()) == 1)
    assert ("sent", 7, b"me too") in line.heard.all
    assert {type(e) for e in line.heard.of(*Event.__args__)} == {Connected, BookDelta}  # type: ignore[attr-defined]


async def test_what_is_sent_is_text_and_on_the_tape(line: Line) -> None:
    line.driver.send(b'{"on": ["A"]}')
    assert await line.peer.read() == (TEXT, b'{"on": ["A"]}')
    assert line.heard.all[-1] == ("sent", 7, b'{"on": ["A"]}')


# ------------------------------------------------------------------------------------------------ what cannot be read


async def test_an_unreadable_message_is_told_and_the_connection_goes_on(line: Line) -> None:
    line.peer.write(frame(b"garbage"), frame(delta(2)))
    await line.heard.until(lambda: line.heard.all[-1] == "idle")
    assert len(line.events()) == 1
    assert [type(e) for e in line.errors] == [ProtocolError]
    assert line.wiring.counters["decode_errors"] == 1


async def test_unreadable_messages_are_all_counted_and_told_once_a_second(line: Line) -> None:
    for _ in range(15):
        line.peer.write(frame(b"garbage"), frame(b"garbage"), frame(delta(1)))  # never many in a row
    await line.heard.until(lambda: len(line.events()) == 15)
    assert line.wiring.counters["decode_errors"] == 30
    assert len(line.errors) == 1
    assert line.driver.lost is None


async def test_too_many_unreadable_in_a_row_end_the_connection(line: Line) -> None:
    line.peer.write(*[frame(b"garbage")] * module.MAX_UNREADABLE, frame(delta(1)))
    lost = await line.loss()
    assert "20 unreadable messages in a row" in lost.reason
    assert isinstance(line.driver.lost, ProtocolError)
    assert line.events() == []  # nothing follows a Disconnected


async def test_a_venue_that_refuses_something_is_heard_and_stays_connected(line: Line) -> None:
    line.peer.write(frame({"refuse": "no such channel"}), frame(delta(1)))
    await line.heard.until(lambda: len(line.events()) == 1)
    assert [type(e) for e in line.errors] == [Rejected]
    assert line.wiring.counters["venue_errors"] == 1


async def test_a_refused_key_ends_the_connection_with_that_error(line: Line) -> None:
    line.peer.write(frame({"auth": "who are you"}))
    await line.loss()
    assert isinstance(line.driver.lost, AuthFailed)


async def test_a_bug_behind_the_sink_ends_the_connection_with_that_bug(line: Line) -> None:
    def stumble(event: Event) -> None:
        if isinstance(event, BookDelta):
            raise ZeroDivisionError("a bug")

    line.heard.on = stumble
    line.peer.write(frame(delta(1)), frame(delta(2)))
    assert "ZeroDivisionError" in (await line.loss()).reason
    assert isinstance(line.driver.lost, ZeroDivisionError)
    assert len(line.events()) == 1


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param([frame(b"x", CONTINUATION)], "out of its order", id="a continuation of nothing"),
        pytest.param(
            [frame(b"{", TEXT, fin=False), frame(delta(1))], "out of its order", id="a message inside another"
        ),
        pytest.param([frame(delta(1), rsv1=True)], "compressed", id="compression nobody agreed on"),
        pytest.param([frame(b"x", 3)], "opcode", id="an unknown opcode"),
        pytest.param([struct.pack("!BBQ", 0x82, 127, 1 << 40)], "exceeding", id="a frame beyond all bounds"),
        pytest.param([frame(b"", CLOSE)], "closed by the venue: 0", id="a close without a word"),
        pytest.param([frame(struct.pack("!H", 4001) + b"bye", CLOSE)], "closed by the venue: 4001 bye", id="a close"),
    ],
)
async def test_broken_streams_end_the_connection(line: Line, frames: list[bytes], reason: str) -> None:
    line.peer.write(*frames)
    assert reason in (await line.loss()).reason
    assert line.events() == []


async def test_fragments_beyond_the_bound_end_the_connection(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGE", 1000)
    line.peer.write(frame(b"x" * 600, TEXT, fin=False), frame(b"x" * 600, CONTINUATION, fin=False))
    assert "more than 1000 bytes" in (await line.loss()).reason


# ------------------------------------------------------------------------------------------------ begin and end


async def test_connected_comes_first_and_disconnected_last_and_at_once(line: Line) -> None:
    line.peer.write(frame(delta(1)))
    await line.heard.until(lambda: len(line.events()) == 1)
    line.peer.abort()
    lost = await line.loss()
    assert (lost.conn, lost.symbols) == (7, (A,))
    assert line.heard.all[0] == ("opened", 7)
    assert isinstance(line.heard.all[1], Connected)
    assert line.heard.all[-3:] == [("closed", 7, (A,), lost.reason), lost, "idle"]


async def test_our_own_end_says_goodbye_and_is_told_once(line: Line) -> None:
    await line.driver.close("rotated")
    await line.driver.close("again")
    assert (await line.loss()).reason == "rotated"
    assert (await line.peer.read())[0] == CLOSE
    assert await line.peer.rest() == 0


async def test_a_peer_that_no_longer_reads_is_cut_off(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.05)
    line.driver.send(b"x" * 20_000_000)  # more than all buffers on the way hold: a farewell cannot get through
    async with asyncio.timeout(1):
        await line.driver.close("enough")
    assert await line.peer.rest() < 20_000_000


async def test_nothing_is_sent_or_heard_after_the_end(line: Line) -> None:
    line.driver.lose(Transient("fake", "dead"))
    before = list(line.heard.all)
    line.driver.send(b"too late")
    line.driver.lose(Transient("fake", "dead twice"))
    line.peer.write(frame(delta(1)))
    await line.driver.close("over")
    assert line.heard.all == before


# ------------------------------------------------------------------------------------------------ connecting


@pytest.mark.parametrize(
    ("answer", "text", "retry_after_s"),
    [
        pytest.param("HTTP/1.1 503 Busy\r\n\r\n", "503", 0.0, id="a server that is busy"),
        pytest.param("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\n", "429", 7.0, id="a server that names a time"),
        pytest.param("HTTP/1.1 200 OK\r\n\r\n", "200", 0.0, id="a web page"),
        pytest.param(UPGRADE.replace("{accept}", "wrong"), "accept", 0.0, id="a wrong handshake"),
        pytest.param("nonsense\r\n\r\n", "cannot connect", 0.0, id="no HTTP at all"),
        pytest.param("HTTP/1.1 101 Switching Protocols\r\nUpg", "handshake", 0.0, id="closed in mid-handshake"),
    ],
)
async def test_a_failed_connect_is_transient(answer: str, text: str, retry_after_s: float) -> None:
    async with serving(answer) as server:
        line = Line(server.port)
        opening = asyncio.create_task(line.driver.open())
        if text == "handshake":
            (await server.peers.get()).close()
        with pytest.raises(Transient, match=text) as caught:
            await opening
    assert caught.value.retry_after_s == retry_after_s
    assert line.heard.all == []
    assert line.wiring.counters["connects"] == 0


async def test_a_closed_port_is_transient() -> None:
    async with serving() as server:
        port = server.port
    with pytest.raises(Transient, match="cannot connect"):
        await Line(port).driver.open()


async def test_an_address_that_is_none_is_a_configuration_error() -> None:
    line = Line(1)
    bad = Driver(wiring("http://127.0.0.1/ws"), ConnId(1), (A,), line.heard, lambda: None)
    with pytest.raises(ConfigError):
        await bad.open()


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 0.05)
    async with serving("") as server:
        with pytest.raises(Transient, match="timed out"):
            await Line(server.port).driver.open()


async def test_a_handshake_cancelled_in_the_middle_leaves_no_socket() -> None:
    async with serving("") as server:
        line = Line(server.port)
        opening = asyncio.create_task(line.driver.open())
        await server.called.wait()
        opening.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await opening
            await server.left.wait()
    assert line.heard.all == []


# ------------------------------------------------------------------------------------------------ the loop in use


@pytest.mark.parametrize(
    "check",
    [
        test_every_event_of_a_read_then_idle_once,
        test_a_ping_at_the_end_of_a_read_is_answered_and_hides_no_idle,
        test_our_own_end_says_goodbye_and_is_told_once,
        test_connected_comes_first_and_disconnected_last_and_at_once,
    ],
)
def test_the_same_on_uvloop(check: Callable[[Line], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connected() as line:
            await check(line)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    "check",
    [
        test_every_event_of_a_read_then_idle_once,
        test_a_long_message_arrives_whole,
        test_our_own_end_says_goodbye_and_is_told_once,
        test_connected_comes_first_and_disconnected_last_and_at_once,
    ],
)
def test_the_same_over_tls(
    check: Callable[[Line], Awaitable[None]], loop: Callable[[], asyncio.AbstractEventLoop], secrets: Secrets
) -> None:
    async def run() -> None:
        async with connected(secrets) as line:
            await check(line)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


async def test_a_certificate_nobody_vouches_for_is_not_taken(secrets: Secrets) -> None:
    async with serving(tls=secrets.server) as server:
        with pytest.raises(Transient, match="certificate"):
            await Line(server.port, ssl.create_default_context()).driver.open()


async def test_a_tls_handshake_cancelled_in_the_middle_leaves_no_socket(secrets: Secrets) -> None:
    async with serving("") as server:  # which speaks no TLS, nor anything else
        opening = asyncio.create_task(Line(server.port, secrets.client).driver.open())
        await server.called.wait()
        opening.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await opening
            await server.left.wait()


def test_a_cancelled_handshake_leaves_no_socket_on_uvloop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_a_handshake_cancelled_in_the_middle_leaves_no_socket())
