"""The steps of a recovery, in their order: state, cycles, stray orders, forgotten fills, balances."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NoReturn, Protocol, TypeVar

import msgspec

from arb.domain import (
    BalancesRead,
    Baseline,
    ClientId,
    Coin,
    CycleClosed,
    CycleId,
    CycleMoved,
    CycleOpened,
    Delta,
    ExposureMoved,
    Fact,
    Fill,
    Mismatch,
    NakedMoved,
    OrderSent,
    OrderUpdate,
    PrivateEvent,
    RiskMoved,
    Symbol,
    VenueId,
)
from arb.errors import ReconcileError, Transient
from arb.execution import Unproven
from arb.execution.ids import cycle_of, ours
from arb.interfaces import Clock, Lane, Trading
from arb.journal import Records, SentOrder, fill_key
from arb.recovery.balances import Difference, deltas, differences, expected, summed, totals
from arb.recovery.proving import SKEW_NS, prove
from arb.units import plain

T = TypeVar("T")

STEP_S = 0.05  # between two looks at what is in memory
ASK_S = 0.5  # between two questions to a venue
LATE_S = 6.0  # so much later than its fills a venue's balances may come
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS

_RECENT_NS = 600 * SECOND_NS  # before the last order: whatever was sent since may have fills that we lack
_ACCEPT = "if you moved it yourself, look at the account and then start once with 'arb run --accept-balances'"


class Adopts(Protocol):
    """What recovery asks of the executor."""

    @property
    def open(self) -> Mapping[CycleId, object]: ...

    def adopt(self, opened: CycleOpened, sent: Sequence[OrderSent], events: Sequence[OrderUpdate | Fill]) -> None: ...

    def on_event(self, event: PrivateEvent) -> None: ...

    def on_timer(self, now_ns: int) -> None: ...

    def unproven(self, now_ns: int) -> tuple[Unproven, ...]: ...


class Ledger(Protocol):
    """What recovery asks of the exposure ledger."""

    def move(self, cycle: CycleId, venue: VenueId, coin: Coin, change: Decimal, at_ns: int) -> ExposureMoved: ...

    def restore(self, moves: Iterable[ExposureMoved]) -> None: ...


class Remembers(Protocol):
    """What recovery asks of the risk gate."""

    def restore(self, facts: Iterable[Fact], now_ns: int) -> None: ...


class Recovered(msgspec.Struct, frozen=True):
    """cycles: of an earlier process, ended now.   fills: that our journal lacked.   cancelled: orders nobody owned.

    mismatches: what was reported; those of balances were accepted.
    """

    cycles: tuple[CycleId, ...]
    fills: tuple[Fill, ...]
    cancelled: tuple[ClientId, ...]
    mismatches: tuple[Mismatch, ...]


async def recover(
    records: Records,
    trading: Mapping[VenueId, Trading],
    executor: Adopts,
    exposure: Ledger,
    risk: Remembers,
    *,
    clock: Clock,
    sleep: Callable[[float], Awaitable[object]],
    publish: Callable[[Fact], None],
    flush: Callable[[], None],
    patience_s: float,
    accept_balances: bool = False,
) -> Recovered:
    """Take up what the journal tells and hold it against the venues, whose private sides run and feed the executor.

    publish: journals each fact and tells everybody.   flush: commits what is journalled, for `records` to see.
    patience_s: for each step; then what is still open is a difference.
    Raises ReconcileError for what nothing explains, Transient where a private side does not come up, VenueError,
    JournalError. Nothing may be traded unless this returns.
    """
    patience_ns = int(patience_s * SECOND_NS)
    recovery = _Recovery(records, trading, executor, exposure, clock, sleep, publish, flush, patience_ns)
    exposure.restore(records.exposures())
    risk.restore(_remembered(records, clock.wall_ns()), clock.mono_ns())
    await recovery.up()
    cycles = await recovery.cycles()
    cancelled = await recovery.strays()
    fills = await recovery.fills()
    await recovery.balances(accept=accept_balances)
    return Recovered(cycles, fills, cancelled, tuple(recovery.mismatches))


def _remembered(records: Records, wall_ns: int) -> list[Fact]:
    """What the risk gate judges by, oldest first: its state, today's ends, and all of the cycles that are open."""
    today_ns = wall_ns - wall_ns % DAY_NS
    found = {r.id: r for r in records.records((RiskMoved, CycleClosed), since_ns=today_ns)}
    before = records.last_risk(before_ns=today_ns)
    if before is not None:
        found[before.id] = before
    for opened in records.open_cycles():
        kinds = (CycleOpened, OrderSent, CycleMoved, NakedMoved)
        found |= {r.id: r for r in records.records(kinds, cycle=opened.cycle)}
    return [found[id_].fact for id_ in sorted(found)]


