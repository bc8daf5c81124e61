"""Watches a run from both ends, frame by frame and decision by decision, and notes where it departs from the oracle.

It is the run's tape (and keeps nothing), so it sees everything before the engine does, and an observer, so it hears
every conclusion. Each is held against the oracle at that place in the order of what was received; and after each
decision the open episodes are held against all gaps that the oracle sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from arb.domain import BookSnapshot, Disconnected, Event, OppEvent, Opportunity, SubscriptionRefused
from arb.interfaces import Clock, Statics
from arb.tape import Run, TapeWriter
from tests.proof.exact import Figures
from tests.proof.oracle import Oracle, Route
from tests.proof.shown import ShownOracle
from tests.proof.wire import Unreadable, read

_SIXTEEN = Context(prec=16, rounding=ROUND_HALF_EVEN)  # what vwaps are told to
_MOST_TOLD = 20  # of what is wrong: one is enough to fail


@dataclass(frozen=True, slots=True)
class Seen:
    """One OPEN or UPDATE, and the touches it stands on."""

    at_ns: int
    route: Route
    ask: Decimal | None
    bid: Decimal | None
    status: str


@dataclass(slots=True)
class Episode:
    """figures: the truth when it was last told; None where nobody looked."""

    id: str
    opened_ns: int
    figures: Figures | None = None


class Witness(TapeWriter):
    """wrong: what was reported and is not so.   missed: (route, from, to) of gaps that no episode covered.

    seen: every OPEN and UPDATE that was looked at.   received: the frames of each connection in order, as (hash, ns).
    every: of the gaps that may not be taken anyway, look at one decision in so many.
    refused: how many frames of a venue the engine could not read so far; asked where frames may be garbled. What it
    would not read was not received; but it must refuse what the oracle cannot read either.
    records: frames, since nothing else is kept.
    """

    records = 0

    def __init__(
        self,
        path: Path,
        clock: Clock,
        run: Run,
        oracle: Oracle,
        every: int = 1,
        refused: Callable[[str], int] | None = None,
    ) -> None:
        super().__init__(path, clock, run)
        self.oracle = oracle
        self._every = every
        self._refused = refused
        self._held: tuple[str, int, bytes, int, int] | None = None
        self._turns: Counter[Route] = Counter()
        self.wrong: list[str] = []
        self.missed: list[tuple[Route, int, int]] = []
        self.seen: list[Seen] = []
        self.counts: Counter[str] = Counter()
        self.received: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self.unreadable: Counter[str] = Counter()  # by venue: frames that somebody could not read
        self._open: dict[Route, Episode] = {}
        self._missing: dict[Route, int] = {}
        self._ids: set[str] = set()
        self._dirty: dict[str, None] = {}
        self._decided: list[str] = []
        self._decided_ns = 0
        self._timed = False  # the last decision was about time alone
        self._finished = False
        for taped in run.venues:
            self._sources(taped.venue, taped.statics)

    # ------------------------------------------------------------------------------------------- as the tape

    def opened(self, venue: str, conn: int, url: str, recv_ns: int) -> None:
        self._settle()

    def frame(self, venue: str, conn: int, data: bytes, recv_ns: int) -> None:
        self._settle()
        self.records += 1
        self.received.setdefault((venue, conn), []).append((hash(data), recv_ns))
        if self._refused is None:
            self._read(venue, conn, data, recv_ns)
        else:  # whether the engine will refuse it is known with the next record
            self._held = venue, conn, data, recv_ns, self._refused(venue)

    def _read(self, venue: str, conn: int, data: bytes, recv_ns: int, refused: bool = False) -> None:
        symbol = None
        try:
            said = read(venue, data)
            if said is not None and not refused:
                symbol = self.oracle.take(venue, conn, said, recv_ns)
        except Unreadable as exc:
            self.unreadable[venue] += 1
            if not refused and self._refused is not None:
                self._say(f"{venue}: the engine has read what cannot be read: {exc}")
            return
        if refused:
            self.unreadable[venue] += 1
        elif symbol is not None:
            self._dirty[symbol] = None

    def sent(self, venue: str, conn: int, data: bytes, recv_ns: int) -> None:
        self._settle()

    def idle(self, venue: str, conn: int, recv_ns: int) -> None:
        self._settle()
        self._decide(self._dirty)
        self._dirty = {}

    def reply(self, venue: str, symbol: str, url: str, data: bytes, recv_ns: int) -> None:
        self._settle()
        self.records += 1
        try:
            changed = self.oracle.reply(venue, symbol, data, recv_ns)
        except ValueError:
            self.unreadable[venue] += 1
            return
        if changed is not None:
            self._decide([changed])

    def closed(self, venue: str, conn: int, symbols: Sequence[str], reason: str, recv_ns: int) -> None:
        self._settle()
        self._decide({**self._dirty, **dict.fromkeys(self.oracle.lost(venue, conn, symbols))})
        self._dirty = {}

    def event(self, event: Event, recv_ns: int) -> None:
        """Of a path without frames: books as they are handed to the engine, and their loss."""
        self._settle()
        if isinstance(event, Disconnected | SubscriptionRefused) and event.conn:
            self._dirty |= dict.fromkeys(self.oracle.lost(event.venue, event.conn, event.symbols))
        elif isinstance(event, BookSnapshot) and isinstance(self.oracle, ShownOracle):
            if not self.oracle.shown(event):
                self._say(f"{event.venue} {event.symbol}: shown book {event.seq}, which the venue never sent")
            self._dirty[event.symbol] = None

    def tick(self, now_ns: int) -> None:
        """Time has passed: what was there may have become too old."""
        self._settle()
        self.oracle.tick(now_ns)
        self._decide({route.symbol: None for route in (*self._open, *self._missing)} | self._dirty)
        self._dirty, self._timed = {}, True

    def confirmed(self, venue: str, symbol: str, seq: int, now_ns: int) -> None:
        self._settle()
        if not self.oracle.books[venue, symbol].confirmed(seq, now_ns):
            self._say(f"{venue} {symbol}: confirmed at {seq}, which the venue did not send last")

    def distrusted(self, venue: str, symbol: str, now_ns: int) -> None:
        """An audit of the engine's condemned its own book. Whether it had to is asked by `counts`."""
        self._settle()
        self.counts["distrusted"] += 1
        self.oracle.books[venue, symbol].forget()
        self._decide([symbol])

    def statics(self, venue: str, statics: Statics, now_ns: int) -> None:
        self._settle()
        self._sources(venue, statics)

    def _sources(self, venue: str, statics: Statics) -> None:
        self.oracle.sources.update({(venue, fee.symbol): fee.source.name for fee in statics.fees})

    # ------------------------------------------------------------------------------------------- as an observer

    def on_fact(self, fact: object) -> None:
        if not isinstance(fact, Opportunity):
            return
        self.counts[fact.event.name] += 1
        route = Route(fact.symbol, fact.buy.venue, fact.sell.venue)
        episode = self._open.get(route)
        if fact.event is OppEvent.OPEN:
            if episode is not None or fact.id in self._ids:
                self._say(f"{fact.id} {route}: opened twice")
            self._ids.add(fact.id)
            episode = self._open[route] = Episode(fact.id, self._clock.mono_ns())
        elif episode is None or episode.id != fact.id:
            self._say(f"{fact.id} {route}: {fact.event.name} of an episode that is not open")
            return
        if fact.life_ns != self._clock.mono_ns() - episode.opened_ns:
            self._say(f"{fact.id} {route}: lives {fact.life_ns} ns")
        if fact.event is OppEvent.CLOSE:
            del self._open[route]
            if not self._finished and self._worth(route) is not None:
                self._say(f"{fact.id} {route}: closed, and it is still there")
        elif fact.event is OppEvent.OPEN or self._turn(route):
            episode.figures = self._check(fact, route)
        else:
            episode.figures = None

    def finish(self) -> None:
        """The run is over: episodes that close now are closed for that reason."""
        self._settle()
        self._finished = True
        now_ns = self._clock.mono_ns()
        self.missed += [(route, since, now_ns) for route, since in self._missing.items()]
        self._missing.clear()

    def _check(self, fact: Opportunity, route: Route) -> Figures | None:
        found = self._worth(route)
        buy, sell = (self.oracle.books[venue, route.symbol] for venue in (route.buy, route.sell))
        status = self.oracle.status(route)
        self.seen.append(Seen(self._clock.mono_ns(), route, buy.ask, sell.bid, status))
        if found is None:
            self._say(f"{fact.id} {route} {fact.event.name}: there is no such gap, but {_told(fact)}")
            return None
        now_ns = self._clock.mono_ns()
        told = _told(fact)
        true = _true(found) | {
            "status": status,
            "buy_seq": buy.seq,
            "sell_seq": sell.seq,
            "buy_age": now_ns - buy.recv_ns,
            "sell_age": now_ns - sell.recv_ns,
            "recv_ns": max(buy.recv_ns, sell.recv_ns),
            "buy_fee": (self.oracle.fee(route.buy, route.symbol), self.oracle.sources[route.buy, route.symbol]),
            "sell_fee": (self.oracle.fee(route.sell, route.symbol), self.oracle.sources[route.sell, route.symbol]),
        }
        for name, value in true.items():
            if told[name] != value:
                self._say(f"{fact.id} {route} {fact.event.name}: {name} is {told[name]}, but {value} is right")
        return found

    # ------------------------------------------------------------------------------------------- between the two

    def _decide(self, symbols: Iterable[str]) -> None:
        """The engine decides on these next; whatever it concludes comes before the next record."""
        self._decided, self._decided_ns, self._timed = list(symbols), self._clock.mono_ns(), False
        for symbol in self._decided:
            self.oracle.look(symbol, self._clock.mono_ns())

    def _settle(self) -> None:
        """The last frame is read and the last decision complete: what is open, and what should be?"""
        if self._held is not None and self._refused is not None:
            (venue, conn, data, recv_ns, refused), self._held = self._held, None
            self._read(venue, conn, data, recv_ns, self._refused(venue) > refused)
        decided, self._decided = self._decided, []
        for symbol in decided:
            for route in self.oracle.routes(symbol):
                if route in self._missing or self._turn(route):
                    self._compare(route)

    def _turn(self, route: Route) -> bool:
        """Whether this one is looked at now."""
        if self._every == 1 or self.oracle.status(route) in ("OK", "UNKNOWN"):
            return True
        self._turns[route] += 1
        return self._turns[route] % self._every == 0

    def _compare(self, route: Route) -> None:
        now_ns = self._decided_ns
        found, episode = self.oracle.worth(route, now_ns), self._open.get(route)
        if found is not None and episode is None:
            self._missing.setdefault(route, now_ns)
        elif (since := self._missing.pop(route, None)) is not None:
            self.missed.append((route, since, now_ns))
        if found is None and episode is not None:
            self._say(f"{episode.id} {route}: still open, though there is no gap any more")
        if found is None or episode is None or episode.figures in (None, found) or self._timed:
            return
        self._say(f"{episode.id} {route}: not a word of {found}, where {episode.figures} was told")

    def _worth(self, route: Route) -> Figures | None:
        return self.oracle.worth(route, self._clock.mono_ns())

    def _say(self, text: str) -> None:
        self.counts["wrong"] += 1
        if len(self.wrong) < _MOST_TOLD:
            self.wrong.append(f"{self._clock.mono_ns() / 1e9:.6f} s: {text}")


