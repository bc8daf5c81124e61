"""The size that earns most, found exactly.

Walking both books at once, profit over the count n of steps bought is, between two level boundaries, a straight line
less the sawtooth of rounding down to the sell step. Were the remainder sold too, profit would be concave: once even
that falls and cannot beat the best, nothing further can. All in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from arb.core import compiled
from arb.domain import Level, Reason
from arb.units import exact
from arb.walk.rules import PairRules
from arb.walk.side import Side, integers
from arb.walk.staircase import climb

Take = Callable[[int], Sequence[Level]]

_FIRST_LEVELS = 8  # most gaps end within so many levels; where one does not, four times as many are tried
_WIDE = Context(prec=2000)  # wider than any product of floats: nothing is ever rounded here
_VWAP = Context(prec=16, rounding=ROUND_HALF_EVEN)
_BPS_UNITS = 10**8  # a ratio in units of 1e-4 bps

_compiled = compiled("arb.walk._search")


class Walk(msgspec.Struct, frozen=True, gc=False):
    """The best size and what it does. Exact but for bps (half-even to 4 places) and vwaps (to 16 digits).

    size: base bought.   sell_qty: base sold.   spent, received: quote, fees in.   limit: the worst price walked.
    breakeven_size: the most base bought without a loss whatever it costs, within lot steps; None if a book ends first.
    """

    size: Decimal
    sell_qty: Decimal
    spent: Decimal
    received: Decimal
    profit: Decimal
    gross_bps: Decimal
    net_bps: Decimal
    buy_limit: Decimal
    sell_limit: Decimal
    buy_vwap: Decimal
    sell_vwap: Decimal
    breakeven_size: Decimal | None


def walk(asks: Sequence[Level], bids: Sequence[Level], rules: PairRules, size: Decimal | None) -> Walk | Reason:
    """Buy from `asks` and sell into `bids` (best first, all > 0) what earns most; of equals the smallest.

    size: the most quote spent, fee included; None where the user gave none.
    Returns why there is nothing to gain where there is not: NO_GROSS_EDGE, NO_NET_EDGE, NO_SIZE, BELOW_MINIMUM.
    """
    return walk_books(lambda n: asks[:n], lambda n: bids[:n], max(len(asks), len(bids)), rules, size)


def walk_books(
    asks: Take, bids: Take, most: int, rules: PairRules, size: Decimal | None, *, breakeven: bool = True
) -> Walk | Reason:
    """`walk`, reading no more of two books than it takes. asks, bids: give the best n levels.   most: levels a side.

    breakeven: whether it is asked for; else None.
    """
    levels = min(_FIRST_LEVELS, most)
    while True:
        best_asks, best_bids = asks(levels), bids(levels)
        if not best_asks or not best_bids or best_bids[0][0] <= best_asks[0][0]:
            return Reason.NO_GROSS_EDGE
        if not rules.crossed_net(best_asks[0][0], best_bids[0][0]):
            return Reason.NO_NET_EDGE
        search = _compiled.search(best_asks, best_bids, rules) if _compiled is not None else None
        if search is None:
            search = Search(best_asks, best_bids, rules)
        if not search.pays():
            return Reason.NO_NET_EDGE
        if size is None:
            return Reason.NO_SIZE
        first, last = search.feasible(size)
        ended = levels >= most or (len(best_asks) < levels and len(best_bids) < levels)
        if first > last:
            if ended or last < search.end:
                return Reason.BELOW_MINIMUM
        elif ended or search.over():
            best, profit = search.best(first, last)
            return _walk(search, best_asks, best_bids, rules, best, breakeven) if profit > 0 else Reason.NO_NET_EDGE
        levels = min(most, 4 * levels)


class Search:
    """Two sides of finite books on common scales. A count without a word beside it is of buy steps.

    places, qty_places: of notionals and of quantities.   end: the most that both books hold.
    """

    __slots__ = ("_asks", "_bids", "_rules", "_unit", "end", "places", "qty_places")

    def __init__(self, asks: Sequence[Level], bids: Sequence[Level], rules: PairRules) -> None:
        prices, price_places = integers([price for price, _ in asks] + [price for price, _ in bids])
        quantities, qty_places = integers([qty for _, qty in asks] + [qty for _, qty in bids])
        if qty_places < rules.qty_places:
            finer = 10 ** (rules.qty_places - qty_places)
            quantities = [qty * finer for qty in quantities]
            qty_places = rules.qty_places
        self.places = price_places + qty_places
        self.qty_places = qty_places
        self._unit = 10**self.places
        n = len(asks)
        self._rules = rules
        self._asks = Side(prices[:n], quantities[:n], _floor(rules.buy_step, 10**qty_places))
        self._bids = Side(prices[n:], quantities[n:], _floor(rules.sell_step, 10**qty_places))
        self.end = min(self._asks.total, rules.most_bought(self._bids.total))

    @property
    def steps(self) -> tuple[int, int]:
        """Of both sides, as integers of the quantities' scale."""
        return self._asks.step, self._bids.step

    def pays(self) -> bool:
        """Whether the first crumb pays after fees."""
        return self._rise(0) * self._rules.num > self._fall(0) * self._rules.den

    def over(self) -> bool:
        """Whether no further level could make up for the loss at the end of these."""
        num, den = self._rules.num, self._rules.den
        rise = self._rise(self._bids.level(self._rules.sold(self.end)))
        return self._profit(self.end) * den + rise * (self.end * num % den) < 0

    def feasible(self, size: Decimal) -> tuple[int, int]:
        """The fewest and the most that minimums, maximums, `size` and these levels allow."""
        rules, asks, bids = self._rules, self._asks, self._bids
        min_sold = max(rules.min_sold, bids.reaching(_ceil(rules.min_proceeds, self._unit)))
        first = max(rules.min_bought, rules.fewest_bought(min_sold), asks.reaching(_ceil(rules.min_spend, self._unit)))
        last = min(self.end, asks.within(_floor(size, self._unit * 10**rules.fee_places, rules.cost)))
        if rules.max_bought is not None:
            last = min(last, rules.max_bought)
        if rules.max_spend is not None:
            last = min(last, asks.within(_floor(rules.max_spend, self._unit)))
        if rules.max_sold is not None:
            last = min(last, rules.most_bought(rules.max_sold))
        if rules.max_proceeds is not None:
            last = min(last, rules.most_bought(bids.within(_floor(rules.max_proceeds, self._unit))))
        return first, last

    def best(self, first: int, last: int) -> tuple[int, int]:
        """The smallest count in first..last with the highest profit, and that profit."""
        num, den = self._rules.num, self._rules.den
        best, most = first, self._profit(first)
        for start, stop, rise, fall, profit in self._segments(first, last):
            carry = start * num % den
            if rise * num <= fall * den and profit * den + rise * carry <= most * den:
                break
            at, height = climb(rise, fall, num, den, carry, stop - start)
            if profit + height > most:
                best, most = start + at, profit + height
        return best, most

    def breakeven(self, profitable: int) -> int | None:
        """The largest count without a loss, given one that earns; None where the books end before."""
        if self._profit(self.end) >= 0:
            return None
        num, den = self._rules.num, self._rules.den
        found = profitable
        for start, stop, rise, fall, profit in self._segments(profitable, self.end):
            carry = start * num % den
            if rise * num <= fall * den and profit * den + rise * carry < 0:
                break
            if self._profit(stop) >= 0:
                found = stop
                continue
            at = _last_without_loss(rise, fall, num, den, carry, stop - start, profit)
            if at is not None:
                found = start + at
        return found

    def figures(self, count: int) -> tuple[int, int, int, int, int]:
        """Of buying `count` steps: steps sold, notionals of both sides, and the last level that each walks to."""
        sold = self._rules.sold(count)
        asks, bids = self._asks, self._bids
        return sold, asks.notional(count), bids.notional(sold), asks.level(count), bids.level(sold)

    def _segments(self, first: int, last: int) -> Iterator[tuple[int, int, int, int, int]]:
        """Runs of counts within one pair of levels: start, stop, worth of a sell and a buy step, profit at start."""
        rules, asks, bids = self._rules, self._asks, self._bids
        start = first
        while start <= last:
            i, j = asks.level(start), bids.level(rules.sold(start))
            stop = min(last, asks.lasts[i], rules.most_bought(bids.lasts[j]))
            yield start, stop, self._rise(j), self._fall(i), self._profit(start)
            start = stop + 1

    def _profit(self, count: int) -> int:
        """In units of notionals / 10**fee_places."""
        rules = self._rules
        return self._bids.notional(rules.sold(count)) * rules.gain - self._asks.notional(count) * rules.cost

    def _rise(self, level: int) -> int:
        return self._bids.prices[level] * self._bids.step * self._rules.gain

    def _fall(self, level: int) -> int:
        return self._asks.prices[level] * self._asks.step * self._rules.cost


