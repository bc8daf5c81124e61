"""What compiled readers take from the compiled core: a book's levels and its cursor, without a Python call between."""

from libc.math cimport INFINITY


cdef struct Ladder:
    double *key
    double *qty
    Py_ssize_t n
    Py_ssize_t room


cdef enum:
    REFUSED = 0
    ADVANCED = 1
    CROSSED = 2
    REPEATED = 3


cdef class Book:
    cdef Ladder _bids
    cdef Ladder _asks

    cdef bint is_crossed(self) noexcept
    cdef int put(self, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1
    cdef bint fill(self, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1


cdef class Cursor:
    cdef public Book _book
    cdef public object state
    cdef public long long seq
    cdef public long long exch_ns
    cdef public long long recv_ns
    cdef public long long updates
    cdef public long long _conn
    cdef public long long _first
    cdef public long long _sure
    cdef public long long _whole
    cdef public int _behind
    cdef public bint _straddle
    cdef public bint dirty
    cdef public bint top_only
    cdef public int trust
    cdef public object sieve
    cdef public tuple looks

    cdef bint expects(self, long long first, long long last, long long conn) noexcept
    cdef void moved(self, long long first, long long last, long long exch_ns, long long recv_ns) noexcept


cdef inline double best_bid(Cursor cursor) noexcept:
    """As `Book.best_bid`."""
    cdef const Ladder *side = &cursor._book._bids
    return side.key[side.n - 1] if side.n else 0.0


cdef inline double best_ask(Cursor cursor) noexcept:
    """As `Book.best_ask`."""
    cdef const Ladder *side = &cursor._book._asks
    return -side.key[side.n - 1] if side.n else INFINITY
