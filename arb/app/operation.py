"""A running engine as a person at the control socket sees it: what it is doing, and the verbs that steer it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from decimal import Context, Decimal

import msgspec

from arb.app.tally import Tally
from arb.app.vitals import Vitals
from arb.books import Books
from arb.control import BalancesReply, CancelReply, FlattenReply, RiskReply, UptimeReply
from arb.domain import BookState, Coin, CycleEnd, Fact, Order, OrderSent, RiskState, VenueId
from arb.execution import Executor
from arb.exposure import Residuals
from arb.interfaces import Clock, Lane, Trading
from arb.inventory import Inventory
from arb.journal import SqliteJournal
from arb.latency import Latency
from arb.risk import Risk
from arb.status import BalanceRow, EngineStatus, ExposureRow, OrderRow, PrivateStatus
from arb.valuing import Valuer

MOST_ORDERS = 64  # looked for in a venue's budget: more than these at once nobody sends
_EXACT = Context(prec=60)
_STANDS = "somebody at the control socket"


class Side(msgspec.Struct, frozen=True):
    """One venue's private side. path: "native", "ccxt" or "paper": who carries the orders."""

    trading: Trading
    path: str


class Operation:
    """`Operated` of the control socket, and the `EngineSource` of the views. Hears every fact."""

    def __init__(
        self,
        *,
        mode: str,
        currency: Coin,
        sides: Mapping[VenueId, Side],
        books: Books,
        executor: Executor,
        risk: Risk,
        inventory: Inventory,
        residuals: Residuals,
        valuer: Valuer,
        tally: Tally,
        journal: SqliteJournal,
        clock: Clock,
        vitals: Vitals,
    ) -> None:
        self._mode = mode
        self._currency = currency
        self._sides = sides
        self._books = books
        self._executor = executor
        self._risk = risk
        self._inventory = inventory
        self._residuals = residuals
        self._valuer = valuer
        self._tally = tally
        self._journal = journal
        self._clock = clock
        self._vitals = vitals
        self._began_ns = clock.mono_ns()
        self._flattening: list[Order] | None = None
        self.data_path: Callable[[VenueId], str] = lambda _venue: ""  # how the path of a venue's books is shown

    def on_fact(self, fact: Fact) -> None:
        """Which orders a `flatten` sends is told by the facts it causes."""
        if self._flattening is not None and isinstance(fact, OrderSent):
            self._flattening.append(fact.order)

    # ------------------------------------------------------------------------------------------- verbs

    def halt(self, why: str) -> RiskReply:
        before, now_ns = self._risk.state, self._clock.mono_ns()
        self._risk.halt(why or _STANDS, now_ns)
        cancelled = self._executor.cancel_all(now_ns)
        return RiskReply(before, self._risk.state, "; ".join(filter(None, (why, self._unwritten()))), len(cancelled))

    def resume(self, why: str) -> RiskReply:
        before = self._risk.state
        self._risk.resume(why or _STANDS, self._clock.mono_ns())
        still = "; ".join(self._risk.why.values()) or why
        return RiskReply(before, self._risk.state, "; ".join(filter(None, (still, self._unwritten()))))

    def _unwritten(self) -> str:
        """A killed process must not forget what a person decided: empty where it is written down now."""
        self._journal.flush()
        if not self._journal.waiting:
            return ""
        return f"not written down yet: {self._journal.trouble or 'the journal is busy'}"

    def cancel_all(self) -> CancelReply:
        return CancelReply(tuple(map(_row, self._executor.cancel_all(self._clock.mono_ns()))))

    def flatten(self) -> FlattenReply:
        sent: list[Order] = []
        self._flattening = sent
        try:
            left = self._executor.flatten(self._clock.mono_ns())
        finally:
            self._flattening = None
        return FlattenReply(tuple(map(_row, sent)), left)

    def balances(self) -> BalancesReply:
        now_ns = self._clock.mono_ns()
        return BalancesReply(
            tuple(
                BalanceRow(
                    held.venue, held.coin, held.free, held.locked, held.reserved,
                    age_ms=(now_ns - held.recv_ns) / 1e6, usable=not self._inventory.why_not(held.venue),
                )
                for held in self._inventory.holdings()
            )
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- status

    def status(self) -> EngineStatus:
        now_ns, tally = self._clock.mono_ns(), self._tally
        limit, why = next(reversed(tuple(self._risk.why.items())), ("", ""))
        return EngineStatus(
            mode=self._mode,
            pid=os.getpid(),
            wall_ns=self._clock.wall_ns(),
            uptime_s=(now_ns - self._began_ns) / 1e9,
            risk=self._risk.state,
            currency=self._currency,
            limit=limit,
            why=why,
            cycles_open=len(self._executor.open),
            cycles_closed=sum(tally.ends.values()),
            cycles_reported=tally.ends[CycleEnd.REPORTED],
            orders_sent=tally.orders,
            pnl_today=self._worth(tally.today, now_ns),
            pnl_total=self._worth(tally.pnl, now_ns),
            exposure=self._exposures(now_ns),
            venues=tuple(self._venue(venue, side, now_ns) for venue, side in self._sides.items()),
            refused=tuple(tally.refused.most_common()),
            sent_p50_us=_us(tally.sent, 0.5),
            sent_p99_us=_us(tally.sent, 0.99),
            acked_p50_us=_us(tally.acked, 0.5),
            acked_p99_us=_us(tally.acked, 0.99),
            journal=str(self._journal.path),
            loop=self._vitals.loop(),
        )

    def uptime(self) -> UptimeReply:
        """Every book by itself."""
        return UptimeReply(tuple(self._vitals.uptime.rows(self._books, self._clock.mono_ns())))

    def _worth(self, amounts: Mapping[Coin, Decimal], now_ns: int) -> Decimal:
        """In the run's currency; a quote coin that no book values counts as itself would: not at all."""
        total = Decimal(0)
        for coin, amount in amounts.items():
            price = self._valuer.price(coin, now_ns)
            if price is not None:
                total = _EXACT.fma(amount, price, total)
        return total

    def _exposures(self, now_ns: int) -> tuple[ExposureRow, ...]:
        rows = []
        for venue, coin, qty in self._residuals:
            price = self._valuer.price(coin, now_ns)
            rows.append(ExposureRow(venue, coin, qty, None if price is None else _EXACT.multiply(qty, price)))
        return tuple(rows)

    def _venue(self, venue: VenueId, side: Side, now_ns: int) -> PrivateStatus:
        trading = side.trading
        error_ns = trading.clock_error_ns()
        unusable = self._inventory.why_not(venue)
        ages = [now_ns - held.recv_ns for held in self._inventory.holdings() if held.venue == venue]
        books = [book for book in self._books if book.venue == venue]
        return PrivateStatus(
            venue,
            side.path,
            private_up=not unusable,
            clock_error_ms=None if error_ns is None else error_ns / 1e6,
            orders_left=_budget(trading),
            balances_age_ms=None if unusable or not ages else min(ages) / 1e6,
            books=len(books),
            books_live=sum(book.state is BookState.LIVE for book in books),
            losses=trading.counters.get("losses", 0) + trading.counters.get("socket_losses", 0),
            why=trading.refusal(1, Lane.ORDER) or unusable,
            uptime=self._vitals.uptime.venue(venue, books, now_ns),
            breakers=self._vitals.breakers.rows(venue, now_ns),
            data=self.data_path(venue),
        )

    @property
    def halted_by(self) -> str:
        """The limit that has halted the engine; "" where none did, or a person."""
        if self._risk.state is not RiskState.HALTED:
            return ""
        return next((limit for limit in self._risk.why if limit != "halt"), "")


def _budget(trading: Trading) -> int:
    """The most orders that would leave at once."""
    low, high = 0, MOST_ORDERS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if trading.refusal(middle, Lane.ORDER) else (middle, high)
    return low


def _us(latency: Latency, share: float) -> float | None:
    return latency.quantile_ns(share) / 1e3 if latency.count else None


def _row(order: Order) -> OrderRow:
    return OrderRow(order.venue, order.symbol, order.client_id, order.side, order.qty, order.price)