def _walk(
    search: Search, asks: Sequence[Level], bids: Sequence[Level], rules: PairRules, count: int, breakeven: bool
) -> Walk:
    """The figures of buying `count` steps in the words of money."""
    sold, paid, proceeds, deepest, lowest = search.figures(count)
    spent, received = paid * rules.cost, proceeds * rules.gain
    buy_step, sell_step = search.steps
    # sell vwap / buy vwap = (proceeds / sold quantity) / (paid / bought quantity)
    over, under = proceeds * count * buy_step, paid * sold * sell_step
    money = search.places + rules.fee_places
    unit, qty_unit = 10**search.places, 10**search.qty_places
    even = search.breakeven(count) if breakeven else None
    return Walk(
        size=_WIDE.multiply(rules.buy_step, Decimal(count)),
        sell_qty=_WIDE.multiply(rules.sell_step, Decimal(sold)),
        spent=_decimal(spent, money),
        received=_decimal(received, money),
        profit=_decimal(received - spent, money),
        gross_bps=_decimal(_half_even((over - under) * _BPS_UNITS, under), 4),
        net_bps=_decimal(_half_even((received - spent) * _BPS_UNITS, spent), 4),
        buy_limit=exact(asks[deepest][0]),
        sell_limit=exact(bids[lowest][0]),
        buy_vwap=_VWAP.divide(Decimal(paid * qty_unit), Decimal(count * buy_step * unit)),
        sell_vwap=_VWAP.divide(Decimal(proceeds * qty_unit), Decimal(sold * sell_step * unit)),
        breakeven_size=None if even is None else _WIDE.multiply(rules.buy_step, Decimal(even)),
    )


