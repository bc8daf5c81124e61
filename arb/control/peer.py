"""Who is at the other end of a Unix socket, as the system tells it: nobody can lie about that."""

from __future__ import annotations

import asyncio
import sys
from struct import unpack
from typing import NamedTuple

_SOL_SOCKET, _SO_PEERCRED, _UCRED = 1, 17, "3i"  # Linux: pid, uid, gid of whoever connected, or listens


class _Owner(NamedTuple):
    pid: int
    uid: int
    gid: int


def peer_uid(transport: asyncio.BaseTransport) -> int | None:
    """The uid of the other end; None where the system does not tell: the modes of file and folder stand alone then."""
    if sys.platform != "linux":
        return None
    try:
        return _Owner(*unpack(_UCRED, transport.get_extra_info("socket").getsockopt(_SOL_SOCKET, _SO_PEERCRED, 12))).uid
    except OSError:
        return None
