"""The best walk by trying every quantity, in Fractions, from the definitions alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from arb.domain import Coin, FeeCoin, FeeSchedule, FeeSource, Level, Market, NativeSymbol, Reason, Symbol, VenueId

SYMBOL = Symbol("AAA/USDT")


def market(venue: str, step: str, **limits: str) -> Market:
    """limits: min_qty, max_qty, min_notional, max_notional as text."""
    decimals = {name: Decimal(value) for name, value in limits.items()}
    return Market(
        VenueId(venue), SYMBOL, NativeSymbol("AAAUSDT"), Coin("AAA"), Coin("USDT"), Decimal("0.01"),
        Decimal(step), **decimals,
    )  # fmt: skip


def fee(venue: str, rate: str, buy: FeeCoin = FeeCoin.QUOTE, sell: FeeCoin = FeeCoin.QUOTE) -> FeeSchedule:
    return FeeSchedule(VenueId(venue), SYMBOL, Decimal(rate), Decimal(0), FeeSource.MARKET, buy, sell)


@dataclass(frozen=True)
class Setup:
    asks: Sequence[Level]
    bids: Sequence[Level]
    buy: Market
    buy_fee: FeeSchedule
    sell: Market
    sell_fee: FeeSchedule
    size: Decimal | None


@dataclass(frozen=True)
class Tried:
    """One quantity and what comes of it."""

    q: Fraction
    s: Fraction
    cost: Fraction
    proceeds: Fraction
    spent: Fraction
    received: Fraction

    @property
    def profit(self) -> Fraction:
        return self.received - self.spent


def fraction(value: float) -> Fraction:
    return Fraction(repr(value))


def take(levels: Sequence[Level], quantity: Fraction) -> Fraction | None:
    """Notional of `quantity`; None where the levels hold less."""
    notional = Fraction(0)
    for price, qty in levels:
        part = min(quantity, fraction(qty))
        notional += part * fraction(price)
        quantity -= part
    return None if quantity > 0 else notional


def attempt(x: Setup, n: int) -> Tried | None:
    """Buy n steps. None where a book ends first."""
    q = n * Fraction(x.buy.step)
    f_b, f_s = Fraction(x.buy_fee.taker), Fraction(x.sell_fee.taker)
    in_base = x.buy_fee.buy_coin is FeeCoin.BASE
    arrived = q * (1 - f_b) if in_base else q
    sellable = arrived / (1 + f_s) if x.sell_fee.sell_coin is FeeCoin.BASE else arrived
    s = sellable // Fraction(x.sell.step) * Fraction(x.sell.step)
    cost, proceeds = take(x.asks, q), take(x.bids, s)
    if cost is None or proceeds is None:
        return None
    spent = cost if in_base else cost * (1 + f_b)
    received = proceeds if x.sell_fee.sell_coin is FeeCoin.BASE else proceeds * (1 - f_s)
    return Tried(q, s, cost, proceeds, spent, received)


def allowed(x: Setup, t: Tried) -> bool:
    assert x.size is not None
    inside = t.s > 0 and t.spent <= Fraction(x.size)
    for rules, quantity, notional in ((x.buy, t.q, t.cost), (x.sell, t.s, t.proceeds)):
        inside &= rules.min_qty is None or quantity >= Fraction(rules.min_qty)
        inside &= rules.max_qty is None or quantity <= Fraction(rules.max_qty)
        inside &= rules.min_notional is None or notional >= Fraction(rules.min_notional)
        inside &= rules.max_notional is None or notional <= Fraction(rules.max_notional)
    return inside


def rounded(value: Fraction, places: int) -> Decimal:
    """Half-even."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def significant(value: Fraction, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_EVEN).divide(Decimal(value.numerator), Decimal(value.denominator))


def worst(levels: Sequence[Level], quantity: Fraction) -> Decimal:
    held = Fraction(0)
    for price, qty in levels:
        held += fraction(qty)
        if held >= quantity:
            return Decimal(repr(price))
    raise AssertionError("more than the levels hold")


def solve(x: Setup) -> dict[str, Decimal | None] | Reason:
    """Every figure of the best quantity, or why there is none."""
    if not x.asks or not x.bids or x.bids[0][0] <= x.asks[0][0]:
        return Reason.NO_GROSS_EDGE
    crumb = Fraction(1)
    arrives = crumb * (1 - Fraction(x.buy_fee.taker)) if x.buy_fee.buy_coin is FeeCoin.BASE else crumb
    pays = crumb if x.buy_fee.buy_coin is FeeCoin.BASE else crumb * (1 + Fraction(x.buy_fee.taker))
    if x.sell_fee.sell_coin is FeeCoin.BASE:
        gets = arrives / (1 + Fraction(x.sell_fee.taker))
    else:
        gets = arrives * (1 - Fraction(x.sell_fee.taker))
    if fraction(x.bids[0][0]) * gets <= fraction(x.asks[0][0]) * pays:
        return Reason.NO_NET_EDGE
    if x.size is None:
        return Reason.NO_SIZE
    tries: list[Tried] = []
    while (t := attempt(x, len(tries) + 1)) is not None:
        tries.append(t)
    feasible = [t for t in tries if allowed(x, t)]
    if not feasible:
        return Reason.BELOW_MINIMUM
    best = max(feasible, key=lambda t: (t.profit, -t.q))
    if best.profit <= 0:
        return Reason.NO_NET_EDGE
    breakeven = None
    if tries[-1].profit < 0:
        breakeven = rounded(max(t.q for t in tries if t.profit >= 0 and t.s > 0), 18)
    return {
        "size": rounded(best.q, 18),
        "sell_qty": rounded(best.s, 18),
        "spent": rounded(best.spent, 40),
        "received": rounded(best.received, 40),
        "profit": rounded(best.profit, 40),
        "gross_bps": rounded(10_000 * (best.proceeds / best.s / (best.cost / best.q) - 1), 4),
        "net_bps": rounded(10_000 * best.profit / best.spent, 4),
        "buy_limit": worst(x.asks, best.q),
        "sell_limit": worst(x.bids, best.s),
        "buy_vwap": significant(best.cost / best.q, 16),
        "sell_vwap": significant(best.proceeds / best.s, 16),
        "breakeven_size": breakeven,
    }
