"""What is asked of one venue: how it is reached, what time it has, what it tells of the key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from arb.app.doctor import verdicts
from arb.app.doctor.verdicts import MS, Reach, Sample
from arb.config.credentials import variables
from arb.errors import AuthFailed, VenueError
from arb.interfaces import Clock, Probe
from arb.rows import DoctorRow, Health

REQUESTS = 5
STEP_S = 10.0  # for each step


class Findings(msgspec.Struct, frozen=True):
    """samples: of its clock.   unknown_rights: it did not tell whether the key may withdraw."""

    rows: tuple[DoctorRow, ...]
    samples: tuple[Sample, ...] = ()
    unknown_rights: bool = False


async def examine(probe: Probe, clock: Clock, *, signed: bool, live: bool, most_error_ms: int) -> Findings:
    """signed: there is a key.   live: judged as a live run would. What fails is a row and ends this venue's part."""
    venue = str(probe.venue)
    rows: list[DoctorRow] = []
    if not signed:
        rows.append(verdicts.no_key(venue, variables(venue), live))
    try:
        async with asyncio.timeout(STEP_S):
            reach = await _reach(probe, clock)
        async with asyncio.timeout(STEP_S):
            samples = await _samples(probe, clock)
    except (VenueError, OSError) as exc:  # a TimeoutError is an OSError
        why = str(exc) or f"no answer within {STEP_S:.0f} s"
        cure = "is the venue up, and is it allowed from here? A proxy is set with rest_url"
        return Findings((*rows, DoctorRow("network", venue, Health.FAIL, why, cure)))
    rows += [verdicts.network(venue, reach, samples), verdicts.clock(venue, samples, most_error_ms)]
    if not signed:
        return Findings(tuple(rows), tuple(samples))
    told, unknown = await _rights(probe, clock, live)
    return Findings((*rows, *told), tuple(samples), unknown)


async def _reach(probe: Probe, clock: Clock) -> Reach:
    host, port = await probe.address()
    loop = asyncio.get_running_loop()
    start_ns = clock.mono_ns()
    found = await loop.getaddrinfo(host, port)
    named_ns = clock.mono_ns()
    _reader, writer = await asyncio.open_connection(host, port)
    reached_ns = clock.mono_ns()
    writer.close()
    addresses = len({entry[4][0] for entry in found})
    return Reach(host, addresses, (named_ns - start_ns) / MS, (reached_ns - named_ns) / MS)


async def _samples(probe: Probe, clock: Clock) -> Sequence[Sample]:
    """The first request opens the connection and does not count."""
    taken = []
    for _ in range(REQUESTS + 1):
        before_ns, start_ns = clock.wall_ns(), clock.mono_ns()
        venue_ns = await probe.venue_ns()
        taken.append(Sample(before_ns, venue_ns, clock.wall_ns(), clock.mono_ns() - start_ns))
    return taken[1:]


async def _rights(probe: Probe, clock: Clock, live: bool) -> tuple[Sequence[DoctorRow], bool]:
    venue = str(probe.venue)
    try:
        async with asyncio.timeout(STEP_S):
            told = await probe.rights()
    except AuthFailed as exc:
        cure = "compare key, secret and allowed addresses with the venue's page of the key"
        return [DoctorRow("key", venue, Health.FAIL, f"refused: {exc.message}", cure)], True
    except (VenueError, TimeoutError) as exc:
        why = f"what the key may do could not be read: {str(exc) or 'no answer'}"
        return [DoctorRow("key", venue, Health.UNKNOWN, why, "try again")], True
    return list(verdicts.rights(venue, told, clock.wall_ns(), live)), told.withdraw is None
