"""The life of one order: every state, every transition, and when the order is accounted. Fed, and never asks.

What venues say arrives doubled, late and out of order, by push and by answer. So a status only ever goes forward,
cumulative numbers only grow, and fills are a set: whatever the order of the same messages, the end is the same.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType

import msgspec

from arb.domain import Coin, Fill, NotFound, Order, OrderStatus, OrderType, OrderUpdate
from arb.execution.sums import ZERO, plus, times, total


class Verdict(IntEnum):
    """What to make of a status that is told."""

    TAKE = 1
    KEEP = 2  # nothing new: doubled, late, or less than is known
    END = 3  # another word for an end: right if the quantity is the same
    ODD = 4  # cannot be after what is known: what is known stands, and it is told
    REVIVE = 5  # should not be, but the order lives: taken, and told


_P, _O, _A, _F, _C, _R, _U = (
    OrderStatus.PENDING,
    OrderStatus.OPEN,
    OrderStatus.PARTIAL,
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
    OrderStatus.UNKNOWN,
)
_ROWS = {
    # told:  PENDING       OPEN            PARTIAL         FILLED          CANCELLED     REJECTED      UNKNOWN
    _P: (Verdict.KEEP, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE),
    _O: (Verdict.KEEP, Verdict.KEEP, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.ODD, Verdict.KEEP),
    _A: (Verdict.KEEP, Verdict.KEEP, Verdict.KEEP, Verdict.TAKE, Verdict.TAKE, Verdict.ODD, Verdict.KEEP),
    _F: (Verdict.KEEP, Verdict.KEEP, Verdict.KEEP, Verdict.KEEP, Verdict.END, Verdict.ODD, Verdict.KEEP),
    _C: (Verdict.KEEP, Verdict.KEEP, Verdict.KEEP, Verdict.END, Verdict.KEEP, Verdict.END, Verdict.KEEP),
    _R: (Verdict.KEEP, Verdict.REVIVE, Verdict.REVIVE, Verdict.REVIVE, Verdict.END, Verdict.KEEP, Verdict.KEEP),
    _U: (Verdict.KEEP, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.TAKE, Verdict.KEEP),
}
TRANSITIONS = MappingProxyType(
    {(now, told): row[place] for now, row in _ROWS.items() for place, told in enumerate((_P, _O, _A, _F, _C, _R, _U))}
)
TERMINAL = frozenset((_F, _C, _R))
MOST_FILLS = 10_000  # of one order: no book has so many orders within a cap, and an account is not read without end
_RESTING = frozenset((OrderType.LIMIT, OrderType.POST_ONLY))


class Life:
    """One order. sent_ns: when it left, or would have left.   settle_ns, forget_ns: of its venue, see `Trading`.

    The methods that take a message answer with what is wrong about it, in words; "" where nothing is.
    """

    __slots__ = ("_ended", "_named_ns", "_notional", "_told", "fills", "forget_ns", "order", "sent_ns", "settle_ns",
                 "status", "venue_id")  # fmt: skip

    def __init__(self, order: Order, sent_ns: int, settle_ns: int, forget_ns: int) -> None:
        self.order = order
        self.sent_ns = sent_ns
        self.settle_ns = settle_ns
        self.forget_ns = forget_ns
        self.status = OrderStatus.PENDING
        self.venue_id = ""
        self.fills: dict[str, Fill] = {}  # by trade id, which is unique within a market
        self._told = ZERO  # the most that was told to be filled
        self._ended: Decimal | None = None  # the most that was told at its end
        self._notional: Decimal | None = None  # the same in quote
        self._named_ns = 0  # when the venue's id became known

    # ------------------------------------------------------------------------------------------- what is known

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def resting(self) -> bool:
        """It may stay open for as long as it likes, and does."""
        return self.order.type in _RESTING and self.status in (_O, _A)

    @property
    def executed(self) -> Decimal:
        """Base, the sum of its fills."""
        return total(fill.qty for fill in self.fills.values())

    @property
    def filled(self) -> Decimal:
        """Base filled for all that is known, with or without a fill that says how."""
        return max(self._told, self.executed)

    @property
    def notional(self) -> Decimal:
        """Quote, the sum of its fills."""
        return total(times(fill.price, fill.qty) for fill in self.fills.values())

    @property
    def fees(self) -> dict[Coin, Decimal]:
        by_coin: dict[Coin, Decimal] = {}
        for fill in self.fills.values():
            by_coin[fill.fee_coin] = plus(by_coin.get(fill.fee_coin, ZERO), fill.fee)
        return by_coin

    @property
    def accounted(self) -> bool:
        """Terminal, its filled quantity is known, and its fills add up to it."""
        if not self.terminal:
            return False
        if self._ended is not None:
            return self.executed == max(self._ended, self._told)
        if self._notional is not None:
            return self.notional == self._notional  # a market buy that tells only what it spent
        return False

    # ------------------------------------------------------------------------------------------- what it is fed

    def on_update(self, update: OrderUpdate) -> str:
        if update.venue_id and not self.venue_id:
            self.venue_id, self._named_ns = update.venue_id, update.recv_ns
        elif update.venue_id and update.venue_id != self.venue_id:
            return f"one client id, two orders: {self.venue_id} and {update.venue_id}"
        told, qty = update.status, update.filled_qty
        verdict = TRANSITIONS[self.status, told]
        if told is _R and self.fills:
            verdict = Verdict.ODD
        if verdict is Verdict.ODD:
            return f"{self.status.name} with {self.filled} filled, then {told.name}: {update.reason}"
        wrong = ""
        if verdict is Verdict.REVIVE:
            wrong = f"{self.status.name}, then {told.name}"
            self._ended = self._notional = None
        elif verdict is Verdict.END and qty is not None and self._ended is not None and qty != self._ended:
            wrong = f"{self.status.name} with {self._ended}, then {told.name} with {qty}"
            verdict = Verdict.TAKE if told is _F else Verdict.KEEP
        if verdict in (Verdict.TAKE, Verdict.REVIVE):
            self.status = told
        self._count(told, qty, update.filled_notional)
        return wrong or self._overfilled()

    def on_fill(self, fill: Fill) -> str:
        order = self.order
        if (fill.venue, fill.symbol, fill.side) != (order.venue, order.symbol, order.side):
            return f"a fill of another order: {fill.side.name} {fill.symbol} at {fill.venue}"
        if fill.venue_id and not self.venue_id:
            self.venue_id, self._named_ns = fill.venue_id, fill.recv_ns
        known = self.fills.get(fill.trade_id)
        if known is not None:
            return self._again(known, fill)
        if len(self.fills) >= MOST_FILLS:
            return f"more than {MOST_FILLS} trades"  # it is never accounted then, and a person is told
        self.fills[fill.trade_id] = fill
        wrong = f"REJECTED, then filled by trade {fill.trade_id}" if self.status is _R else ""
        if self.status in (_P, _O, _U, _R):
            self.status = _A
            self._ended = self._notional = None
        if self.status is _A and order.type is not OrderType.MARKET and self.executed == order.qty:
            self.status, self._ended = _F, order.qty  # nothing more can happen to it, whoever has not told yet
        return wrong or self._overfilled()

    def on_not_found(self, answer: NotFound) -> str:
        """Proof that nothing happened, or is over, but only if it was asked for at the right time.

        Too early the venue may not know it yet. Later than `forget_ns` it may have forgotten: by our id it may then
        be anything; by its own id it is over and unfilled, since what was filled is not forgotten.
        """
        if self.terminal:
            return ""
        waited_ns = answer.asked_ns - self.sent_ns
        if self.fills or self._told:
            late = waited_ns >= self.settle_ns
            return f"{self.status.name} with {self.filled} filled, then not found" if late else ""
        if self.venue_id or self.status is _O:
            if not self.forget_ns:
                return f"{self.status.name} as {self.venue_id}, then not found" if waited_ns >= self.settle_ns else ""
            if answer.asked_ns > self._named_ns and waited_ns >= max(self.forget_ns, self.settle_ns):
                self.status, self._ended = _C, ZERO
        elif waited_ns >= self.settle_ns and (not self.forget_ns or waited_ns <= self.forget_ns):
            self.status, self._ended = _R, ZERO
        return ""

    def on_silence(self) -> None:
        """No answer for too long."""
        if self.status is _P:
            self.status = _U

    # ------------------------------------------------------------------------------------------- inside

    def _count(self, told: OrderStatus, qty: Decimal | None, notional: Decimal | None) -> None:
        """The numbers of a message: more is news, less is old."""
        if qty is not None:
            self._told = max(self._told, qty)
        if told not in TERMINAL or not self.terminal:
            return
        if qty is None and told is _F and self.order.type is not OrderType.MARKET:
            qty = self.order.qty
        if qty is None and told is _R:
            qty = ZERO
        if qty is not None:
            self._ended = qty if self._ended is None else max(self._ended, qty)
        elif notional is not None:
            self._notional = notional if self._notional is None else max(self._notional, notional)
        if self.status is _C and self._ended == self.order.qty and self.order.type is not OrderType.MARKET:
            self.status = _F

    def _again(self, known: Fill, fill: Fill) -> str:
        if (known.price, known.qty) != (fill.price, fill.qty):
            return f"trade {fill.trade_id} twice: {known.qty} at {known.price}, and {fill.qty} at {fill.price}"
        if fill.fee and not known.fee:
            self.fills[fill.trade_id] = msgspec.structs.replace(known, fee=fill.fee, fee_coin=fill.fee_coin)
        elif fill.fee and (fill.fee, fill.fee_coin) != (known.fee, known.fee_coin):
            return f"trade {fill.trade_id} twice: fees {known.fee} {known.fee_coin}, and {fill.fee} {fill.fee_coin}"
        return ""

    def _overfilled(self) -> str:
        if self.order.type is not OrderType.MARKET and self.filled > self.order.qty:
            return f"{self.filled} filled of {self.order.qty}"
        return ""
