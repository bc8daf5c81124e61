"""What goes wrong on our own machine, done to a running engine for real: each once, from its begin to its end."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from arb.control import STATUS
from arb.domain import CycleOpened
from arb.errors import ArbError
from arb.journal import Records
from tests.chaos.ours.desk import UNBOUND, Desk, Happened, healthy, pause
from tests.chaos.ours.disk import fill

# What must be detected, within how many milliseconds, and how long until all is well once the cause is gone.
# A machine that is shared with other tests stands still now and then: the limits are for it, the table tells the times.
LIMITS: dict[str, tuple[float | None, float | None]] = {
    "journal locked": (3_000, 3_000),
    "journal may not grow": (3_000, 3_000),
    "disk full": (5_000, 4_000),
    "disk full, a leg stands alone": (5_000, 4_000),
    "out of descriptors": (3_000, 35_000),  # a connection that fails again and again is tried every 30 s at least
    "wall clock forward": (1_000, 5_000),
    "wall clock back": (1_000, None),
    "suspended": (1_000, 5_000),
    "suspended in a cycle": (1_000, 5_000),
    "no more memory": (None, 35_000),
    "started on a read-only disk": (30_000, 30_000),
    "started on a full disk": (30_000, 30_000),
    "started on a locked journal": (30_000, 30_000),
    "started with few descriptors": (30_000, 30_000),
    "started with little memory": (30_000, 30_000),
    "cache on a read-only disk": (30_000, 30_000),
    "signal in a cycle": (12_000, 20_000),
    "killed in a cycle": (20_000, 30_000),
}


async def locked(desk: Desk, lasts_s: float) -> Happened:
    """Somebody else writes the journal's file and does not let go of it."""
    since = desk.said()
    with closing(sqlite3.connect(desk.stage.journal, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        detected = await desk.hears("cannot be written: database is locked", since)
        sent = len(desk.stage.arrivals)
        await pause(lasts_s)
        await _answers(desk)
        assert len(desk.stage.arrivals) == sent, "an order left that could not be written down"
        other.execute("ROLLBACK")
    recovered = await desk.hears("can be written again", since)
    return Happened("journal locked", detected, recovered)


async def may_not_grow(desk: Desk, lasts_s: float) -> Happened:
    """Every write fails that needs room: what a quota does, a limit, or a disk that has turned read-only."""
    since = desk.said()
    desk.limit(resource.RLIMIT_FSIZE, 16 << 10)  # what it says on stderr is less, the journal's log is soon more
    detected = await desk.hears("cannot be written: disk I/O error", since)
    sent = len(desk.stage.arrivals)
    await pause(lasts_s)
    await _answers(desk)
    assert len(desk.stage.arrivals) == sent, "an order left that could not be written down"
    desk.limit(resource.RLIMIT_FSIZE, UNBOUND)
    recovered = await desk.hears("can be written again", since)
    return Happened("journal may not grow", detected, recovered)


async def full(desk: Desk, disk: Path, lasts_s: float) -> Happened:
    """Every byte of the disk is taken, all at once."""
    since = desk.said()
    hog = fill(disk)
    detected = await desk.hears("the disk is full: nothing new begins", since)
    at_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    await pause(lasts_s)
    await _answers(desk)
    begun = _begun_since(desk.stage.journal, at_ns)
    hog.unlink()
    recovered = await desk.hears("can be written again", since)
    assert not begun, f"{begun} began on a full disk"
    return Happened("disk full", detected, recovered)


async def descriptors(desk: Desk, lasts_s: float) -> Happened:
    """Not one more file or socket, while every connection is lost."""
    since = desk.said()
    desk.limit(resource.RLIMIT_NOFILE, 3)
    for venue in desk.stage.sim.venues.values():
        for conn in list(venue.conns):
            conn.abort()
    detected = await desk.hears("lost (3 books): connection lost", since)
    await desk.hears("Too many open files", 0)  # said once in a while only
    used = desk.cpu_s()
    await pause(lasts_s)
    used = desk.cpu_s() - used
    assert desk.engine.runs, desk.engine.told()
    assert used < 0.8 * lasts_s, f"{used:.2f} s of CPU in {lasts_s} s: it spins"
    desk.limit(resource.RLIMIT_NOFILE, UNBOUND)
    recovered = await desk.until(healthy)
    return Happened("out of descriptors", detected, recovered)


async def clock_forward(desk: Desk) -> Happened:
    """An hour, which may as well have been an hour in which this machine did not exist."""
    since = desk.said()
    desk.send(signal.SIGUSR1)
    detected = await desk.hears("the wall clock was set forward by 3600.0 s", since)
    recovered = await desk.until(healthy)
    await desk.trades()
    return Happened("wall clock forward", detected, recovered)


async def clock_back(desk: Desk) -> Happened:
    """The hour again: no age and no signature goes by it, so nothing has to recover."""
    since = desk.said()
    desk.send(signal.SIGUSR2)
    detected = await desk.hears("the wall clock was set back by 3600.0 s", since)
    await desk.trades()
    assert "lost" not in desk.engine.told()[since:], desk.engine.told()[since:]
    return Happened("wall clock back", detected, None)


async def suspended(desk: Desk, lasts_s: float, *, in_a_cycle: bool = False) -> Happened:
    """Stopped for seconds, while its sockets go on filling up; with an order on its way to a venue or without."""
    stopped = asyncio.Event()

    def stop(_: object) -> None:
        if not stopped.is_set():
            desk.send(signal.SIGSTOP)
            stopped.set()

    if in_a_cycle:
        desk.stage.on_order = stop
        await asyncio.wait_for(stopped.wait(), 30)
    else:
        stop(None)
    await pause(lasts_s)
    since = desk.said()
    desk.send(signal.SIGCONT)
    detected = await desk.hears("this process stood still for", since)
    recovered = await desk.until(healthy)
    desk.stage.on_order = lambda _: None
    return Happened("suspended in a cycle" if in_a_cycle else "suspended", detected, recovered)


async def memory(desk: Desk, lasts_s: float) -> Happened:
    """No more memory from the system, while every connection has to be made anew.

    It lives on what it has, or it ends, if need be as by kill -9: then the next start finds out about everything.
    """
    desk.limit(resource.RLIMIT_AS, 64 << 20)
    for venue in desk.stage.sim.venues.values():
        for conn in list(venue.conns):
            conn.abort()
    await pause(lasts_s)
    if desk.engine.runs:
        desk.limit(resource.RLIMIT_AS, UNBOUND)
        try:
            return Happened("no more memory", None, await desk.until(healthy))
        except AssertionError:  # it was about to end
            if desk.engine.runs:
                raise
    last = await desk.engine.ended()  # by itself, or by a library that takes what it asked for as given
    assert last.code not in (0, 130), last
    began = time.monotonic()
    await desk.start()
    await desk.until(healthy)
    return Happened("no more memory", None, (time.monotonic() - began) * 1e3, f"ended with {last.code}, started again")


async def _answers(desk: Desk) -> None:
    """The loop is not held up: whoever asks is answered at once."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(5.0):
            await desk.stage.ask(STATUS)
    except (ArbError, TimeoutError) as error:
        raise AssertionError(f"no answer: {error!r}\n{desk.engine.told()}") from error
    assert time.monotonic() - began < 2.0, "the loop is held up"


def _begun_since(journal: Path, at_ns: int) -> list[str]:
    with closing(Records(journal)) as records:
        return [opened.cycle for opened in records.facts(CycleOpened) if opened.orders and opened.at_ns > at_ns]