class _Recovery:
    def __init__(
        self,
        records: Records,
        trading: Mapping[VenueId, Trading],
        executor: Adopts,
        exposure: Ledger,
        clock: Clock,
        sleep: Callable[[float], Awaitable[object]],
        publish: Callable[[Fact], None],
        flush: Callable[[], None],
        patience_ns: int,
    ) -> None:
        self.mismatches: list[Mismatch] = []
        self._records = records
        self._trading = trading
        self._executor = executor
        self._exposure = exposure
        self._clock = clock
        self._sleep = sleep
        self._publish = publish
        self._flush = flush
        self._patience_ns = patience_ns
        self._adopted: tuple[CycleId, ...] = ()
        self._suspects: dict[tuple[VenueId, Symbol], int] = {}  # where fills may be missing, since which wall time
        self._suspect(records.orders(since_ns=max(0, records.last_sent_ns() - _RECENT_NS)))

    async def up(self) -> None:
        for venue, side in self._trading.items():
            until_ns = self._deadline()
            while why := side.refusal(1, Lane.RECONCILE):
                if self._clock.mono_ns() >= until_ns:
                    raise Transient(venue, f"its private side is not up: {why}")
                await self._sleep(STEP_S)

    async def cycles(self) -> tuple[CycleId, ...]:
        """Those without an end go on until every order of theirs is accounted for."""
        found = self._records.open_cycles()
        self._know(found)
        for opened in found:
            orders = tuple(self._records.orders(cycle=opened.cycle))
            self._suspect(orders)
            sent = tuple(self._records.facts(OrderSent, cycle=opened.cycle))
            self._executor.adopt(opened, sent, self._records.events(opened.cycle))
        self._adopted = ids = tuple(opened.cycle for opened in found)
        until_ns, look_ns = self._deadline(), self._soon()
        while left := [cycle for cycle in ids if cycle in self._executor.open]:
            if self._clock.mono_ns() >= until_ns:
                self._give_up_on(left)
            await self._sleep(STEP_S)
            self._executor.on_timer(self._clock.mono_ns())
            if self._clock.mono_ns() >= look_ns:
                await prove(self._executor, self._trading, self._clock, self._tell)
                look_ns = self._soon()
        return ids

    async def strays(self) -> tuple[ClientId, ...]:
        """Orders with our mark that rest and that no open cycle owns: cancelled, and told."""
        cancelled: list[ClientId] = []
        for venue, side in self._trading.items():
            until_ns = self._deadline()
            while found := [order for order in await self._read(side.open_orders) if self._stray(order)]:
                for order in found:
                    if order.client_id not in cancelled:
                        cancelled.append(order.client_id)
                        self._tell_stray(order)
                    side.cancel(order.symbol, order.client_id, order.venue_id)
                if self._clock.mono_ns() >= until_ns:
                    names = ", ".join(order.client_id for order in found)
                    self._flush()
                    raise ReconcileError(f"{venue}: {names} rests there, nobody owns it, and it cannot be cancelled")
                await self._sleep(ASK_S)
        return tuple(cancelled)

    async def fills(self) -> tuple[Fill, ...]:
        """What the venues know of the markets that we traded last and our journal does not."""
        self._flush()
        taken: list[Fill] = []
        for (venue, symbol), since_ns in self._suspects.items():
            known = {fill_key(fill) for fill in self._records.fills(since_ns=since_ns - _RECENT_NS)}
            for fill in await self._read(partial(self._trading[venue].fills, symbol, since_ns)):
                if fill_key(fill) not in known:
                    taken.append(fill)
                    self._take(fill)
        return tuple(taken)

    async def balances(self, *, accept: bool) -> None:
        """Every venue's present amounts must follow from its baseline, and become the next one."""
        unexplained: list[Difference] = []
        reads: list[BalancesRead] = []
        for venue, side in self._trading.items():
            until_ns = min(self._deadline(), self._clock.mono_ns() + int(LATE_S * SECOND_NS))
            while True:
                read = await self._read(side.balances)
                found = self._unexplained(venue, read)
                if not found or self._clock.mono_ns() >= until_ns:
                    break
                await self._sleep(ASK_S)
            unexplained += found
            reads.append(read)
        for it in unexplained:
            self._mismatch(it.venue, it.coin, plain(it.ours), plain(it.theirs))
        if unexplained and not accept:
            self._flush()
            told = "; ".join(map(str, unexplained))
            raise ReconcileError(f"balances that nothing in {self._records.path} explains: {told}; {_ACCEPT}")
        differ = {it.venue for it in unexplained}
        for read in reads:
            held = tuple(Delta(read.venue, coin, qty) for coin, qty in totals(read).items())
            at_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
            self._publish(Baseline(read.venue, held, read.venue in differ, at_ns, wall_ns))
        self._flush()

    # -------------------------------------------------------------------------------------------------------- inside

    async def _read(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asked again while that may help: one answer that is lost or late must not stop a start. Raises VenueError."""
        until_ns = self._deadline()
        while True:
            try:
                return await ask()
            except Transient as exc:
                if self._clock.mono_ns() >= until_ns:
                    raise
                await self._sleep(max(ASK_S, exc.retry_after_s))

    def _know(self, found: Sequence[CycleOpened]) -> None:
        """Every venue of an open cycle must be there. Raises ReconcileError."""
        for opened in found:
            for sent in self._records.orders(cycle=opened.cycle):
                if sent.order.venue not in self._trading:
                    raise ReconcileError(
                        f"cycle {opened.cycle} has an order at {sent.order.venue}, which this run leaves out: add it"
                    )

    def _give_up_on(self, left: Sequence[CycleId]) -> NoReturn:
        for cycle in left:
            for venue in sorted({sent.order.venue for sent in self._records.orders(cycle=cycle)}):
                self._mismatch(venue, f"cycle {cycle}", "open", "not told")
        self._flush()
        raise ReconcileError(
            f"what became of cycle {', '.join(left)} cannot be learnt from the venues; see 'arb explain {left[0]}'"
        )

    def _tell(self, event: PrivateEvent) -> None:
        self._publish(event)
        self._executor.on_event(event)

    def _suspect(self, orders: Iterable[SentOrder]) -> None:
        for sent in orders:
            if sent.order.venue in self._trading:
                self._suspect_since(sent.order.venue, sent.order.symbol, sent.record.wall_ns)

    def _suspect_since(self, venue: VenueId, symbol: Symbol, wall_ns: int) -> None:
        since_ns = max(0, wall_ns - SKEW_NS)
        self._suspects[venue, symbol] = min(self._suspects.get((venue, symbol), since_ns), since_ns)

    def _stray(self, order: OrderUpdate) -> bool:
        return ours(order.client_id) and cycle_of(order.client_id) not in self._executor.open

    def _tell_stray(self, order: OrderUpdate) -> None:
        cycle = self._records.cycle_of(order.client_id)
        ended = "not in the journal" if cycle is None else f"of cycle {cycle}, which has ended"
        filled = "unknown" if order.filled_qty is None else plain(order.filled_qty)
        self._mismatch(order.venue, f"order {order.client_id} {order.symbol}", ended, f"open, filled {filled}")
        self._suspect_since(order.venue, order.symbol, self._clock.wall_ns() - DAY_NS)

    def _take(self, fill: Fill) -> None:
        """Into the journal, and into the exposure ledger where it is of a cycle whose end did not count it."""
        self._publish(fill)
        client_id = self._records.owner_of(fill)
        cycle = None if client_id is None else cycle_of(client_id)
        if cycle in self._adopted:
            self._executor.on_event(fill)  # which keeps its own account of them
            return
        if cycle is None:
            return
        at_ns = self._clock.mono_ns()
        for (venue, coin), qty in summed(deltas(fill)).items():
            self._publish(self._exposure.move(cycle, venue, coin, qty, at_ns))

    def _unexplained(self, venue: VenueId, read: BalancesRead) -> list[Difference]:
        """Nothing where the venue has no baseline yet: this becomes its first."""
        self._flush()
        base = self._records.baselines().get(venue)
        return [] if base is None else list(differences(venue, expected(self._records, base), totals(read)))

    def _mismatch(self, venue: VenueId, what: str, mine: str, theirs: str) -> None:
        fact = Mismatch(venue, what, mine, theirs, self._clock.mono_ns())
        self.mismatches.append(fact)
        self._publish(fact)

    def _soon(self) -> int:
        """When the accounts are looked at: what was asked by name has had the time to answer."""
        return self._clock.mono_ns() + int(ASK_S * SECOND_NS)

    def _deadline(self) -> int:
        return self._clock.mono_ns() + self._patience_ns
