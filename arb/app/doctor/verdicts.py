"""From what was measured to what it means. Pure: every limit stands here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from arb.domain import FeeSchedule, FeeSource
from arb.interfaces import KeyRights
from arb.rows import DoctorRow, Health

MS = 1_000_000
DAY_NS = 86_400 * 10**9

SLOW_MS = 250.0  # a round trip
SLOW_BOOK_S = 5.0
OFF_MS = 250.0  # our own clock against the venues'
EXPIRY_DAYS = 14
LEAST_FREE, FEW_FREE = 100 << 20, 1 << 30  # bytes


class Sample(NamedTuple):
    """One question for the venue's time. before_ns, after_ns: our wall clock around it.   took_ns: on the other one."""

    before_ns: int
    venue_ns: int
    after_ns: int
    took_ns: int

    @property
    def offset_ns(self) -> int:
        """By how much the venue's clock is ahead of ours, within half of what the question took."""
        return self.venue_ns - (self.before_ns + self.after_ns) // 2


class Reach(NamedTuple):
    """host, addresses: what DNS made of it.   dns_ms, connect_ms: how long either took."""

    host: str
    addresses: int
    dns_ms: float
    connect_ms: float


def network(venue: str, reach: Reach, samples: Sequence[Sample]) -> DoctorRow:
    p50_ms = median(sample.took_ns for sample in samples) / MS
    found = (
        f"{reach.host}: DNS {reach.dns_ms:.1f} ms ({reach.addresses} addresses), connect {reach.connect_ms:.1f} ms,"
        f" request p50 {p50_ms:.1f} ms ({len(samples)} on one connection)"
    )
    if p50_ms > SLOW_MS:
        return DoctorRow("network", venue, Health.WARN, found, "run nearer to the venue: gaps do not last that long")
    return DoctorRow("network", venue, Health.OK, found)


def clock(venue: str, samples: Sequence[Sample], most_error_ms: int) -> DoctorRow:
    """The quickest answer says most."""
    best = min(samples, key=lambda sample: sample.took_ns)
    error_ms = best.took_ns / 2 / MS
    found = f"its clock is {best.offset_ns / MS:+.1f} ms from ours, known to {error_ms:.1f} ms"
    if error_ms > most_error_ms:
        cure = f"risk.max_clock_error_ms is {most_error_ms}: nothing would be traded; find a quicker way to the venue"
        return DoctorRow("clock", venue, Health.FAIL, found, cure)
    return DoctorRow("clock", venue, Health.OK, found)


def own_clock(samples: Mapping[str, Sequence[Sample]]) -> Iterator[DoctorRow]:
    """What the venues agree on is about us. A run corrects it, but logs and journals carry our time."""
    offsets = [min(taken, key=lambda s: s.took_ns).offset_ns / MS for taken in samples.values() if taken]
    if not offsets:
        return
    off_ms = median(offsets)
    found = f"this machine is {-off_ms:+.1f} ms from what {len(offsets)} venues say"
    if abs(off_ms) > OFF_MS:
        yield DoctorRow("clock", "", Health.WARN, found, "start an NTP client such as chrony")
    else:
        yield DoctorRow("clock", "", Health.OK, found)


def no_key(venue: str, variables: Sequence[str], live: bool) -> DoctorRow:
    if live:
        cure = f"set {variables[0]} and {variables[1]}, or write them to the file of keys"
        return DoctorRow("key", venue, Health.FAIL, "there is none, and live needs one", cure)
    return DoctorRow("key", venue, Health.OK, "there is none; scanning, paper and sim need none")


