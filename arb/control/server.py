"""The engine's end of the control socket.

A verb runs in the very callback that reads its line, so `halt` takes effect within one turn of the loop. One connection
asks one question: whoever is slow, silent or garbled loses only his own connection, and holds up nobody.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from loguru import logger

from arb.bounded import UNREADABLE, shown
from arb.control.peer import peer_uid
from arb.control.verbs import Args, Handler
from arb.errors import ArbError, ConfigError
from arb.exhausted import survive

MOST_REQUEST = 64 << 10  # bytes of one question
MOST_CLIENTS = 16
PATIENCE_S = 10.0  # for the question to arrive whole and for the answer to be taken


class Question(msgspec.Struct):
    verb: str
    args: dict[str, Any] = {}


class Refusal(msgspec.Struct):
    ok: bool
    error: str


class Result(msgspec.Struct):
    ok: bool
    result: Any


_question = msgspec.json.Decoder(Question)
_encode = msgspec.json.Encoder().encode


class ControlServer:
    """Listens at `path` for its owner alone: a socket of mode 0600 in a folder of mode 0700.

    verbs: by name; each is done when it returns (see `verbs_of`).
    """

    def __init__(self, path: Path, verbs: Mapping[str, Handler]) -> None:
        self.path = path
        self._verbs = verbs
        self._server: asyncio.AbstractServer | None = None
        self._lock: int | None = None
        self._clients: dict[_Client, None] = {}  # the oldest first

    async def start(self) -> None:
        """Raises ConfigError where an engine listens there already, or nobody may listen there safely."""
        if not hasattr(os, "geteuid"):
            raise ConfigError("the control socket needs a system with Unix sockets")
        try:
            _own_folder(self.path.parent)
            self._lock = _locked(self.path)
            _clear(self.path)
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Client(self._clients, self._verbs), str(self.path))
            self.path.chmod(0o600)
        except ConfigError:
            self.close()
            raise
        except OSError as exc:
            self.close()
            hint = "; set XDG_RUNTIME_DIR to a shorter folder" if len(os.fsencode(self.path)) > 100 else ""
            raise ConfigError(f"{self.path}: cannot listen there: {exc.strerror or exc}{hint}") from exc

    def close(self) -> None:
        """Stop listening and end what is open; safe to call twice."""
        for client in tuple(self._clients):
            client.end()
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)  # the lock goes with it
            self._lock = None


class _Client(asyncio.Protocol):
    """One question and its answer."""

    def __init__(self, clients: dict[_Client, None], verbs: Mapping[str, Handler]) -> None:
        self._clients = clients
        self._verbs = verbs
        self._read = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        if (peer := peer_uid(transport)) not in (None, os.geteuid()):
            logger.error("control socket: user {} was turned away", peer)
            transport.abort()
            return
        self._transport = transport
        while len(self._clients) >= MOST_CLIENTS:  # the newest may be the one who says halt
            next(iter(self._clients)).end()
        self._clients[self] = None
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:  # turned away: nothing of it is read
            return
        self._read += data
        line, ended, _rest = self._read.partition(b"\n")
        if len(line) > MOST_REQUEST:
            self._answer(Refusal(False, f"a question has {MOST_REQUEST >> 10} KiB at most"))
        elif ended:
            self._answer(_reply(bytes(line), self._verbs))

    def eof_received(self) -> bool:
        """A question without an end asks nothing."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  gone is gone
        self._clients.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    def end(self) -> None:
        self._clients.pop(self, None)
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, reply: Refusal | Result) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_encode(reply) + b"\n")
            self._transport.close()  # when it is taken, or by the timer


def _reply(line: bytes, verbs: Mapping[str, Handler]) -> Refusal | Result:
    try:
        question = _question.decode(line)
    except UNREADABLE as exc:
        return Refusal(False, f"not a question: {shown(exc)}")
    handler = verbs.get(question.verb)
    if handler is None:
        return Refusal(False, f"unknown verb; known here: {', '.join(sorted(verbs))}")
    return _done(question.verb, handler, question.args)


def _done(verb: str, handler: Handler, args: Args) -> Refusal | Result:
    try:
        result = handler(args)
        return Result(True, msgspec.Raw(_encode(result)))
    except ArbError as exc:
        return Refusal(False, str(exc))
    except Exception as exc:  # noqa: BLE001  what a person asks must not end the engine; he is told, and so is the log
        survive(exc)
        logger.opt(exception=exc).error("control socket: {} failed", verb)
        return Refusal(False, f"{verb} failed inside the engine ({type(exc).__name__}); its log has the rest")


def _own_folder(folder: Path) -> None:
    """Ours alone, made if need be. Raises ConfigError, OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise ConfigError(f"{folder} is not a folder of this user: nobody can be kept out of it; remove it")
    if stat.S_IMODE(facts.st_mode) != 0o700:
        folder.chmod(0o700)


def _locked(path: Path) -> int:
    """The lock that a living engine holds, and that the system takes back from a dead one, however it died.

    Raises ConfigError where another one has it.
    """
    import fcntl  # not made for Windows

    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, 20, 0).decode(errors="replace").strip()
        os.close(lock)
        raise ConfigError(
            f"another engine runs in this mode already (process {pid or 'unknown'}, at {path}); stop it first"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _clear(path: Path) -> None:
    """Remove the socket that a dead engine has left. Raises ConfigError for anything else of that name."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigError(f"{path} is in the way and no socket; remove it")
    path.unlink()
