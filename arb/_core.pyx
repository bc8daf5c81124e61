# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled form of `arb.book.Book` and `arb.cursor.Cursor`: the same answers, which the same tests ask for.

A side is two arrays of doubles in ascending order of its key, which is the price for bids and minus the price for asks:
the best level is the last of either, and nearly every change is near it.
"""

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memmove

from arb.book import tidy
from arb.cursor import Step
from arb.domain import BookState

cdef object _SYNCING = BookState.SYNCING
cdef tuple _STEPS = tuple(Step)
cdef Py_ssize_t _LEAST = 8  # levels of the first arrays
cdef double _NO_ASK = float("inf")


cdef int _grow(Ladder *side, Py_ssize_t n) except -1:
    cdef Py_ssize_t room = side.room + (side.room >> 2)
    cdef double *key
    cdef double *qty
    if room < n:
        room = n
    if room < _LEAST:
        room = _LEAST
    key = <double *> PyMem_Realloc(side.key, room * sizeof(double))
    if key == NULL:
        raise MemoryError
    side.key = key
    qty = <double *> PyMem_Realloc(side.qty, room * sizeof(double))
    if qty == NULL:
        raise MemoryError
    side.qty = qty
    side.room = room
    return 0


cdef inline Py_ssize_t _place(const Ladder *side, double key) noexcept:
    """The first level whose key is not below `key`, looked for from the best one on in ever longer strides."""
    cdef Py_ssize_t high = side.n, low, stride = 1, middle
    cdef const double *keys = side.key
    if high == 0 or keys[high - 1] < key:
        return high
    high -= 1
    low = high - 1
    while low >= 0 and keys[low] >= key:
        high = low
        stride <<= 1
        low -= stride
    if low < -1:
        low = -1
    while high - low > 1:
        middle = (low + high) >> 1
        if keys[middle] >= key:
            high = middle
        else:
            low = middle
    return high


cdef inline int _set(Ladder *side, double key, double qty) except -1:
    """An absolute quantity; 0 removes."""
    cdef Py_ssize_t i = _place(side, key), rest
    if i < side.n and side.key[i] == key:
        if qty > 0.0:
            side.qty[i] = qty
        else:
            side.n -= 1
            rest = (side.n - i) * sizeof(double)
            memmove(side.key + i, side.key + i + 1, rest)
            memmove(side.qty + i, side.qty + i + 1, rest)
    elif qty > 0.0:
        if side.n == side.room:
            _grow(side, side.n + 1)
        rest = (side.n - i) * sizeof(double)
        memmove(side.key + i + 1, side.key + i, rest)
        memmove(side.qty + i + 1, side.qty + i, rest)
        side.key[i] = key
        side.qty[i] = qty
        side.n += 1
    return 0


cdef bint _laid(Ladder *side, const double *levels, Py_ssize_t n, double sign) except -1:
    """Whether these levels (price and quantity in turn) came best first and became the whole side; else it is unknown."""
    cdef Py_ssize_t i, at
    cdef double key, before = 0.0
    if n > side.room:
        _grow(side, n)
    for i in range(n):
        key = sign * levels[2 * i]
        if not levels[2 * i + 1] > 0.0 or (i and not key < before):
            return False
        at = n - 1 - i
        side.key[at] = before = key
        side.qty[at] = levels[2 * i + 1]
    side.n = n
    return True


cdef int _lay(Ladder *side, object levels, double sign) except -1:
    """Levels as Python has them, in any order, become the whole side."""
    cdef Py_ssize_t i = 0
    cdef list ordered = tidy(levels, sign > 0.0)  # best last
    cdef Py_ssize_t n = len(ordered)
    if n > side.room:
        _grow(side, n)
    for price, qty in ordered:
        side.key[i] = sign * <double> price
        side.qty[i] = <double> qty
        i += 1
    side.n = n
    return 0


cdef list _best(const Ladder *side, Py_ssize_t n, double sign):
    cdef Py_ssize_t i, last = side.n - 1
    cdef list found = []
    if n > side.n:
        n = side.n
    for i in range(n):
        found.append((sign * side.key[last - i], side.qty[last - i]))
    return found


cdef class Book:
    """As `arb.book.Book`."""

    def __dealloc__(self):
        for side in range(2):
            ladder = &self._asks if side else &self._bids
            PyMem_Free(ladder.key)
            PyMem_Free(ladder.qty)

    def replace(self, bids, asks):
        _lay(&self._bids, bids, 1.0)
        _lay(&self._asks, asks, -1.0)

    def apply(self, bids, asks):
        for price, qty in bids:
            _set(&self._bids, price, qty)
        for price, qty in asks:
            _set(&self._asks, -price, qty)

    def clear(self):
        for side in range(2):
            ladder = &self._asks if side else &self._bids
            PyMem_Free(ladder.key)
            PyMem_Free(ladder.qty)
            ladder.key = ladder.qty = NULL
            ladder.n = ladder.room = 0

    @property
    def best_bid(self):
        return self._bids.key[self._bids.n - 1] if self._bids.n else 0.0

    @property
    def best_ask(self):
        return -self._asks.key[self._asks.n - 1] if self._asks.n else _NO_ASK

    @property
    def crossed(self):
        return self.is_crossed()

    def bids(self, Py_ssize_t n):
        return _best(&self._bids, n, 1.0)

    def asks(self, Py_ssize_t n):
        return _best(&self._asks, n, -1.0)

    def __len__(self):
        return self._bids.n + self._asks.n

    cdef bint is_crossed(self) noexcept:
        cdef const Ladder *bids = &self._bids
        cdef const Ladder *asks = &self._asks
        return bids.n > 0 and asks.n > 0 and bids.key[bids.n - 1] >= -asks.key[asks.n - 1]

    cdef int put(self, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1:
        """`apply` of levels as a reader has them: price and quantity in turn."""
        cdef Py_ssize_t i
        for i in range(n_bids):
            _set(&self._bids, bids[2 * i], bids[2 * i + 1])
        for i in range(n_asks):
            _set(&self._asks, -asks[2 * i], asks[2 * i + 1])
        return 0

    cdef bint fill(self, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1:
        """`replace` of levels as a reader has them. False where they are not best first: then the book is unknown."""
        return _laid(&self._bids, bids, n_bids, 1.0) and _laid(&self._asks, asks, n_asks, -1.0)


cdef class Cursor:
    """As `arb.cursor.Cursor`."""

    def __init__(self):
        self._book = Book()
        self._sure = self._whole = -1
        self.state = _SYNCING

    def advance(self, bids, asks, long long first, long long last, long long exch_ns, long long recv_ns, long long conn):
        if not self.expects(first, last, conn):
            return _STEPS[REFUSED]
        self._book.apply(bids, asks)
        self.moved(first, last, exch_ns or self.exch_ns, recv_ns)
        if self._book.is_crossed():
            return _STEPS[CROSSED]
        self.updates += 1
        return _STEPS[ADVANCED]

    def succeed(self, bids, asks, long long seq, long long exch_ns, long long recv_ns, long long conn):
        if conn != self._whole or seq < self.seq or not seq:
            return _STEPS[REFUSED]
        self._behind = 0
        if seq == self.seq:
            self.recv_ns = recv_ns
            return _STEPS[REPEATED]
        self._book.replace(bids, asks)
        self.moved(seq + 1, seq, exch_ns, recv_ns)
        if self._book.is_crossed():
            return _STEPS[CROSSED]
        self.updates += 1
        return _STEPS[ADVANCED]

    cdef bint expects(self, long long first, long long last, long long conn) noexcept:
        return conn == self._sure and first - 1 == self.seq and first <= last

    cdef void moved(self, long long first, long long last, long long exch_ns, long long recv_ns) noexcept:
        self.seq = last
        self._first = first
        self._straddle = False
        self.recv_ns = recv_ns
        self.exch_ns = exch_ns
