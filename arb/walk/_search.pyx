# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled form of `arb.walk.search.Search`: the same integers, 128 bits wide, and the same answers.

`search` answers None where a number might not fit, or has more digits than a double tells apart: the pure form, whose
integers know no end, is asked then. All that is computed stays below the product that `search` has looked at.
"""

from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport rint

cdef extern from *:
    """
    typedef __int128 arb_i128;
    static const double arb_tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    """
    ctypedef long long i128 "arb_i128"
    const double *tens "arb_tens"

cdef int _MOST_PLACES = 15
cdef double _MOST = 1e15  # decimals below it, cut off at any place, are each a double of their own
cdef int _BITS = 124
cdef long long _WIDEST = 1LL << 60
cdef tuple _UNITS = tuple([10**n for n in range(2 * 15 + 1)])
cdef object _LOW = (1 << 64) - 1
cdef object _HUGE = 1 << 122


ctypedef struct Word:
    i128 total
    i128 best
    i128 at
    i128 rights


ctypedef struct Side:
    Py_ssize_t n
    long long step
    long long total  # steps
    long long *prices
    long long *ends
    long long *lasts
    i128 *sums


cdef object _python(i128 value):
    cdef long long high = <long long> (value >> 64)
    if value == <long long> value:
        return <long long> value
    return (<object> high << 64) | <object> (<unsigned long long> value)


cdef i128 _wide(object value):
    """Of a Python integer; what is beyond every notional stays beyond it."""
    cdef int beyond = 0
    cdef long long small = PyLong_AsLongLongAndOverflow(value, &beyond)
    if not beyond:
        return small
    if value >= _HUGE:
        value = _HUGE
    elif value <= -_HUGE:
        value = -_HUGE
    return (<i128> <long long> (value >> 64) << 64) | <i128> <unsigned long long> (value & _LOW)


cdef inline i128 _floordiv(i128 num, i128 den) noexcept:
    """As Python rounds. den > 0."""
    cdef i128 quotient = num / den
    if num < 0 and quotient * den != num:
        quotient -= 1
    return quotient


cdef inline int _bits(i128 value) noexcept:
    cdef int found = 0
    while value:
        found += 1
        value >>= 1
    return found


cdef inline Word _join(const Word *first, const Word *second) noexcept:
    cdef Word joined
    cdef i128 height = first.total + second.best
    joined.total = first.total + second.total
    joined.rights = first.rights + second.rights
    if height > first.best:
        joined.best, joined.at = height, first.rights + second.at
    else:
        joined.best, joined.at = first.best, first.at
    return joined


cdef inline Word _power(const Word *word, i128 times) noexcept:
    cdef Word power
    power.total = word.total * times
    power.rights = word.rights * times
    if not times:
        power.best = power.at = 0
    elif word.total > 0:
        power.best = word.total * (times - 1) + word.best
        power.at = word.rights * (times - 1) + word.at
    else:
        power.best, power.at = word.best, word.at
    return power


cdef Word _climb(i128 rise, i128 fall, i128 num, i128 den, i128 carry, i128 steps) noexcept:
    """`arb.walk.staircase.climb`."""
    cdef Word right, up, head, tail, power, swapped
    cdef i128 ups = (num * steps + carry) / den, each, first, last, rest
    right.total, right.best, right.at, right.rights = -fall, 0, 0, 1
    up.total, up.best, up.at, up.rights = rise, rise, 0, 0
    head.total = head.best = head.at = head.rights = 0
    tail = head
    while True:
        each, num = num / den, num % den
        first, carry = carry / den, carry % den
        power = _power(&up, each)
        right = _join(&right, &power)
        power = _power(&up, first)
        head = _join(&head, &power)
        ups -= each * steps + first
        if not ups:
            break
        last = -_floordiv(carry - den * ups, num)
        power = _power(&right, steps - last)
        power = _join(&power, &tail)
        tail = _join(&up, &power)
        rest = carry
        num, den, carry = den, num, den - rest + num - 1
        steps, ups = ups - 1, last
        swapped, right = right, up
        up = swapped
    power = _power(&right, steps)
    head = _join(&head, &power)
    return _join(&head, &tail)


cdef int _places(const double *values, Py_ssize_t n, int places) noexcept:
    """How many decimals they were written with, at least `places`; -1 where doubles do not tell."""
    cdef Py_ssize_t i
    cdef double largest = 0.0
    for i in range(n):
        while places <= _MOST_PLACES and rint(values[i] * tens[places]) / tens[places] != values[i]:
            places += 1
        if places > _MOST_PLACES:
            return -1
        if values[i] > largest:
            largest = values[i]
    return places if largest * tens[places] < _MOST else -1


cdef Py_ssize_t _at_least(const long long *values, Py_ssize_t n, i128 wanted) noexcept:
    """bisect_left."""
    cdef Py_ssize_t low = 0, middle
    while low < n:
        middle = (low + n) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            n = middle
    return low


cdef inline i128 _notional(const Side *side, i128 count) noexcept:
    cdef Py_ssize_t i = _at_least(side.lasts, side.n, count)
    return side.sums[i] - <i128> side.prices[i] * (side.ends[i] - count * side.step)


cdef i128 _reaching(const Side *side, i128 notional) noexcept:
    cdef Py_ssize_t i = 0
    cdef i128 quantity
    while i < side.n and side.sums[i] < notional:
        i += 1
    if i == side.n:
        return side.total + 1
    quantity = side.ends[i] - (side.sums[i] - notional) / side.prices[i]
    return (quantity + side.step - 1) / side.step


cdef i128 _within(const Side *side, i128 notional) noexcept:
    cdef Py_ssize_t i = 0
    if notional <= 0:
        return 0
    while i < side.n and side.sums[i] <= notional:
        i += 1
    if i == side.n:
        return side.total
    return (side.ends[i] - (side.sums[i] - notional + side.prices[i] - 1) / side.prices[i]) / side.step


cdef class Search:
    """Two sides of finite books on common scales. See the pure form."""

    cdef readonly int places
    cdef readonly int qty_places
    cdef object _rules
    cdef void *_block
    cdef Side _asks, _bids
    cdef i128 _num, _den, _cost, _gain
    cdef i128 _end

    def __dealloc__(self):
        PyMem_Free(self._block)

    @property
    def end(self):
        return _python(self._end)

    @property
    def steps(self):
        return self._asks.step, self._bids.step

    def pays(self):
        return self._rise(0) * self._num > self._fall(0) * self._den

    def over(self):
        cdef i128 rise = self._rise(_at_least(self._bids.lasts, self._bids.n, self._sold(self._end)))
        return self._profit(self._end) * self._den + rise * (self._end * self._num % self._den) < 0

    def feasible(self, size):
        cdef i128 first, last, min_sold, other
        rules = self._rules
        unit = _UNITS[self.places]
        min_sold = _reaching(&self._bids, _ceil(rules.min_proceeds, unit))
        other = _wide(rules.min_sold)
        if other > min_sold:
            min_sold = other
        first = _wide(rules.min_bought)
        other = (min_sold * self._den + self._num - 1) / self._num
        if other > first:
            first = other
        other = _reaching(&self._asks, _ceil(rules.min_spend, unit))
        if other > first:
            first = other
        last = _within(&self._asks, _floor(size, unit * 10 ** <object> rules.fee_places, rules.cost))
        if self._end < last:
            last = self._end
        if rules.max_bought is not None:
            last = min(last, _wide(rules.max_bought))
        if rules.max_spend is not None:
            last = min(last, _within(&self._asks, _floor(rules.max_spend, unit, 1)))
        if rules.max_sold is not None:
            last = min(last, self._most_bought(min(_wide(rules.max_sold), <i128> self._bids.total + 1)))
        if rules.max_proceeds is not None:
            last = min(last, self._most_bought(_within(&self._bids, _floor(rules.max_proceeds, unit, 1))))
        return _python(first), _python(last)

    def best(self, first, last):
        cdef i128 start = _wide(first), to = _wide(last), stop, rise, fall, profit, carry
        cdef i128 best = start, most = self._profit(start)
        cdef Word found
        while start <= to:
            stop = self._segment(start, to, &rise, &fall)
            profit, carry = self._profit(start), start * self._num % self._den
            if rise * self._num <= fall * self._den and profit * self._den + rise * carry <= most * self._den:
                break
            found = _climb(rise, fall, self._num, self._den, carry, stop - start)
            if profit + found.best > most:
                best, most = start + found.at, profit + found.best
            start = stop + 1
        return _python(best), _python(most)

    def breakeven(self, profitable):
        cdef i128 start, stop, rise, fall, profit, carry, at, found
        if self._profit(self._end) >= 0:
            return None
        start = found = _wide(profitable)
        while start <= self._end:
            stop = self._segment(start, self._end, &rise, &fall)
            profit, carry = self._profit(start), start * self._num % self._den
            if rise * self._num <= fall * self._den and profit * self._den + rise * carry < 0:
                break
            if self._profit(stop) >= 0:
                found = stop
            else:
                at = self._last_without_loss(rise, fall, carry, stop - start, profit)
                if at >= 0:
                    found = start + at
            start = stop + 1
        return _python(found)

    def figures(self, count):
        cdef i128 bought = _wide(count), sold = self._sold(bought)
        return (
            _python(sold), _python(_notional(&self._asks, bought)), _python(_notional(&self._bids, sold)),
            _at_least(self._asks.lasts, self._asks.n, bought), _at_least(self._bids.lasts, self._bids.n, sold),
        )

    cdef inline i128 _sold(self, i128 bought) noexcept:
        return bought * self._num / self._den

    cdef inline i128 _most_bought(self, i128 sold) noexcept:
        return ((sold + 1) * self._den - 1) / self._num

    cdef inline i128 _rise(self, Py_ssize_t level) noexcept:
        return <i128> self._bids.prices[level] * self._bids.step * self._gain

    cdef inline i128 _fall(self, Py_ssize_t level) noexcept:
        return <i128> self._asks.prices[level] * self._asks.step * self._cost

    cdef i128 _profit(self, i128 count) noexcept:
        return _notional(&self._bids, self._sold(count)) * self._gain - _notional(&self._asks, count) * self._cost

    cdef i128 _segment(self, i128 start, i128 last, i128 *rise, i128 *fall) noexcept:
        """Where the run of counts from `start` within one pair of levels ends, and what its steps are worth."""
        cdef Py_ssize_t i = _at_least(self._asks.lasts, self._asks.n, start)
        cdef Py_ssize_t j = _at_least(self._bids.lasts, self._bids.n, self._sold(start))
        cdef i128 most = self._most_bought(self._bids.lasts[j])
        rise[0], fall[0] = self._rise(j), self._fall(i)
        if self._asks.lasts[i] < last:
            last = self._asks.lasts[i]
        return most if most < last else last

    cdef i128 _last_without_loss(self, i128 rise, i128 fall, i128 carry, i128 steps, i128 profit) noexcept:
        """-1: there is none."""
        cdef i128 low = 0, high = steps, num = self._num, den = self._den, upper, other, middle
        cdef i128 slope = fall * den - rise * num
        if slope > 0:
            upper = profit * den + rise * carry
            other = _floordiv(upper, slope)
            if other < high:
                high = other
            other = _floordiv(upper - rise * (den - 1), slope)
            if other < high:
                low = other if other > 0 else 0
            else:
                low = high if high > 0 else 0
        if high < 0 or not self._reaches(rise, fall, carry, profit, low, high):
            return -1
        while low < high:
            middle = (low + high + 1) / 2
            if self._reaches(rise, fall, carry, profit, middle, high):
                low = middle
            else:
                high = middle - 1
        return low

    cdef bint _reaches(self, i128 rise, i128 fall, i128 carry, i128 profit, i128 start, i128 stop) noexcept:
        cdef i128 stepped = self._num * start + carry
        cdef i128 here = profit + rise * (stepped / self._den) - fall * start
        return here + _climb(rise, fall, self._num, self._den, stepped % self._den, stop - start).best >= 0


cdef i128 _floor(object value, object factor, object divisor):
    num, den = value.as_integer_ratio()
    return _wide(num * factor // (den * divisor))


cdef i128 _ceil(object value, object factor):
    num, den = value.as_integer_ratio()
    return _wide(-(-num * factor // den))


cdef long long _narrow(object value) except? -1:
    """-1: it is none that the compiled form takes."""
    cdef int beyond = 0
    cdef long long small = PyLong_AsLongLongAndOverflow(value, &beyond)
    return -1 if beyond or small > _WIDEST else small


cdef void _lay(Side *side, const double *prices, const double *quantities, double price_unit, double qty_unit) noexcept:
    """Levels on common scales."""
    cdef Py_ssize_t i
    cdef long long end = 0, quantity
    cdef i128 notional = 0
    for i in range(side.n):
        quantity = <long long> rint(quantities[i] * qty_unit)
        side.prices[i] = <long long> rint(prices[i] * price_unit)
        end += quantity
        notional += <i128> side.prices[i] * quantity
        side.ends[i] = end
        side.lasts[i] = end / side.step
        side.sums[i] = notional
    side.total = side.lasts[side.n - 1]


def search(asks, bids, rules):
    """The search among these levels (best first, all > 0, at least one a side); None: ask the pure one."""
    cdef Py_ssize_t i, n = len(asks), m = len(bids), both = n + m
    cdef int price_places, qty_places
    cdef long long num = _narrow(rules.num), den = _narrow(rules.den), cost = _narrow(rules.cost)
    cdef long long gain = _narrow(rules.gain), step, other, widest
    cdef double *values
    cdef void *block
    cdef Search made
    if num <= 0 or den <= 0 or cost < 0 or gain < 0 or both > 4096:
        return None
    made = Search.__new__(Search)
    made._block = block = PyMem_Malloc(both * (2 * sizeof(double) + 3 * sizeof(long long) + sizeof(i128)))
    if block == NULL:
        raise MemoryError
    values = <double *> (<char *> block + both * sizeof(i128))
    i = 0
    for price, qty in asks:
        values[i], values[both + i] = price, qty
        i += 1
    for price, qty in bids:
        values[i], values[both + i] = price, qty
        i += 1
    qty_places = rules.qty_places
    price_places, qty_places = _places(values, both, 0), _places(values + both, both, qty_places)
    if price_places < 0 or qty_places < 0:
        return None
    made._rules, made.places, made.qty_places = rules, price_places + qty_places, qty_places
    made._num, made._den, made._cost, made._gain = num, den, cost, gain
    made._asks.n, made._bids.n = n, m
    made._asks.sums, made._bids.sums = <i128 *> block, <i128 *> block + n
    made._asks.prices = <long long *> (values + 2 * both)
    made._asks.ends, made._asks.lasts = made._asks.prices + both, made._asks.prices + 2 * both
    made._bids.prices, made._bids.ends = made._asks.prices + n, made._asks.ends + n
    made._bids.lasts = made._asks.lasts + n
    unit = _UNITS[qty_places]
    step, other = _narrow(_python(_floor(rules.buy_step, unit, 1))), _narrow(_python(_floor(rules.sell_step, unit, 1)))
    if step <= 0 or other <= 0:
        return None
    made._asks.step, made._bids.step = step, other
    _lay(&made._asks, values, values + both, tens[price_places], tens[qty_places])
    _lay(&made._bids, values + n, values + both + n, tens[price_places], tens[qty_places])
    widest = max(step, other, made._asks.ends[n - 1], made._bids.ends[m - 1])
    if (
        _bits(max(made._asks.prices[n - 1], made._bids.prices[0])) + _bits(widest)
        + _bits(max(cost, gain)) + _bits(max(num, den)) > _BITS
    ):
        return None
    for count in (rules.min_bought, rules.max_bought, rules.min_sold, rules.max_sold):
        if count is not None and _narrow(count) < 0:
            return None
    made._end = min(<i128> made._asks.total, made._most_bought(made._bids.total))
    return made
