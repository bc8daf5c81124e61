"""What is run, and what a run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from arb.app import scanning
from arb.clock import ManualClock
from arb.domain import VenueId
from arb.sim import FaultPlan, FaultRule, PlantedGap, SimExchanges, SimSettings
from arb.status import ScanSummary, VenueStatus
from tests.proof.exact import Level, best
from tests.proof.oracle import Route
from tests.proof.sending import Sending
from tests.proof.served import served
from tests.proof.witness import Witness

MS = 1_000_000
START_NS, WALL_NS = 5 * 10**9, 1_767_225_600 * 10**9
VENUES = ("mexc", "gateio")
_ON_ITS_WAY_NS = 100 * MS  # the slowest channel's interval
SIZES = {"USDT": Decimal(500), "USDC": Decimal(300), "BTC": Decimal("0.01")}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run. venues: the tables of the configuration.   scan: over the defaults.   keys: with an account.

    every: see `Witness`.
    """

    depth: str = "20"
    duration_s: float = 10.0
    symbols: int = 50
    seed: int = 1
    venues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scan: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[FaultRule] = ()
    gaps_hz: float | None = None
    keys: bool = True
    every: int = 1
    patterns: Sequence[str] = ("*/USDT", "*/USDC", "*/BTC")


class Ran:
    """live: the application's run with its books and counters.   sending: what was really sent.

    ended_ns: when deciding ended.
    """

    def __init__(self, plan: Plan, clock: ManualClock) -> None:
        self.plan = plan
        self.clock = clock
        self.sim = SimExchanges(
            clock,
            seed=plan.seed,
            symbols=plan.symbols,
            faults=FaultPlan(tuple(plan.rules), seed=plan.seed),
            venues=VENUES,
            settings=SimSettings(gaps_hz=plan.gaps_hz),
        )
        facts = served(plan.seed, plan.symbols)
        self.served = facts if plan.keys else facts.without_keys()
        self.sending = Sending(clock)
        self.witness: Witness
        self.live: scanning.Live
        self.summary: ScanSummary
        self.ended_ns = 0
        self.begins: list[Callable[[], None]] = []  # called when the exchanges are there
        self.looks: list[Callable[[], None]] = []  # called after each step of the market
        self.hears: list[Callable[[object], None]] = []  # told of every fact

    def status(self, venue: str) -> VenueStatus:
        return next(status for status in self.summary.status.venues if status.venue == venue)

    def counters(self, venue: str) -> Mapping[str, int]:
        """What its I/O counted."""
        return self.live.data[VenueId(venue)].counters

    def injected(self, venue: str, kind: str) -> int:
        """Faults that were carried out."""
        return self.sim.counters.get(f"{venue}.{kind}", 0)

    def gaps(self, least_ms: float, after_ms: float = 0.0) -> list[PlantedGap]:
        """The planted ones that beat the fees, last long enough, and lie within the time that was watched.

        Watched is a symbol from when both venues have said what its book is.   after_ms: of sim time, not before.
        """
        return [
            gap
            for gap in self.sim.truth_log
            if gap.kind == "gap" and gap.open_ms >= after_ms and self._watched(gap, least_ms) and self._pays(gap)
        ]

    def unreported(self, least_ms: float, after_ms: float = 0.0) -> list[PlantedGap]:
        """Those of them that were never reported at the prices they were planted at."""
        return [gap for gap in self.gaps(least_ms, after_ms) if not self._reported(gap)]

    def undelivered(self) -> list[str]:
        """Where what was received on a connection is not what was sent on it, up to the end of the run."""
        wrong, left = [], list(self.sending.sent)
        for name, received in self.witness.received.items():
            frames = [frame for frame, _ in received]
            sent = next((s for s in left if [frame for frame, _ in s[: len(frames)]] == frames), None)
            if sent is None:
                wrong.append(f"{name}: {len(frames)} frames that were not sent like this")
                continue
            left.remove(sent)
            lost = sum(at_ns < self.ended_ns for _, at_ns in sent[len(frames) :])
            if lost:
                wrong.append(f"{name}: {lost} frames of {len(sent)} never came")
        return wrong

    def told(self) -> str:
        """What a person wants to know who has to find out why it failed."""
        witness, plan = self.witness, self.plan
        return "\n".join(
            (
                f"seed {plan.seed}, depth {plan.depth}, {plan.symbols} symbols, {plan.duration_s:g} s: "
                f"{witness.records} records, {dict(witness.counts)}, {len(witness.missed)} missed",
                f"sim: {dict(self.sim.counters)}, {len(self.sim.truth_log)} planted",
                *(f"{status}\n  {dict(self.counters(status.venue))}" for status in self.summary.status.venues),
                *(f"missed {route} for {(to - since) / MS:g} ms" for route, since, to in witness.missed[:20]),
                *witness.wrong,
            )
        )

    def _watched(self, gap: PlantedGap, least_ms: float) -> bool:
        assert gap.close_mono_ns is not None
        books = [book for (_, symbol), book in self.witness.oracle.books.items() if symbol == gap.symbol]
        return (
            bool(books)
            and all(0 < book.first_ns <= gap.open_mono_ns for book in books)
            and gap.open_mono_ns + least_ms * MS <= gap.close_mono_ns < self.ended_ns
        )

    def _pays(self, gap: PlantedGap) -> bool:
        """Whether the two planted levels alone are worth something."""
        size, quote = Decimal(gap.size), gap.symbol.partition("/")[2]
        asks: list[Level] = [(Decimal(gap.buy_price), size)]
        bids: list[Level] = [(Decimal(gap.sell_price), size)]
        sides = (gap.buy, gap.symbol), (gap.sell, gap.symbol)
        fees = [self.witness.oracle.sources[side] for side in sides]
        buy, sell = (self.served.listings[side] for side in sides)
        return best(asks, bids, buy.limits(True, fees[0]), sell.limits(False, fees[1]), SIZES[quote]) is not None

    def _reported(self, gap: PlantedGap) -> bool:
        route = Route(gap.symbol, gap.buy, gap.sell)
        assert gap.close_mono_ns is not None
        return any(
            seen.route == route
            and gap.open_mono_ns <= seen.at_ns <= gap.close_mono_ns + _ON_ITS_WAY_NS
            and (seen.ask, seen.bid) == (Decimal(gap.buy_price), Decimal(gap.sell_price))
            for seen in self.witness.seen
        )
