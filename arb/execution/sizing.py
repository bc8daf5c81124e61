"""What one order may be: quantities on the step and within the limits, caps on the tick, and what it costs."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import Coin, FeeCoin, FeeSchedule, Market, Side
from arb.execution.sums import ZERO, plus, times
from arb.units import ceil_to, floor_to, plain

_ONE = Decimal(1)
_BPS = Decimal(10_000)


def cap(market: Market, side: Side, reference: Decimal, loss_bps: Decimal) -> Decimal:
    """The worst price that loses no more than so much against `reference`, on the tick."""
    loss = times(reference, loss_bps / _BPS)
    if side is Side.BUY:
        return floor_to(plus(reference, loss), market.tick)
    return ceil_to(plus(reference, -loss), market.tick)


def closed(market: Market, side: Side) -> str:
    """Why the market takes no order of this side; "": it does."""
    if market.buyable if side is Side.BUY else market.sellable:
        return ""
    return f"closed to {side.name} orders: {market.why}"


def quantity(market: Market, fee: FeeSchedule | None, side: Side, want: Decimal, price: Decimal) -> tuple[Decimal, str]:
    """How much to order so that no more than `want` base moves, a fee in base included; or 0 and why nothing may be.

    A fee that nobody knows is taken for one in quote.
    """
    most = want / moved(fee, side)
    if market.max_qty is not None:
        most = min(most, market.max_qty)
    if market.max_notional is not None:
        most = min(most, market.max_notional / price)
    qty = floor_to(most, market.step)
    if qty <= 0 or (market.min_qty is not None and qty < market.min_qty):
        return ZERO, f"{want} is below the minimum"
    if market.min_notional is not None and times(qty, price) < market.min_notional:
        return ZERO, f"{want} at {plain(price)} is below the minimum of {market.min_notional}"
    return qty, ""


def moved(fee: FeeSchedule | None, side: Side) -> Decimal:
    """Base that one unit ordered moves: less than it arrives, more than it leaves, where the fee is in base."""
    if fee is None or (fee.buy_coin if side is Side.BUY else fee.sell_coin) is not FeeCoin.BASE:
        return _ONE
    return _ONE - fee.taker if side is Side.BUY else _ONE + fee.taker


def after_fee(fee: FeeSchedule | None, side: Side, price: Decimal) -> Decimal:
    """What a unit costs or brings in the end, to compare venues by."""
    rate = ZERO if fee is None else fee.taker
    return times(price, _ONE + rate if side is Side.BUY else _ONE - rate)


def cost(market: Market, fee: FeeSchedule | None, side: Side, qty: Decimal, price: Decimal) -> tuple[Coin, Decimal]:
    """What must be free for the order, fee included where it is in the coin that is spent."""
    if side is Side.SELL:
        return market.base, times(qty, moved(fee, side))
    rate = ZERO if fee is None or fee.buy_coin is FeeCoin.BASE else max(fee.taker, ZERO)
    return market.quote, times(times(qty, price), _ONE + rate)


def affordable(fee: FeeSchedule | None, side: Side, free: Decimal, price: Decimal) -> Decimal:
    """The base that so much money can move: quote for a BUY, base for a SELL."""
    if side is Side.SELL:
        return free
    rate = ZERO if fee is None or fee.buy_coin is FeeCoin.BASE else max(fee.taker, ZERO)
    return free / times(price, _ONE + rate) * moved(fee, side)
