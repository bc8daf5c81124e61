"""What a gap is worth, worked out from the definitions in whole numbers: the oracle's walk through two books.

Between two level boundaries the profit of buying n steps is a straight line less the sawtooth of rounding down what can
be sold. The sawtooth repeats: `den` more steps bought are `num` more steps sold. So within such a stretch the best n
lies within one period of one of its ends, and every n of that period is tried. Nothing of the project is used here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate, takewhile

Level = tuple[Decimal, Decimal]  # price, quantity

# What everything is counted in. Nothing on any wire has more decimals.
_PRICE_PLACES, _QTY_PLACES, _FEE_PLACES = 24, 16, 8
_PLACES = _PRICE_PLACES + _QTY_PLACES  # of notionals
_FEES = 10**_FEE_PLACES
_WIDE = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one market and side. None: no limit.   fee_in_base: else it is in quote."""

    step: Decimal
    fee: Decimal
    fee_in_base: bool
    min_qty: Decimal
    max_qty: Decimal | None
    min_notional: Decimal
    max_notional: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the quantity that earns most. limits: the worst prices walked.   breakeven: None where a book ends first."""

    size: Fraction
    sell_size: Fraction
    spent: Fraction
    received: Fraction
    buy_limit: Decimal
    sell_limit: Decimal
    buy_vwap: Fraction
    sell_vwap: Fraction
    breakeven: Fraction | None

    @property
    def profit(self) -> Fraction:
        return self.received - self.spent

    @property
    def net_bps(self) -> Decimal:
        return four_places(10_000 * self.profit / self.spent)

    @property
    def gross_bps(self) -> Decimal:
        return four_places(10_000 * (self.sell_vwap / self.buy_vwap - 1))


def four_places(value: Fraction) -> Decimal:
    """Half-even."""
    return Decimal(round(value * 10_000)).scaleb(-4)


def best(asks: Sequence[Level], bids: Sequence[Level], buy: Limits, sell: Limits, size: Decimal) -> Figures | None:
    """The quantity that earns most, of equals the smallest; None where nothing does.

    asks, bids: best first.   size: the most quote spent, fee included.
    """
    if not asks or not bids or bids[0][0] <= asks[0][0]:
        return None
    walk = _Walk(asks, bids, buy, sell)
    first, last = walk.allowed(size)
    n = walk.best(first, last) if first <= last else 0
    return walk.figures(n) if n and walk.profit(n) > 0 else None


class _Side:
    """One side in whole units; a step is `step` of them."""

    def __init__(self, levels: Sequence[Level], step: Decimal) -> None:
        self.prices = [_units(price, _PRICE_PLACES) for price, _ in levels]
        held = [_units(qty, _QTY_PLACES) for _, qty in levels]
        self.step = _units(step, _QTY_PLACES)
        self.ends = list(accumulate(held))
        self.sums = list(accumulate(p * q for p, q in zip(self.prices, held, strict=True)))

    def level(self, steps: int) -> int:
        return bisect_left(self.ends, steps * self.step)

    def notional(self, steps: int) -> int:
        held = steps * self.step
        i = bisect_left(self.ends, held)
        return self.sums[i] - self.prices[i] * (self.ends[i] - held)


class _Walk:
    def __init__(self, asks: Sequence[Level], bids: Sequence[Level], buy: Limits, sell: Limits) -> None:
        self._raw = (asks, bids)
        self._limits = (buy, sell)
        self._asks, self._bids = _Side(asks, buy.step), _Side(bids, sell.step)
        self._num, self._den = _steps_sold(buy, sell)
        self._cost = _FEES if buy.fee_in_base else _units(1 + buy.fee, _FEE_PLACES)
        self._gain = _FEES if sell.fee_in_base else _units(1 - sell.fee, _FEE_PLACES)
        held = self._bids.ends[-1] // self._bids.step
        self.end = min(self._asks.ends[-1] // self._asks.step, ((held + 1) * self._den - 1) // self._num)

    def sold(self, n: int) -> int:
        return n * self._num // self._den

    def profit(self, n: int) -> int:
        """In units of notionals times _FEES."""
        return self._bids.notional(n * self._num // self._den) * self._gain - self._asks.notional(n) * self._cost

    def allowed(self, size: Decimal) -> tuple[int, int]:
        """The fewest and the most steps that every limit allows: all of them are monotonic."""
        buy, sell = self._limits
        asks, bids = self._asks, self._bids
        least, most = _units(buy.min_notional, _PLACES), _units(sell.min_notional, _PLACES)
        fewest, fewest_sold = _units(buy.min_qty, _QTY_PLACES), max(1, _units(sell.min_qty, _QTY_PLACES))
        spendable = _units(size, _PLACES) * _FEES

        def enough(n: int) -> bool:
            sold = self.sold(n)
            return (
                n * asks.step >= fewest
                and sold * bids.step >= fewest_sold
                and asks.notional(n) >= least
                and bids.notional(sold) >= most
            )

        def too_much(n: int) -> bool:
            return (
                asks.notional(n) * self._cost > spendable
                or _above(n * asks.step, buy.max_qty, _QTY_PLACES)
                or _above(self.sold(n) * bids.step, sell.max_qty, _QTY_PLACES)
                or _above(asks.notional(n), buy.max_notional, _PLACES)
                or _above(bids.notional(self.sold(n)), sell.max_notional, _PLACES)
            )

        counts = range(1, self.end + 1)
        return 1 + bisect_left(counts, True, key=enough), bisect_left(counts, True, key=too_much)

    def best(self, first: int, last: int) -> int:
        """Stretches are tried in the order of what they could hold at best."""
        stretches = sorted(self._stretches(first, last), key=lambda s: -self._roof(*s))
        found, most = 0, 0
        for u, v, rise, fall in stretches:
            if found and self._roof(u, v, rise, fall) < most * self._den:
                break
            num, den = self._num, self._den
            base = self.profit(u) - rise * self.sold(u) + fall * u
            for n in self._candidates(u, v, rise * num > fall * den):
                profit = base + rise * (n * num // den) - fall * n
                if not found or profit > most or (profit == most and n < found):
                    found, most = n, profit
        return found

    def breakeven(self, paying: int) -> int | None:
        """The most steps without a loss, given a number that pays."""
        if self.profit(self.end) >= 0:
            return None
        within = takewhile(lambda stretch: self._roof(*stretch) >= 0, self._stretches(paying, self.end))
        for u, v, rise, fall in reversed(list(within)):  # a roof that has once fallen below 0 stays there
            base = self.profit(u) - rise * self.sold(u) + fall * u
            for n in self._falling(u, v, rise, fall):
                if base + rise * (n * self._num // self._den) - fall * n >= 0:
                    return n
        raise AssertionError("the number that pays is itself without a loss")

    def figures(self, n: int) -> Figures:
        buy, sell = self._limits
        sold = self.sold(n)
        paid, brought = self._asks.notional(n), self._bids.notional(sold)
        money = 10**_PLACES * _FEES
        even = self.breakeven(n)
        return Figures(
            size=n * Fraction(buy.step),
            sell_size=sold * Fraction(sell.step),
            spent=Fraction(paid * self._cost, money),
            received=Fraction(brought * self._gain, money),
            buy_limit=self._raw[0][self._asks.level(n)][0],
            sell_limit=self._raw[1][self._bids.level(sold)][0],
            buy_vwap=Fraction(paid, n * self._asks.step * 10**_PRICE_PLACES),
            sell_vwap=Fraction(brought, sold * self._bids.step * 10**_PRICE_PLACES),
            breakeven=None if even is None else even * Fraction(buy.step),
        )

    def _stretches(self, first: int, last: int) -> Iterator[tuple[int, int, int, int]]:
        """(first n, last n, worth of a sell step, worth of a buy step) wherever neither level changes."""
        asks, bids, n = self._asks, self._bids, first
        while n <= last:
            i, j = asks.level(n), bids.level(self.sold(n))
            until = ((bids.ends[j] // bids.step + 1) * self._den - 1) // self._num
            stop = min(last, asks.ends[i] // asks.step, until)
            yield n, stop, bids.prices[j] * bids.step * self._gain, asks.prices[i] * asks.step * self._cost
            n = stop + 1

    def _roof(self, u: int, v: int, rise: int, fall: int) -> int:
        """`den` times what no profit of the stretch exceeds: nothing lost to rounding."""
        start = self.profit(u) * self._den + rise * (u * self._num % self._den)
        return start + max(0, (v - u) * (rise * self._num - fall * self._den))

    def _candidates(self, u: int, v: int, rising: bool) -> Iterator[int]:
        """One period at the end of the stretch where the best must lie; of those that sell alike the fewest."""
        num, den = self._num, self._den
        if den <= num:
            yield from range(max(u, v - den + 1), v + 1) if rising else range(u, min(v, u + den - 1) + 1)
            return
        low, high = self.sold(u), self.sold(v)
        yield u
        for sold in range(max(low + 1, high - num), high + 1) if rising else range(low + 1, min(high, low + num) + 1):
            yield -(-sold * den // num)

    def _falling(self, u: int, v: int, rise: int, fall: int) -> Iterator[int]:
        """Downwards from where the roof is 0, one period: a lossless n is among them or nowhere in the stretch."""
        num, den = self._num, self._den
        slope = rise * num - fall * den
        top = v
        if slope < 0:
            start = self.profit(u) * den + rise * (u * num % den)
            top = min(v, u + start // -slope)
        if den <= num:
            yield from range(top, max(u, top - den) - 1, -1)
            return
        base, low = self.profit(u), self.sold(u)
        for sold in range(self.sold(top), max(low, self.sold(top) - num - 1) - 1, -1):
            most = min(top, ((sold + 1) * den - 1) // num, u + (base + rise * (sold - low)) // fall)
            if most >= max(u, -(-sold * den // num)):
                yield most


@cache
def _steps_sold(buy: Limits, sell: Limits) -> tuple[int, int]:
    """For every `den` steps bought, `num` can be sold."""
    arrives, needed = Fraction(buy.step), Fraction(sell.step)
    if buy.fee_in_base:
        arrives *= 1 - Fraction(buy.fee)
    if sell.fee_in_base:
        needed *= 1 + Fraction(sell.fee)
    return (arrives / needed).as_integer_ratio()


def _units(value: Decimal, places: int) -> int:
    scaled = value.scaleb(places, _WIDE)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"{value} has more than {places} decimals")
    return units


def _above(units: int, limit: Decimal | None, places: int) -> bool:
    return limit is not None and units > _units(limit, places)
