"""The other end of the control socket: one question, one typed answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from arb.bounded import UNREADABLE, shown
from arb.control.peer import peer_uid
from arb.control.verbs import Verb
from arb.errors import ControlError, NotRunning

MOST_REPLY = 16 << 20
MOST_SAID = 1_000  # characters of a refusal
TIMEOUT_S = 5.0

R = TypeVar("R")


class _Reply(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""


_reply = msgspec.json.Decoder(_Reply)


async def ask(path: Path, verb: Verb[R], timeout_s: float = TIMEOUT_S, **args: object) -> R:
    """What the engine at `path` answers. args: of the verb.

    Raises NotRunning where nobody listens there; ControlError where it refused, or where it is not known what it did.
    """
    unsure = f"the engine at {path} was asked to {verb.name} and did not answer"
    try:
        async with asyncio.timeout(timeout_s):
            line = await _exchange(path, msgspec.json.encode({"verb": verb.name, "args": args}) + b"\n")
    except TimeoutError:
        raise ControlError(f"{unsure} within {timeout_s:g} s; 'arb status' tells whether it did") from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no engine listens at {path}") from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
        raise ControlError(f"{unsure}: {exc}; 'arb status' tells whether it did") from exc
    try:
        reply = _reply.decode(line)
        if reply.ok:
            return msgspec.json.decode(reply.result, type=verb.reply)
    except UNREADABLE as exc:
        raise ControlError(f"the engine at {path} is of another version, it seems: {shown(exc)}") from exc
    raise ControlError(shown(reply.error, MOST_SAID))


async def _exchange(path: Path, question: bytes) -> bytes:
    _trust(path)
    reader, writer = await asyncio.open_unix_connection(str(path), limit=MOST_REPLY)
    try:
        if (peer := peer_uid(writer.transport)) not in (None, os.geteuid()):  # put there since its file was looked at
            raise ControlError(f"whoever listens at {path} is another user (uid {peer}): it is not asked")
        writer.write(question)
        await writer.drain()
        return await reader.readuntil(b"\n")
    finally:
        writer.close()
        await asyncio.sleep(0)  # the turn in which the socket is given back, also where nothing follows


def _trust(path: Path) -> None:
    """Is whoever listens there one of us? Raises ControlError, FileNotFoundError."""
    if (owner := path.lstat().st_uid) != os.geteuid():
        raise ControlError(f"{path} belongs to another user (uid {owner}): it is not asked")