def rights(venue: str, told: KeyRights, wall_ns: int, live: bool) -> Iterator[DoctorRow]:
    if told.withdraw:
        cure = "delete this key and make one that may trade and not withdraw"
        yield DoctorRow("key", venue, Health.FAIL, "the key may WITHDRAW", cure)
    elif told.withdraw is None:
        cure = "look at it on the venue's page; live asks for accept_unknown_rights = true under [run]"
        yield DoctorRow("key", venue, Health.UNKNOWN, "the venue does not tell whether the key may withdraw", cure)
    else:
        yield DoctorRow("key", venue, Health.OK, "the key may not withdraw")
    if told.trade is False:
        health = Health.FAIL if live else Health.WARN
        yield DoctorRow(
            "key", venue, health, "the key may not trade", "allow it spot trading; scanning and paper do without"
        )
    elif told.trade is None:
        yield DoctorRow("key", venue, Health.UNKNOWN, "the venue does not tell whether the key may trade")
    else:
        yield DoctorRow("key", venue, Health.OK, "the key may trade")
    yield _addresses(venue, told.ip_locked)
    yield _expiry(venue, told.expires_ns, wall_ns)
    yield from (DoctorRow("key", venue, Health.WARN, note) for note in told.notes)


def _addresses(venue: str, locked: bool | None) -> DoctorRow:
    if locked:
        return DoctorRow("key", venue, Health.OK, "the key works from named addresses only")
    cure = "name this machine's address on the venue's page of the key"
    if locked is None:
        return DoctorRow("key", venue, Health.UNKNOWN, "the venue does not tell from where the key works", cure)
    return DoctorRow("key", venue, Health.WARN, "the key works from anywhere", cure)


def _expiry(venue: str, expires_ns: int | None, wall_ns: int) -> DoctorRow:
    if expires_ns is None:
        return DoctorRow("key", venue, Health.UNKNOWN, "the venue does not tell when the key ends")
    if not expires_ns:
        return DoctorRow("key", venue, Health.OK, "the key does not end by itself")
    days = (expires_ns - wall_ns) / DAY_NS
    if days <= 0:
        return DoctorRow("key", venue, Health.FAIL, f"the key ended {-days:.1f} days ago", "make a new one")
    if days < EXPIRY_DAYS:
        return DoctorRow("key", venue, Health.WARN, f"the key ends in {days:.1f} days", "make a new one in time")
    return DoctorRow("key", venue, Health.OK, f"the key ends in {days:.0f} days")


def fees(venue: str, fee: FeeSchedule | None, signed: bool) -> DoctorRow:
    if fee is None:
        cure = f'set taker_fee = "0.001" (and maker_fee) under [exchanges.{venue}]'
        return DoctorRow("fees", venue, Health.UNKNOWN, "no fee is known: such pairs cannot be judged", cure)
    found = f"{fee.symbol} taker {fee.taker}, of {fee.source.name.lower()}"
    if fee.source is FeeSource.MARKET:
        cure = "the venue did not tell this account's own" if signed else "with a key your own rates are read"
        return DoctorRow("fees", venue, Health.WARN, f"{found}: the public rate, not yours", cure)
    return DoctorRow("fees", venue, Health.OK, found)


def first_book(venue: str, what: str, after_s: float | None, patience_s: float) -> DoctorRow:
    if after_s is None:
        cure = "is its socket reachable from here? 'arb book' shows what comes"
        return DoctorRow("book", venue, Health.FAIL, f"{what}: no book within {patience_s:.0f} s", cure)
    found = f"{what} LIVE after {after_s * 1000:.0f} ms"
    if after_s > SLOW_BOOK_S:
        return DoctorRow("book", venue, Health.WARN, found, "a slow start; the venue or the line is busy")
    return DoctorRow("book", venue, Health.OK, found)


def free_space(free: int, where: str) -> DoctorRow:
    found = f"{free / (1 << 30):.1f} GiB free for the journal in {where}"
    if free < LEAST_FREE:
        return DoctorRow("disk", "", Health.FAIL, found, "make room: without a journal nothing is traded")
    if free < FEW_FREE:
        return DoctorRow("disk", "", Health.WARN, found, "make room")
    return DoctorRow("disk", "", Health.OK, found)
