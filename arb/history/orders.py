"""Orders and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from arb.domain import Coin, CycleId, Fact, Fill, NotFound, OrderStatus, OrderUpdate
from arb.history.rows import OrderRow
from arb.history.sums import ZERO, plus, times, total
from arb.journal import Records, SentOrder, fill_key

_FINAL = frozenset((OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED))


def orders(records: Records, since_ns: int = 0, *, only_open: bool = False) -> Iterator[OrderRow]:
    """Every order that was written ahead since a wall time, oldest first. only_open: of any time."""
    if only_open:
        for opened in records.open_cycles():
            yield from (row for row in of_cycle(records, opened.cycle) if row.open)
        return
    for sent in records.orders(since_ns=since_ns):
        ended = records.closed(sent.cycle) is not None
        yield order_row(sent, records.answers(sent.order), ended=ended)


def of_cycle(records: Records, cycle: CycleId) -> tuple[OrderRow, ...]:
    ended = records.closed(cycle) is not None
    return tuple(order_row(sent, records.answers(sent.order), ended=ended) for sent in records.orders(cycle=cycle))


def order_row(sent: SentOrder, answers: Sequence[Fact], *, ended: bool) -> OrderRow:
    """answers: all that was heard of it.   ended: its cycle has, so nothing of it is open."""
    order = sent.order
    updates = [fact for fact in answers if isinstance(fact, OrderUpdate)]
    fills = own_fills(answers)
    told = next((u for u in reversed(updates) if u.status in _FINAL), updates[-1] if updates else None)
    status = "unanswered" if told is None else told.status.name.lower()
    final = told is not None and told.status in _FINAL
    if not final and any(isinstance(fact, NotFound) for fact in answers) and not fills:
        status, final = "not_found", ended
    filled, notional = total(fill.qty for fill in fills), total(times(fill.price, fill.qty) for fill in fills)
    for update in updates:
        if update.filled_qty is not None and update.filled_qty > filled:
            filled, notional = update.filled_qty, update.filled_notional or notional
    fees: dict[Coin, Decimal] = {}
    for fill in fills:
        fees[fill.fee_coin] = plus(fees.get(fill.fee_coin, ZERO), fill.fee)
    return OrderRow(
        client_id=order.client_id,
        cycle=sent.cycle,
        venue=order.venue,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        purpose=sent.purpose,
        step=sent.step,
        qty=order.qty,
        price=order.price,
        venue_id=next((u.venue_id for u in updates if u.venue_id), ""),
        status=status,
        open=not ended and not final,
        filled=filled,
        notional=notional,
        fees=tuple((coin, fee) for coin, fee in fees.items() if fee),
        reason=next((u.reason for u in reversed(updates) if u.reason), ""),
        sent_ns=sent.record.wall_ns,
    )


def own_fills(answers: Sequence[Fact]) -> list[Fill]:
    """Each once, however often it was told."""
    return list({fill_key(fact): fact for fact in answers if isinstance(fact, Fill)}.values())
