"""Carries out what was approved: both legs in one turn of the loop, then whatever their outcome asks for.

Everything is a synchronous answer to an event or a moment. Facts that a restart needs are in the journal before an
order leaves; all others are published as they happen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from arb.config import ExecutionConfig
from arb.domain import (
    BookKey,
    ClientId,
    Coin,
    CycleEnd,
    CycleId,
    CycleOpened,
    CycleState,
    Fact,
    FeeSchedule,
    Fill,
    LegPlan,
    Market,
    Mismatch,
    NakedMoved,
    Order,
    OrderSent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Plan,
    PrivateEvent,
    Purpose,
    VenueId,
)
from arb.errors import JournalError, Rejected
from arb.execution.accounts import Accounts
from arb.execution.closing import closed, end_of
from arb.execution.cycle import Cycle, Stage
from arb.execution.flatten import Flatten
from arb.execution.ids import Ids, client_id
from arb.execution.life import Life
from arb.execution.orders import Orders
from arb.execution.ports import Exposure, Inventory
from arb.execution.proving import LONG_NS, Unproven
from arb.execution.sums import ZERO, times
from arb.execution.unwind import Blocked, Ladder, Step
from arb.interfaces import Clock, Journal, Lane, Trading
from arb.risk import Approved
from arb.sync import BookSync

PATIENCE_NS = 5_000_000_000  # a residual waits so long for a book or a private side that is about to come back
KEEP_NS = 3_600_000_000_000  # orders of a closed cycle are known for so long, for what comes late
MOST_CLOSED = 2_000  # and of so many closed cycles at most: minutes, at the fastest that venues take orders


class Executor:
    """market, fee: static facts of one market.   book: its book of this moment.   permits: the risk gate's word.

    price: of a coin in the run's currency, at a moment; None: no book tells.   publish: is told every fact of this
    package; those written ahead (CycleOpened, OrderSent) are in the journal by then.
    """

    def __init__(
        self,
        *,
        trading: Mapping[VenueId, Trading],
        market: Callable[[BookKey], Market | None],
        fee: Callable[[BookKey], FeeSchedule | None],
        book: Callable[[BookKey], BookSync | None],
        inventory: Inventory,
        exposure: Exposure,
        journal: Journal,
        permits: Callable[[Purpose], bool],
        price: Callable[[Coin, int], Decimal | None],
        publish: Callable[[Fact], None],
        clock: Clock,
        ids: Ids,
        config: ExecutionConfig,
    ) -> None:
        self._accounts = Accounts(inventory, exposure)
        self._journal = journal
        self._permits = permits
        self._price = price
        self._publish = publish
        self._clock = clock
        self._ids = ids
        self._thin_first = config.thin_first
        self._orders = Orders(
            trading, answer_ns=config.answer_ms * 1_000_000, ask_ns=config.ask_ms * 1_000_000, problem=self._wrong
        )
        self._ladder = Ladder(
            config.unwind, market=market, fee=fee, book=book, funds=inventory, trading=trading, permits=permits
        )
        self._flatten = Flatten(
            exposure=exposure, ladder=self._ladder, market=market, fee=fee, book=book, venues=trading, price=price,
            loss_bps=config.unwind[-1].max_loss_bps if config.unwind else ZERO,
        )  # fmt: skip
        self._cycles: dict[CycleId, Cycle] = {}  # open ones
        self._closed: deque[Cycle] = deque()  # oldest first
        self._owner: dict[ClientId, Cycle] = {}
        self._dirty: dict[CycleId, Cycle] = {}
        self._working = False
        self._stopping = ""  # why nothing new is sent; "": it is
        self._broken: JournalError | None = None

    @property
    def broken(self) -> JournalError | None:
        """Why nothing is sent any more: the journal could not be written for too long."""
        return self._broken

    @property
    def open(self) -> Mapping[CycleId, Cycle]:
        return MappingProxyType(self._cycles)

    # ------------------------------------------------------------------------------------------- what it is told to do

    def start(self, approved: Approved, now_ns: int) -> None:
        """Both legs, or the thin one, in this very call.

        Raises JournalError, also for one that has stopped the unwinding of another cycle, and Rejected after `stop`:
        then nothing has been sent.
        """
        plan = approved.plan
        if self._broken is not None:
            raise self._broken
        if self._stopping:
            raise Rejected(plan.buy.venue, self._stopping)
        cycle_id = self._ids.cycle()
        legs = self._by_depth(plan, now_ns) if self._thin_first else (plan.buy, plan.sell)
        orders = tuple([_entry(plan, leg, client_id(cycle_id, n)) for n, leg in enumerate(legs, 1)])
        first = orders[:1] if self._thin_first else orders
        opened = CycleOpened(cycle_id, plan, first, now_ns, self._clock.wall_ns())
        self._journal.ahead(opened)
        cycle = self._enter(opened)
        for order, leg in zip(orders, legs, strict=True):
            self._accounts.reserve(cycle, order.client_id, leg.venue, leg.coin, leg.cost, now_ns)
        if self._thin_first:
            cycle.second = legs[1]
        lives = [self._join(cycle, order, Purpose.ENTRY, now_ns) for order in first]
        was, self._working = self._working, True  # a refusal on the spot must not start the ladder between two legs
        try:
            for life in lives:
                refused = [other for other in lives if other.status is OrderStatus.REJECTED]
                if not refused:
                    self._orders.submit(life, Lane.ORDER)
                else:
                    self._withhold(life, f"{refused[0].order.client_id} was refused before this one left", now_ns)
            self._publish(opened)
        finally:
            self._working = was
        self._work(now_ns)

    def cancel_all(self, now_ns: int) -> tuple[Order, ...]:
        """Every order of ours that has not ended, and none of anybody else. Returns them."""
        return tuple(life.order for life in self._orders.unaccounted() if self._orders.cancel(life, now_ns))

    def unproven(self, now_ns: int) -> tuple[Unproven, ...]:
        """Orders that were asked for in vain for so long that only reading the account can tell: see `proven`."""
        wall_ns = self._clock.wall_ns()
        return tuple(
            Unproven(life.order, life.venue_id, wall_ns - (now_ns - life.sent_ns))
            for life in self._orders.unaccounted()
            if not life.resting and now_ns - life.sent_ns > max(LONG_NS, life.settle_ns)
        )

    def flatten(self, now_ns: int) -> tuple[str, ...]:
        """IOC orders against the net exposure of every coin. Returns what stays, and why, one line a coin."""
        if self._stopping or not self._permits(Purpose.FLATTEN):
            return (f"nothing may be sent: {self._stopping or 'halted; resume first'}",)
        busy = {cycle.plan.base: f"cycle {cycle.id}" for cycle in self._cycles.values() if cycle.flattening}
        orders, left = self._flatten.orders(busy, now_ns)
        for order in orders:
            opened = CycleOpened(
                self._ids.cycle(), self._flatten.plan(order, now_ns), (), now_ns, self._clock.wall_ns()
            )
            self._send(Cycle(opened, 0), order.step, now_ns, ahead=(opened,))
        self._work(now_ns)
        return tuple(left)

    def stop(self, now_ns: int) -> None:
        """Nothing new is sent: cycles end when their orders are accounted, and what is left is reported."""
        self._stop("stopping", now_ns)

    def adopt(self, opened: CycleOpened, sent: Sequence[OrderSent], events: Sequence[OrderUpdate | Fill]) -> None:
        """A cycle of an earlier process goes on. Nothing is sent again: what is not accounted is asked.

        Nothing is set aside for its orders: balances read since then show what they hold or have spent.
        sent, events: all that the journal has of it. Raises ConfigError where a venue of it is not configured.
        """
        now_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
        cycle = self._enter(opened)
        for order in opened.orders:
            sent_ns = now_ns - max(0, wall_ns - opened.wall_ns)
            self._join(cycle, order, Purpose.ENTRY, sent_ns, submitted=True)
        for each in sent:
            sent_ns = now_ns - max(0, wall_ns - each.wall_ns)
            self._join(cycle, each.order, each.purpose, sent_ns, submitted=True)
            if 0 < each.step <= len(cycle.used) and not cycle.flattening:
                cycle.used[each.step - 1] += 1
        was, self._working = self._working, True
        try:
            for event in events:
                self._feed(event, now_ns)
            for life in cycle.lives:
                self._orders.ask(life, now_ns)
        finally:
            self._working = was
        self._dirty[cycle.id] = cycle
        self._work(now_ns)

    # ------------------------------------------------------------------------------------------- what happens to it

    def on_event(self, event: PrivateEvent) -> None:
        now_ns = self._clock.mono_ns()
        self._feed(event, now_ns)
        self._work(now_ns)

    def on_timer(self, now_ns: int) -> None:
        """Silence, questions that are due, and residuals that wait for a book."""
        self._orders.on_timer(now_ns)
        self._dirty.update(self._cycles)
        self._work(now_ns)
        self._forget(now_ns)

    # ------------------------------------------------------------------------------------------- cycles

    def _feed(self, event: PrivateEvent, now_ns: int) -> None:
        for life in self._orders.on_event(event, now_ns):
            cycle = self._owner[life.order.client_id]
            self._dirty[cycle.id] = cycle

    def _work(self, now_ns: int) -> None:
        """One turn of every cycle that something happened to; what a turn causes comes after it, not within."""
        if self._working:
            return
        self._working = True
        try:
            while self._dirty:
                self._turn(self._dirty.pop(next(iter(self._dirty))), now_ns)
        finally:
            self._working = False

    def _turn(self, cycle: Cycle, now_ns: int) -> None:
        if cycle.state is CycleState.CLOSED:
            self._book_late(cycle, now_ns)
            return
        self._accounts.settle(cycle, now_ns)
        self._measure(cycle, now_ns)
        if cycle.stage is Stage.UNKNOWN:
            self._move(cycle, CycleState.ASKING, cycle.legs(), now_ns)
        if cycle.stage is not Stage.READY:
            return
        step = self._next(cycle, now_ns)
        if isinstance(step, Step):
            self._move(cycle, CycleState.UNWINDING, f"{cycle.legs()}: {step.purpose.name} at {step.venue}", now_ns)
            self._send(cycle, step, now_ns)
        elif step.passing and self._patient(cycle, now_ns):
            self._move(cycle, CycleState.UNWINDING, f"{cycle.legs()}: {step.why}", now_ns)
        else:
            self._close(cycle, step.why, now_ns)

    def _next(self, cycle: Cycle, now_ns: int) -> Step | Blocked:
        residual = cycle.residual
        if cycle.flattening or self._is_dust(cycle, residual):
            return Blocked("")
        if self._stopping:
            return Blocked(self._stopping)
        if cycle.second is not None:
            second = self._ladder.second(cycle)
            cycle.second = None
            if isinstance(second, Step):
                return second
            self._accounts.release(cycle, now_ns)  # the next order will have its name, and may cost another coin
        return self._ladder.next(cycle, now_ns)

    def _patient(self, cycle: Cycle, now_ns: int) -> bool:
        if cycle.blocked_ns is None:
            cycle.blocked_ns = now_ns
        return now_ns - cycle.blocked_ns < PATIENCE_NS

    def _send(self, cycle: Cycle, step: Step, now_ns: int, ahead: tuple[Fact, ...] = ()) -> None:
        order = Order(
            step.venue, cycle.plan.symbol, step.side, OrderType.IOC, step.qty, step.price,
            client_id(cycle.id, len(cycle.lives) + 1),
        )  # fmt: skip
        sent = OrderSent(cycle.id, order, step.purpose, step.number, now_ns, self._clock.wall_ns())
        try:
            self._journal.ahead(*ahead, sent)
        except JournalError as error:
            if ahead:
                raise  # the cycle does not exist yet
            if self._patient(cycle, now_ns):
                return  # a lock or a full disk may pass: the timer comes back to it
            self._broken = error  # what cannot be written down is not sent, and is told
            self._stop(f"the journal: {error}", now_ns)
            self._dirty[cycle.id] = cycle
            return
        self._cycles[cycle.id] = cycle
        cycle.blocked_ns = None
        if step.number and not cycle.flattening:
            cycle.used[step.number - 1] += 1
        self._accounts.reserve(cycle, order.client_id, step.venue, step.coin, step.amount, now_ns)
        life = self._join(cycle, order, step.purpose, now_ns)
        was, self._working = self._working, True
        try:
            self._orders.submit(life, Lane.HEDGE)
            for fact in (*ahead, sent):
                self._publish(fact)
        finally:
            self._working = was

    def _close(self, cycle: Cycle, why: str, now_ns: int) -> None:
        deltas = cycle.deltas
        end = end_of(cycle, deltas, lambda qty: self._is_dust(cycle, qty))
        words = ", ".join([cycle.legs(), *(purpose.name.lower() for purpose in cycle.steps)])
        if end is CycleEnd.REPORTED:
            words = f"{words}; {why}" if why else words
        fact = closed(cycle, end, deltas, self._price, words, now_ns, self._clock.wall_ns())
        moved = self._accounts.book(cycle, now_ns)
        self._accounts.release(cycle, now_ns)
        del self._cycles[cycle.id]
        cycle.closed_ns = now_ns
        self._closed.append(cycle)
        self._move(cycle, CycleState.CLOSED, fact.why, now_ns)
        self._publish(fact)
        for each in moved:
            self._publish(each)

    def _book_late(self, cycle: Cycle, now_ns: int) -> None:
        """Something came after the end. Fills are money: the ledger has them, and a person is told."""
        for each in self._accounts.book(cycle, now_ns):
            what = f"{each.change} {each.coin} after the end of cycle {cycle.id}"
            self._publish(Mismatch(each.venue, what, "0", str(each.change), now_ns))
            self._publish(each)

    def _forget(self, now_ns: int) -> None:
        """The oldest that are over. One that a late message has opened again is asked about until it is accounted."""
        for _ in range(len(self._closed)):
            if len(self._closed) <= MOST_CLOSED and now_ns - self._closed[0].closed_ns <= KEEP_NS:
                return
            cycle = self._closed.popleft()
            if not all(life.accounted for life in cycle.lives):
                self._closed.append(cycle)
                continue
            for life in cycle.lives:
                self._orders.forget(life)
                self._owner.pop(life.order.client_id, None)

    # ------------------------------------------------------------------------------------------- parts of the above

    def _enter(self, opened: CycleOpened) -> Cycle:
        cycle = self._cycles[opened.cycle] = Cycle(opened, len(self._ladder.rungs))
        return cycle

    def _join(self, cycle: Cycle, order: Order, purpose: Purpose, sent_ns: int, *, submitted: bool = False) -> Life:
        life = self._orders.add(order, sent_ns, submitted=submitted)
        cycle.join(life, purpose)
        self._owner[order.client_id] = cycle
        return life

    def _withhold(self, life: Life, why: str, now_ns: int) -> None:
        order = life.order
        update = OrderUpdate(
            order.venue, order.client_id, "", OrderStatus.REJECTED, ZERO, ZERO, why, 0, now_ns, order.symbol
        )
        self._feed(update, now_ns)
        self._publish(update)

    def _measure(self, cycle: Cycle, now_ns: int) -> None:
        """How much stands naked, as far as anything is known; what no order could cover counts for nothing."""
        if cycle.flattening:
            return
        standing = cycle.standing
        notional = ZERO
        if not self._is_dust(cycle, standing):
            notional = abs(times(standing, cycle.reference(standing)))
        if cycle.naked.set(notional, now_ns):
            since_ns = cycle.naked.since_ns
            self._publish(NakedMoved(cycle.id, cycle.plan.quote, notional, since_ns, now_ns))

    def _is_dust(self, cycle: Cycle, qty: Decimal) -> bool:
        return self._ladder.dust(cycle.plan.symbol, qty, cycle.reference(qty))

    def _move(self, cycle: Cycle, after: CycleState, why: str, now_ns: int) -> None:
        moved = cycle.move(after, why, now_ns)
        if moved is not None:
            self._publish(moved)

    def _by_depth(self, plan: Plan, now_ns: int) -> tuple[LegPlan, LegPlan]:
        """The leg whose book has less within its cap first."""
        found = [
            self._ladder.depth((leg.venue, plan.symbol), leg.side, leg.price, now_ns) for leg in (plan.buy, plan.sell)
        ]
        return (plan.buy, plan.sell) if found[0] <= found[1] else (plan.sell, plan.buy)

    def _stop(self, why: str, now_ns: int) -> None:
        self._stopping = self._stopping or why
        self._dirty.update(self._cycles)
        self._work(now_ns)

    def _wrong(self, life: Life, wrong: str, now_ns: int) -> None:
        ours = f"{life.order.side.name} {life.order.qty} {life.order.symbol}"
        self._publish(Mismatch(life.order.venue, f"order {life.order.client_id}", ours, wrong, now_ns))


def _entry(plan: Plan, leg: LegPlan, name: ClientId) -> Order:
    return Order(leg.venue, plan.symbol, leg.side, OrderType.IOC, leg.qty, leg.price, name)
