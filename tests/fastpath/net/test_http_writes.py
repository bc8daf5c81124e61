"""A request is on its way when `send` returns: it does not wait for the loop turn to end, with or without TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from arb.clock import SystemClock
from fastpath.net.http_line import HttpLine
from fastpath.net.http_pool import HttpPool
from fastpath.net.http_wire import Response, origin_of
from tests.fastpath.net.certificates import Secrets, make_secrets

uvloop = pytest.importorskip("uvloop")

REQUEST = b"POST /order HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LOOPS = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop.new_event_loop, id="uvloop"),
]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return make_secrets(tmp_path_factory.mktemp("tls"))


class Venue:
    """Serves one connection from a thread of its own, which the client's loop cannot hold up."""

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.heard = threading.Event()
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._tls = tls

    def serve(self) -> None:
        connection, _ = self._listener.accept()
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            got = b""
            while not got.endswith(b"\r\n\r\n"):
                got += connection.recv(4096)
            self.heard.set()
            connection.sendall(ANSWER)
            connection.recv(1)  # until the client has gone
        except OSError:
            pass  # the client may hang up as it likes: `heard` tells what matters
        finally:
            connection.close()


@contextmanager
def serving(tls: ssl.SSLContext | None) -> Iterator[Venue]:
    with socket.create_server(("localhost", 0)) as listener:
        venue = Venue(listener, tls)
        thread = threading.Thread(target=venue.serve)
        thread.start()
        yield venue
        thread.join()


async def exchange(venue: Venue, tls: ssl.SSLContext | None) -> tuple[bool, bytes]:
    """Whether the request was heard before this loop turn ended, and the body of its answer."""
    dialled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def on_free() -> None:
        if not dialled.done():
            dialled.set_result(None)

    def heard(response: Response | None, reason: str) -> None:
        answered.set_result(response.body if response is not None else reason.encode())

    pool = HttpPool(
        origin_of(f"{'http' if tls is None else 'https'}://localhost:{venue.port}"), clock=SystemClock(), tls=tls,
        on_free=on_free, on_failed=lambda reason: dialled.set_exception(OSError(reason)),
    )  # fmt: skip
    try:
        assert pool.dial()
        await dialled
        line = pool.take()
        assert isinstance(line, HttpLine)
        line.send(REQUEST, heard, 5.0)
        at_once = venue.heard.wait(2.0)  # blocks the loop: nothing of its turn's end can help
        return at_once, await answered
    finally:
        await pool.close()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("make_loop", LOOPS)
def test_a_request_leaves_within_send(
    make_loop: Callable[[], asyncio.AbstractEventLoop], secure: bool, secrets: Secrets
) -> None:
    server, client = (secrets.server, secrets.client) if secure else (None, None)
    with serving(server) as venue, asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(exchange(venue, client)) == (True, b"ok")


@pytest.mark.parametrize("make_loop", LOOPS)
def test_a_certificate_that_nobody_vouches_for_is_a_failed_dial(
    make_loop: Callable[[], asyncio.AbstractEventLoop], secrets: Secrets
) -> None:
    with serving(secrets.server) as venue, asyncio.Runner(loop_factory=make_loop) as runner:
        with pytest.raises(OSError, match="certificate verify failed"):
            runner.run(exchange(venue, ssl.create_default_context()))
        assert not venue.heard.is_set()
