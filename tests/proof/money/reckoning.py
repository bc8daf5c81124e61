"""The books are balanced: what our journal says against what the simulated exchanges know, to the last unit.

Nothing of `arb.execution` is used here: positions, profits and what counts as dust are reckoned anew from trades.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from arb.domain import (
    BookKey,
    ClientId,
    Coin,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Fill,
    Market,
    Mismatch,
    Order,
    OrderSent,
    Side,
    VenueId,
)
from arb.sim.ledger import Fill as Trade
from arb.sim.ledger import Ledger, OrderFacts
from tests.proof.money.exact import NOTHING, minus, plus, summed, times

Held = dict[tuple[str, str], Decimal]  # by venue and coin

_ROUNDED = Decimal("1e-12")  # an average has no last digit
_NEARLY = Decimal("0.98")  # dust is told by the price of the moment, which is not ours here


class Written(NamedTuple):
    """What the journal holds after a run, each in the order in which it was written."""

    opened: tuple[CycleOpened, ...]
    sent: tuple[OrderSent, ...]
    closed: tuple[CycleClosed, ...]
    fills: tuple[Fill, ...]
    mismatches: tuple[Mismatch, ...]

    def orders(self) -> Iterator[tuple[CycleId, Order]]:
        for opened in self.opened:
            yield from ((opened.cycle, order) for order in opened.orders)
        yield from ((sent.cycle, sent.order) for sent in self.sent)


class Known(NamedTuple):
    """What one simulated venue knows, by its ledger."""

    start: Mapping[str, Decimal]
    total: Mapping[str, Decimal]
    locked: Mapping[str, Decimal]
    trades: tuple[Trade, ...]
    orders: tuple[OrderFacts, ...]

    @classmethod
    def of(cls, ledger: Ledger) -> Known:
        return cls(
            dict(ledger.start), {coin: ledger.total(coin) for coin in ledger.balances},
            {coin: locked for coin, (_, locked) in ledger.balances.items()},
            tuple(trade._replace(client_id=our_name(trade.client_id)) for trade in ledger.fills),
            tuple(facts._replace(client_id=our_name(facts.client_id)) for facts in ledger.orders.values()),
        )  # fmt: skip


def our_name(client_id: str) -> str:
    """Gate keeps what a client names, behind a "t-"."""
    return client_id.removeprefix("t-")


class Reckoned(NamedTuple):
    """exposure: our exposure ledger at the end.   sent: how often each order left us."""

    written: Written
    known: Mapping[VenueId, Known]
    exposure: Mapping[tuple[str, str], Decimal]
    markets: Mapping[BookKey, Market]
    sent: Mapping[str, int]


def wrong(run: Reckoned) -> list[str]:
    """Everything that does not add up, in words; empty: all of it does."""
    return [*_trades(run), *_balances(run), *_orders(run), *_ends(run), *_profits(run), *_quiet(run)]


def _trades(run: Reckoned) -> Iterator[str]:
    """Each trade of the venues is in the journal as it was, and no other."""
    ours: Counter[tuple[object, ...]] = Counter(
        (f.venue, f.symbol, f.trade_id, f.side is Side.BUY, f.price, f.qty, f.fee, f.fee_coin)
        for f in run.written.fills
    )
    theirs: Counter[tuple[object, ...]] = Counter(
        (venue, t.symbol, t.trade_id, t.buy, t.price, t.qty, t.fee, t.fee_coin)
        for venue, known in run.known.items()
        for t in known.trades
    )
    yield from (f"a trade the journal does not have: {trade}" for trade in theirs - ours)
    yield from (f"a trade only the journal has: {trade}" for trade in ours - theirs)


def _balances(run: Reckoned) -> Iterator[str]:
    """What the accounts gained and lost is what cycles say they did, and what the exposure ledger holds."""
    truth = _without_zeros(
        ((venue, coin), minus(total, known.start.get(coin, NOTHING)))
        for venue, known in run.known.items()
        for coin, total in known.total.items()
    )
    claims = {
        "cycles": _without_zeros(((d.venue, d.coin), d.qty) for closed in run.written.closed for d in closed.deltas),
        "the journal's fills": _without_zeros(_moves(_booked(run.written.fills))),
        "the exposure ledger": _without_zeros(run.exposure.items()),
    }
    for who, claim in claims.items():
        for key in sorted(truth.keys() | claim.keys()):
            if truth.get(key, NOTHING) != claim.get(key, NOTHING):
                yield f"{key}: {truth.get(key, NOTHING)} by the venue, {claim.get(key, NOTHING)} by {who}"


def _orders(run: Reckoned) -> Iterator[str]:
    """None was sent twice, none is at a venue that was not written down, and each is there as written."""
    yield from (f"{name} was sent {times_} times" for name, times_ in run.sent.items() if times_ != 1)
    orders = {order.client_id: order for _, order in run.written.orders()}
    if len(orders) != sum(1 for _ in run.written.orders()):
        yield "two orders of one name in the journal"
    for venue, known in run.known.items():
        for name, count in Counter(facts.client_id for facts in known.orders).items():
            if count > 1:
                yield f"{venue} has {count} orders {name}"
        for facts in known.orders:
            order = orders.get(ClientId(facts.client_id))
            if order is None:
                yield f"{venue} has an order that the journal has not: {facts}"
            elif (venue, facts.symbol, facts.buy, facts.qty) != (
                order.venue, order.symbol, order.side is Side.BUY, order.qty
            ):  # fmt: skip
                yield f"{venue} has {facts}, the journal {order}"


def _ends(run: Reckoned) -> Iterator[str]:
    """Every cycle has one end, which its trades bear out."""
    by_cycle = _by_cycle(run)
    ends = Counter(closed.cycle for closed in run.written.closed)
    for opened in run.written.opened:
        if ends[opened.cycle] != 1:
            yield f"cycle {opened.cycle} has {ends[opened.cycle]} ends"
    plans = {opened.cycle: opened.plan for opened in run.written.opened}
    for closed in run.written.closed:
        plan = plans[closed.cycle]
        held = _without_zeros(_moves(by_cycle.get(closed.cycle, [])))
        if held != _without_zeros(((d.venue, d.coin), d.qty) for d in closed.deltas):
            yield f"cycle {closed.cycle} says {closed.deltas}, its trades {held}"
        base = {venue: qty for (venue, coin), qty in held.items() if coin == plan.base}
        residual = summed(base.values())
        if residual != closed.residual:
            yield f"cycle {closed.cycle} says that {closed.residual} is left, its trades {residual}"
        small = {venue: _dust(run, closed, qty, plan.buy.vwap) for venue, qty in base.items()}
        if closed.end is CycleEnd.FLAT and not all(small.values()):
            yield f"cycle {closed.cycle} ended FLAT with {base}"
        if closed.end is not CycleEnd.REPORTED and not _dust(run, closed, residual, plan.buy.vwap):
            yield f"cycle {closed.cycle} ended {closed.end.name} with {residual} left"
        if closed.end is CycleEnd.REPORTED and not residual:
            yield f"cycle {closed.cycle} ended REPORTED with nothing left"
    for mismatch in run.written.mismatches:
        yield f"{mismatch.venue}: {mismatch.what}: ours {mismatch.ours}, theirs {mismatch.theirs}"


def _profits(run: Reckoned) -> Iterator[str]:
    """Quote received less quote spent, and what is left at the cycle's own mark."""
    by_cycle = _by_cycle(run)
    plans = {opened.cycle: opened.plan for opened in run.written.opened}
    for closed in run.written.closed:
        plan, trades = plans[closed.cycle], by_cycle.get(closed.cycle, [])
        held = _without_zeros(_moves(trades))
        quote = summed(qty for (_, coin), qty in held.items() if coin == plan.quote)
        residual = summed(qty for (_, coin), qty in held.items() if coin == plan.base)
        mark = closed.mark if closed.mark is not None else _average(trades, residual > 0)
        others = {coin for _, coin in held} - {plan.base, plan.quote}
        if others:
            yield f"cycle {closed.cycle} paid in {others}, which nothing here does"
        earned = plus(quote, times(residual, mark))
        if abs(minus(earned, closed.pnl)) > (NOTHING if closed.mark is not None or not residual else _ROUNDED):
            yield f"cycle {closed.cycle} says it earned {closed.pnl}, its trades {earned}"