def _told(fact: Opportunity) -> dict[str, Any]:
    return {
        "size": _fraction(fact.size),
        "sell_size": _fraction(fact.sell_size),
        "profit": _fraction(fact.profit),
        "net_bps": fact.net_bps,
        "gross_bps": fact.gross_bps,
        "buy_limit": fact.buy.limit,
        "sell_limit": fact.sell.limit,
        "buy_vwap": fact.buy.vwap,
        "sell_vwap": fact.sell.vwap,
        "breakeven_size": _fraction(fact.breakeven_size),
        "status": fact.reason.name,
        "buy_seq": fact.buy.seq,
        "sell_seq": fact.sell.seq,
        "buy_age": fact.buy.age_ns,
        "sell_age": fact.sell.age_ns,
        "recv_ns": fact.recv_ns,
        "buy_fee": (fact.buy.fee_rate, fact.buy.fee_source.name if fact.buy.fee_source else None),
        "sell_fee": (fact.sell.fee_rate, fact.sell.fee_source.name if fact.sell.fee_source else None),
    }


def _true(found: Figures) -> dict[str, Any]:
    return {
        "size": found.size,
        "sell_size": found.sell_size,
        "profit": found.profit,
        "net_bps": found.net_bps,
        "gross_bps": found.gross_bps,
        "buy_limit": found.buy_limit,
        "sell_limit": found.sell_limit,
        "buy_vwap": _vwap(found.buy_vwap),
        "sell_vwap": _vwap(found.sell_vwap),
        "breakeven_size": found.breakeven,
    }


def _vwap(value: Fraction) -> Decimal:
    return _SIXTEEN.divide(Decimal(value.numerator), Decimal(value.denominator))


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
