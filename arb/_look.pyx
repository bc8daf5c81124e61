# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled form of `arb.look`: the same pairs fall through, which the same tests ask for.

It reads compiled cursors. A pair with any other book is judged each time.
"""

from cpython.object cimport PyObject

from arb._core cimport Cursor, best_ask, best_bid

from arb.domain import BookState
from arb.walk import DOUBT

cdef extern from "Python.h":
    PyObject *PyTuple_GET_ITEM(object items, Py_ssize_t i) noexcept

cdef object _LIVE = BookState.LIVE
cdef double _DOUBT = DOUBT
cdef object _LONG_NS = 1 << 62  # more than two times are ever apart

cdef enum:
    NONE = 0
    PRICES = 1
    AGE = 2
    SKEW = 3
    STATES = 4


cdef class Look:
    """As `arb.look.Look`."""

    def bind(self, first, second):
        self.first, self.second = first, second
        self._one = first if isinstance(first, Cursor) else None
        self._other = second if isinstance(second, Cursor) else None
        self._ground = NONE

    def doubt(self):
        self._ground = NONE

    def priced(self, bint there, bint back, double there_hurdle, double back_hurdle):
        self._there, self._back = there, back
        self._there_hurdle, self._back_hurdle = there_hurdle, back_hurdle
        self._ground = NONE if self._one is None or self._other is None else PRICES

    def refused(self, *, bint skewed):
        self._ground = NONE
        if self._one is None or self._other is None:
            return
        self._one_state, self._other_state = self._one.state, self._other.state
        if self._one_state is not _LIVE or self._other_state is not _LIVE:
            self._ground = STATES
        else:
            self._ground = SKEW if skewed else AGE

    def caught_up(self):
        told = (self._had_there, self._there), (self._had_back, self._back)
        self.stirred = self._had_there = self._had_back = False
        return told


cdef class Sieve:
    """As `arb.look.Sieve`."""

    def __init__(self, max_age_ns, max_skew_ns, min_trust, double max_ratio):
        self._max_age_ns = min(max_age_ns, _LONG_NS)
        self._max_skew_ns = min(max_skew_ns, _LONG_NS)
        self._min_trust = min_trust
        self._max_ratio = max_ratio
        self._stirred = []

    def take_stirred(self):
        taken, self._stirred = self._stirred, []
        return taken

    def sift(self, books, long long now_ns):
        return self.passed(list(books), now_ns) or []

    def holds(self, Look look, long long now_ns):
        return self.still(look, now_ns)

    cdef list passed(self, list books, long long now_ns):
        """`sift`; None where nothing falls through."""
        cdef list found = None
        cdef tuple looks
        cdef Py_ssize_t i
        self._pass += 1
        for book in books:
            if type(book) is self._kind or self.knows(book):
                if (<Cursor> book).sieve is not self:
                    (<Cursor> book).looks = self.met(book)
                    (<Cursor> book).sieve = self
                    self.lay_out(<Cursor> book)
                looks = (<Cursor> book).looks
            else:
                looks = self.met(book)
            for i in range(len(looks)):
                found = self.through(<Look> PyTuple_GET_ITEM(looks, i), now_ns, found)
        return found

    cdef int lay_out(self, Cursor book) except -1:
        """Where a look at the first pair of a book leads, so that its reader can have that fetched."""
        cdef Look look
        cdef Cursor other
        book.beside[0] = NULL
        if book.looks:
            look = book.looks[0]
            other = look._other if look._one is book else look._one
            book.beside[0] = <const char *> <PyObject *> book.looks
            book.beside[1] = <const char *> <PyObject *> look
            book.beside[2] = <const char *> <PyObject *> other
        return 0

    cdef list taken(self, list dirty, long long now_ns):
        """`passed`, of books that are no longer dirty then."""
        try:
            for book in dirty:
                if type(book) is self._kind or self.knows(book):
                    (<Cursor> book).dirty = False
                else:
                    book.dirty = False
            return self.passed(dirty, now_ns)
        finally:
            dirty.clear()

    cdef list through(self, Look look, long long now_ns, list found):
        if look.round == self._pass or self.still(look, now_ns):
            return found
        look.round = self._pass
        if found is None:
            return [look]
        found.append(look)
        return found

    cdef bint still(self, Look look, long long now_ns) except -1:
        """`holds`."""
        cdef Cursor one, other
        cdef long long apart_ns
        cdef double bid, ask, other_bid, other_ask
        cdef bint there, back
        if look._ground == NONE:
            return False
        one, other = look._one, look._other
        if one.trust < self._min_trust or other.trust < self._min_trust:
            return False
        if one.state is not _LIVE or other.state is not _LIVE:
            return look._ground == STATES and one.state is look._one_state and other.state is look._other_state
        if now_ns - one.recv_ns > self._max_age_ns or now_ns - other.recv_ns > self._max_age_ns:
            return look._ground == AGE
        apart_ns = one.recv_ns - other.recv_ns
        if apart_ns > self._max_skew_ns or apart_ns < -self._max_skew_ns:
            return look._ground == SKEW
        if look._ground != PRICES:
            return False
        bid, ask = best_bid(&one.sides), best_ask(&one.sides)
        other_bid, other_ask = best_bid(&other.sides), best_ask(&other.sides)
        if other_bid > ask * self._max_ratio or bid > other_ask * self._max_ratio:
            return False
        there, back = other_bid > ask, bid > other_ask
        if there and other_bid > ask * look._there_hurdle * _DOUBT:
            return False
        if back and bid > other_ask * look._back_hurdle * _DOUBT:
            return False
        if there != look._there or back != look._back:
            self.stir(look, there, back)
        return True

    cdef int stir(self, Look look, bint there, bint back) except -1:
        look._there, look._back = there, back
        look._had_there |= there
        look._had_back |= back
        if not look.stirred:
            look.stirred = True
            self._stirred.append(look)
        return 0

    cdef bint knows(self, book):
        """Whether this is a compiled cursor: then the next one of its kind is known at a glance."""
        if not isinstance(book, Cursor):
            return False
        self._kind = type(book)
        return True

    cdef tuple met(self, book):
        """What it is compared with."""
        cdef tuple looks = self._compared(book)
        for look in looks:
            if not isinstance(look, Look):
                raise TypeError(f"not a compiled look: {look!r}")
        return looks