def _last_without_loss(rise: int, fall: int, num: int, den: int, carry: int, steps: int, profit: int) -> int | None:
    """The largest m in 0..steps where profit + rise * floor((num * m + carry) / den) - fall * m >= 0."""
    low, high = 0, steps
    slope = fall * den - rise * num
    if slope > 0:  # the sawtooth moves between two falling lines one step apart: look between their zeros
        upper = profit * den + rise * carry
        high = min(high, upper // slope)
        low = max(0, min(high, (upper - rise * (den - 1)) // slope))

    def reaches(start: int, stop: int) -> bool:
        stepped = num * start + carry
        here = profit + rise * (stepped // den) - fall * start
        return here + climb(rise, fall, num, den, stepped % den, stop - start)[1] >= 0

    if high < 0 or not reaches(low, high):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if reaches(middle, high):
            low = middle
        else:
            high = middle - 1
    return low


def _floor(value: Decimal, factor: int, divisor: int = 1) -> int:
    num, den = value.as_integer_ratio()
    return num * factor // (den * divisor)


def _ceil(value: Decimal, factor: int) -> int:
    num, den = value.as_integer_ratio()
    return -(-num * factor // den)


def _decimal(value: int, places: int) -> Decimal:
    return Decimal(value).scaleb(-places, _WIDE)


def _half_even(num: int, den: int) -> int:
    """num / den to the nearest integer, of two equally near the even one. den > 0."""
    quotient, rest = divmod(num, den)
    twice = 2 * rest
    return quotient + (twice > den or (twice == den and quotient % 2 == 1))
