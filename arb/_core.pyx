# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled form of `arb.book.Book` and `arb.cursor.Cursor`: the same answers, which the same tests ask for.

A side is an array of levels in ascending order of the key: the best level is the last, and nearly every change is near
it. A level that is deleted keeps its place, since its price is likely to be named again, until there are too many such:
so most updates move nothing, and the places stay as regular as the prices, which makes them easy to guess.
"""

from cython cimport no_gc_clear

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memmove

from arb.book import tidy
from arb.cursor import Step
from arb.domain import BookState

cdef object _SYNCING = BookState.SYNCING
cdef tuple _STEPS = tuple(Step)
cdef int _LEAST = 8  # levels of the first array
cdef int _SPARE = 8  # dead levels that a side of any size may have
cdef int _NEAR = 8  # levels on either side: what may be looked through
cdef int _FAR = 8  # levels from the best one that tell how dense they are
cdef double _INF = float("inf")
cdef double _NO_ASK = _INF


cdef int _grow(Ladder *side, Py_ssize_t n) except -1:
    cdef Py_ssize_t room = side.room + (side.room >> 2)
    cdef Level *levels
    if room < n:
        room = n
    if room < _LEAST:
        room = _LEAST
    levels = <Level *> PyMem_Realloc(side.levels, room * sizeof(Level))
    if levels == NULL:
        raise MemoryError
    side.levels = levels
    side.room = <int> room
    return 0


cdef void _settle(Ladder *side, Py_ssize_t n) noexcept:
    """So many levels, all of them alive, are the whole side now."""
    side.n = <int> n
    side.dead = 0
    side.best = side.levels[n - 1].key if n else -_INF
    side.pace = (n - 1) / (side.best - side.levels[0].key) if n > 1 else 0.0


cdef void _drop(Ladder *side) noexcept:
    """The best level is gone; the next one that is alive takes its place."""
    side.n -= 1
    while side.n and side.levels[side.n - 1].qty == 0.0:
        side.n -= 1
        side.dead -= 1
    side.best = side.levels[side.n - 1].key if side.n else -_INF


cdef void _squeeze(Ladder *side) noexcept:
    """Give up the places of the dead."""
    cdef Py_ssize_t i, kept = 0
    for i in range(side.n):
        if side.levels[i].qty > 0.0:
            side.levels[kept] = side.levels[i]
            kept += 1
    side.n = <int> kept
    side.dead = 0


cdef inline Py_ssize_t _place(Ladder *side, double key) noexcept:
    """The first level whose key is not below `key`, itself below the best one's.

    The one that was guessed, or else looked for from the best one on in ever longer strides.
    """
    cdef const Level *levels = side.levels
    cdef Py_ssize_t last = side.n - 1, high = guess(side, key), low, stride = 1, middle
    if levels[high].key == key:
        return high
    high = last
    low = last - 1
    while low >= 0 and levels[low].key >= key:
        high = low
        stride <<= 1
        low -= stride
    if low < -1:
        low = -1
    while high - low > 1:
        middle = (low + high) >> 1
        if levels[middle].key >= key:
            high = middle
        else:
            low = middle
    if last - high >= _FAR:
        side.pace = (last - high) / (side.best - key)
    return high


cdef int _insert(Ladder *side, Py_ssize_t i, double key, double qty) except -1:
    """Before level `i`, at the cost of the nearest dead one."""
    cdef Py_ssize_t end, near = min(side.n, i + _NEAR)
    if i and side.levels[i - 1].qty == 0.0:
        i -= 1
        side.dead -= 1
    else:
        end = i
        while end < near and side.levels[end].qty > 0.0:
            end += 1
        if end < near:
            side.dead -= 1
        else:
            end = side.n
            if side.n == side.room:
                _grow(side, side.n + 1)
            side.n += 1
        memmove(side.levels + i + 1, side.levels + i, (end - i) * sizeof(Level))
    side.levels[i].key = key
    side.levels[i].qty = qty
    return 0


cdef inline int _set(Ladder *side, double key, double qty) except -1:
    """An absolute quantity; 0 removes."""
    cdef Py_ssize_t i
    cdef Level *level
    if not key < side.best:
        if key == side.best and side.n:
            if qty > 0.0:
                side.levels[side.n - 1].qty = qty
            else:
                _drop(side)
        elif qty > 0.0:
            if side.n == side.room:
                _grow(side, side.n + 1)
            level = side.levels + side.n
            level.key = side.best = key
            level.qty = qty
            side.n += 1
        return 0
    i = _place(side, key)
    level = side.levels + i
    if level.key != key:
        return _insert(side, i, key, qty) if qty > 0.0 else 0
    if qty > 0.0:
        side.dead -= level.qty == 0.0
        level.qty = qty
    elif level.qty > 0.0:
        level.qty = 0.0
        side.dead += 1
        if side.dead > _SPARE + (side.n >> 2):
            _squeeze(side)
    return 0


cdef bint _laid(Ladder *side, const double *levels, Py_ssize_t n, double sign) except -1:
    """Whether these levels (price and quantity in turn) came best first and became the whole side; else it is empty."""
    cdef Py_ssize_t i
    cdef double key, before = 0.0
    cdef Level *level
    if n > side.room:
        _grow(side, n)
    _settle(side, 0)
    level = side.levels + n
    for i in range(n):
        key = sign * levels[2 * i]
        if not levels[2 * i + 1] > 0.0 or (i and not key < before):
            return False
        level -= 1
        level.key = before = key
        level.qty = levels[2 * i + 1]
    _settle(side, n)
    return True


cdef int _lay(Ladder *side, object levels, double sign) except -1:
    """Levels as Python has them, in any order, become the whole side."""
    cdef Py_ssize_t i = 0
    cdef list ordered = tidy(levels, sign > 0.0)  # best last
    cdef Py_ssize_t n = len(ordered)
    if n > side.room:
        _grow(side, n)
    _settle(side, 0)
    for price, qty in ordered:
        side.levels[i].key = sign * <double> price
        side.levels[i].qty = <double> qty
        i += 1
    _settle(side, n)
    return 0


cdef list _best(const Ladder *side, Py_ssize_t n, double sign):
    cdef const Level *level = side.levels + side.n
    cdef list found = []
    while n > 0 and level > side.levels:
        level -= 1
        if level.qty > 0.0:
            found.append((sign * level.key, level.qty))
            n -= 1
    return found


cdef void _free(Ladder *side) noexcept:
    PyMem_Free(side.levels)
    side.levels = NULL
    side.room = 0
    _settle(side, 0)


cdef int put(Sides *book, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1:
    cdef Py_ssize_t i
    for i in range(n_bids):
        _set(&book.bids, bids[2 * i], bids[2 * i + 1])
    for i in range(n_asks):
        _set(&book.asks, -asks[2 * i], asks[2 * i + 1])
    return 0


cdef bint fill(Sides *book, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1:
    if _laid(&book.bids, bids, n_bids, 1.0) and _laid(&book.asks, asks, n_asks, -1.0):
        return True
    _settle(&book.bids, 0)
    return False


cdef class Book:
    """As `arb.book.Book`."""

    def __cinit__(self):
        self._sides = &self._own
        _settle(&self._own.bids, 0)
        _settle(&self._own.asks, 0)

    def __dealloc__(self):  # a cursor, which is freed first, has given back what was its own
        _free(&self._own.bids)
        _free(&self._own.asks)

    def replace(self, bids, asks):
        _lay(&self._sides.bids, bids, 1.0)
        _lay(&self._sides.asks, asks, -1.0)

    def apply(self, bids, asks):
        for price, qty in bids:
            _set(&self._sides.bids, price, qty)
        for price, qty in asks:
            _set(&self._sides.asks, -price, qty)

    def clear(self):
        _free(&self._sides.bids)
        _free(&self._sides.asks)

    @property
    def best_bid(self):
        return self._sides.bids.best if self._sides.bids.n else 0.0

    @property
    def best_ask(self):
        return -self._sides.asks.best if self._sides.asks.n else _NO_ASK

    @property
    def crossed(self):
        return is_crossed(self._sides)

    def bids(self, Py_ssize_t n):
        return _best(&self._sides.bids, n, 1.0)

    def asks(self, Py_ssize_t n):
        return _best(&self._sides.asks, n, -1.0)

    def __len__(self):
        return self._sides.bids.n - self._sides.bids.dead + self._sides.asks.n - self._sides.asks.dead


@no_gc_clear  # its face must be there to the end; cycles (over what it is compared with) are cut at the looks
cdef class Cursor:
    """As `arb.cursor.Cursor`. It has the levels in itself; the book that it gives away only shows them."""

    def __cinit__(self):
        self._face = Book()
        self.sides = self._face._own
        self._face._sides = &self.sides

    def __dealloc__(self):
        if self._face is not None:
            self._face._own = self.sides  # somebody may still hold it
            self._face._sides = &self._face._own

    def __init__(self):
        self._sure = self._whole = -1
        self.state = _SYNCING

    @property
    def _book(self):
        return self._face

    @_book.setter
    def _book(self, Book other not None):
        """Its levels go over. The other book has what was here, and is of no use to anybody."""
        cdef Sides mine = self.sides
        self.sides = other._sides[0]
        other._sides[0] = mine

    def advance(self, bids, asks, long long first, long long last, long long exch_ns, long long recv_ns, long long conn):
        if not self.expects(first, last, conn):
            return _STEPS[REFUSED]
        self._face.apply(bids, asks)
        self.moved(first, last, exch_ns or self.exch_ns, recv_ns)
        if is_crossed(&self.sides):
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
        self._face.replace(bids, asks)
        self.moved(seq + 1, seq, exch_ns, recv_ns)
        if is_crossed(&self.sides):
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