def _quiet(run: Reckoned) -> Iterator[str]:
    """Nothing rests and nothing is locked."""
    for venue, known in run.known.items():
        yield from (f"{venue}: {locked} {coin} are locked" for coin, locked in known.locked.items() if locked)
        yield from (f"{venue}: {facts.client_id} is open" for facts in known.orders if facts.status == "open")


# ------------------------------------------------------------------------------------------------------- arithmetic


class _Booked(NamedTuple):
    venue: str
    symbol: str
    buy: bool
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_coin: str


def _booked(fills: Iterable[Fill]) -> list[_Booked]:
    return [_Booked(f.venue, f.symbol, f.side is Side.BUY, f.price, f.qty, f.fee, f.fee_coin) for f in fills]


def _by_cycle(run: Reckoned) -> dict[CycleId, list[_Booked]]:
    """The venues' own trades, by whose order each of them was."""
    cycles = {order.client_id: cycle for cycle, order in run.written.orders()}
    found: dict[CycleId, list[_Booked]] = {}
    for venue, known in run.known.items():
        for t in known.trades:
            cycle = cycles.get(ClientId(t.client_id))
            if cycle is not None:
                mine = _Booked(venue, t.symbol, t.buy, t.price, t.qty, t.fee, t.fee_coin)
                found.setdefault(cycle, []).append(mine)
    return found


def _moves(trades: Iterable[_Booked]) -> Iterator[tuple[tuple[str, str], Decimal]]:
    for t in trades:
        base, _, quote = t.symbol.partition("/")
        worth = times(t.price, t.qty)
        yield (t.venue, base), t.qty if t.buy else -t.qty
        yield (t.venue, quote), -worth if t.buy else worth
        yield (t.venue, t.fee_coin), -t.fee


def _without_zeros(moves: Iterable[tuple[tuple[str, str], Decimal]]) -> Held:
    held: Held = {}
    for key, qty in moves:
        held[key] = plus(held.get(key, NOTHING), qty)
    return {key: qty for key, qty in held.items() if qty}


def _average(trades: Iterable[_Booked], bought: bool) -> Decimal:
    mine = [t for t in trades if t.buy is bought]
    qty = summed(t.qty for t in mine)
    return summed(times(t.price, t.qty) for t in mine) / qty if qty else NOTHING


def _dust(run: Reckoned, closed: CycleClosed, qty: Decimal, price: Decimal) -> bool:
    """Whether no venue would take an order of so much: below its step, its least quantity or its least worth."""
    for (_, symbol), market in run.markets.items():
        if symbol != closed.symbol:
            continue
        whole = abs(qty) * _NEARLY // market.step * market.step
        if (
            whole
            and whole >= (market.min_qty or 0)
            and whole * price * _NEARLY >= (market.min_notional or 0)
        ):  # fmt: skip
            return False
    return True


def held_by(exposure: Iterable[tuple[VenueId, Coin, Decimal]]) -> Held:
    return {(venue, coin): qty for venue, coin, qty in exposure}
