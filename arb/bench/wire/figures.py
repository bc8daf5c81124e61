"""From stamps to figures: how long after it had left did each frame arrive in a book, and when was it decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from arb.bench.wire.talk import Play, Sent, Taken

Numbers = Mapping[tuple[str, int], int]  # (symbol, id) -> number of the frame that brings it


class Spread(msgspec.Struct, frozen=True):
    """Medians over the rounds of each round's quantile, µs; (least, most) of the rounds' p50s; the worst of all."""

    p50: float
    p50_range: tuple[float, float]
    p99: float
    p999: float
    worst: float


class Once(msgspec.Struct, frozen=True):
    """One play. book, decided: µs from each frame's sending on.   handed: states that reached their watcher.

    decisions: books that the scanner was asked about.   age: µs from the newest frame of a book to its decision.
    late: µs that a timer came too late.
    """

    cpu_us: float
    frames_per_s: float
    handed: int
    decisions: int
    found: int
    grew_kib: int
    book: tuple[float, ...] = ()
    decided: tuple[float, ...] = ()
    age: tuple[float, ...] = ()
    late: tuple[float, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """A client at one pace, over all rounds.   cpu_us: of the whole process, a frame; with (least, most).

    book: socket to book watcher.   decided: socket to decision.   age: of the newest state, when it is decided on.
    handed: share of the frames that reached a watcher.   conflated: share that was decided on with a newer one.
    found: opportunity events a frame.   late: how late a timer on the same loop came.
    """

    venue: str
    client: str
    pace: str
    frames: int
    cpu_us: float
    cpu_range_us: tuple[float, float]
    frames_per_s: float
    book: Spread | None
    decided: Spread | None
    age: Spread | None
    handed: float | None
    conflated: float | None
    found: float | None
    grew_kib: int
    late: Spread | None = None

    @property
    def cpu_s_per_100k(self) -> float:
        return self.cpu_us / 10


def once(play: Play, taken: Taken, sent: Sent, numbers: Numbers) -> Once:
    at_ns = sent.at_ns
    seen: dict[int, int] = {}
    order: list[int | None] = []
    for stamp in taken.stamps:
        number = numbers.get((stamp.symbol, stamp.seq))
        order.append(number)
        if number is not None:
            seen.setdefault(number, stamp.ns)
    decided: list[float] = []
    age: list[float] = []
    done = 0
    for decision in taken.decisions:
        newest: dict[str, int] = {}
        for position in range(done, decision.upto):
            number = order[position]
            if number is not None:
                decided.append((decision.ns - at_ns[number]) / 1e3)
                newest[taken.stamps[position].symbol] = number
        age += [(decision.ns - at_ns[number]) / 1e3 for number in newest.values()]
        done = decision.upto
    return Once(
        cpu_us=taken.cpu_ns / 1e3 / play.frames,
        frames_per_s=play.frames * 1e9 / max(1, taken.last_ns - at_ns[0]),
        handed=len(seen),
        decisions=taken.looked,
        found=taken.found,
        grew_kib=taken.grew_kib,
        book=tuple((ns - at_ns[number]) / 1e3 for number, ns in seen.items()),
        decided=tuple(decided),
        age=tuple(age),
        late=tuple(ns / 1e3 for ns in taken.late_ns),
    )


def row(venue: str, client: str, pace: str, frames: int, plays: Sequence[Once]) -> Row:
    cpu = [play.cpu_us for play in plays]
    timed, deciding = any(play.book for play in plays), any(play.decisions for play in plays)
    return Row(
        venue, client, pace, frames, round(median(cpu), 3), (round(min(cpu), 3), round(max(cpu), 3)),
        round(median(play.frames_per_s for play in plays)),
        spread([play.book for play in plays]),
        spread([play.decided for play in plays]),
        spread([play.age for play in plays]),
        round(median(play.handed for play in plays) / frames, 3) if timed else None,
        round(1 - median(play.decisions for play in plays) / frames, 3) if deciding else None,
        round(median(play.found for play in plays) / frames, 4) if deciding else None,
        max(play.grew_kib for play in plays),
        spread([play.late for play in plays]),
    )  # fmt: skip


def spread(rounds: Sequence[Sequence[float]]) -> Spread | None:
    """None where nothing was timed."""
    ordered = [sorted(each) for each in rounds if each]
    if not ordered:
        return None
    p50, p99, p999 = ([quantile(each, share) for each in ordered] for share in (0.5, 0.99, 0.999))
    return Spread(
        round(median(p50), 1), (round(min(p50), 1), round(max(p50), 1)), round(median(p99), 1),
        round(median(p999), 1), round(max(each[-1] for each in ordered), 1),
    )  # fmt: skip


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios: both of a round were measured within the same seconds."""
    return round(median(a / b for a, b in zip(ours, theirs, strict=True)), 4)
