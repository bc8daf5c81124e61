"""What this process holds at one moment: memory, tasks, sockets, files, threads."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys
import threading
from pathlib import Path

import msgspec

LOOKS, LOOK_S = 20, 0.02

_STATM, _FDS = Path("/proc/self/statm"), Path("/proc/self/fd")


class Counts(msgspec.Struct, frozen=True):
    """rss_kib: resident; where the system does not tell, the most that ever was.

    sockets, files: -1 where the system does not tell.
    """

    rss_kib: int
    tasks: int
    sockets: int
    files: int
    threads: int


def counts() -> Counts:
    """Of the running loop and its process."""
    sockets, files = _descriptors()
    return Counts(_resident_kib(), len(asyncio.all_tasks()), sockets, files, threading.active_count())


def memory() -> tuple[int, int]:
    """KiB resident as it is, and blocks of Python's allocator once the garbage of this moment is gone."""
    resident = _resident_kib()
    gc.collect()
    return resident, sys.getallocatedblocks()


async def at_rest() -> Counts:
    """The least of several looks: what comes and goes meanwhile is none of it."""
    looks = []
    for _ in range(LOOKS):
        looks.append(counts())
        await asyncio.sleep(LOOK_S)
    return Counts(*(min(getattr(look, name) for look in looks) for name in Counts.__struct_fields__))


def _resident_kib() -> int:
    if not _STATM.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(_STATM.read_bytes().split()[1]) * resource.getpagesize() // 1024


def _descriptors() -> tuple[int, int]:
    """Sockets, and all else: files, pipes, timers."""
    if not _FDS.is_dir():
        return -1, -1
    sockets = files = 0
    for name in os.listdir(_FDS):
        try:
            target = os.readlink(_FDS / name)
        except OSError:  # the folder's own, which is closed by now
            continue
        if target.startswith("socket:"):
            sockets += 1
        else:
            files += 1
    return sockets, files
