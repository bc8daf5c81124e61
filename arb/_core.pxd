"""What compiled readers take from the compiled core: a book's levels and its cursor, without a Python call between.

With many markets nearly every book is out of the processor's caches, and what a frame costs is how many lines of 64
bytes it touches, one after the other. Hence a level's price and quantity are neighbours, a side remembers what would
otherwise be looked for in its levels, and what an update changes in a cursor comes first in it.
"""

from libc.math cimport INFINITY


# key: the price of a bid, minus the price of an ask.   qty: 0 where nobody is left: the place is kept for the next one.
cdef struct Level:
    double key
    double qty


# best: the key of the last level, which is never an empty one; -inf where there is none.
# pace: levels in a unit of the key, between the best one and where something was last found far from it.
# n: levels, of which `dead` are empty.   room: levels that would fit.
cdef struct Ladder:
    Level *levels
    double best
    float pace
    int n
    int dead
    int room


cdef struct Sides:
    Ladder bids
    Ladder asks


cdef enum:
    REFUSED = 0
    ADVANCED = 1
    CROSSED = 2
    REPEATED = 3


cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define arb_fetch(at) do { __builtin_prefetch((at), 1); __asm__ volatile (""); } while (0)
    #else
    #define arb_fetch(at) ((void) (at))
    #endif
    """
    void arb_fetch(const void *at) noexcept


cdef inline Py_ssize_t guess(const Ladder *side, double key) noexcept:
    """About where a level is, without looking at any; -1 for a side without levels."""
    cdef double away = (side.best - key) * side.pace + 0.5, most = side.n - 1
    away = away if away < most else most  # in this way no branch is needed, which nobody could predict
    away = away if away > 0.0 else 0.0
    return side.n - 1 - <Py_ssize_t> away


cdef inline bint is_crossed(const Sides *book) noexcept:
    return book.bids.n > 0 and book.asks.n > 0 and book.bids.best >= -book.asks.best


cdef inline double best_bid(const Sides *book) noexcept:
    """As `Book.best_bid`."""
    return book.bids.best if book.bids.n else 0.0


cdef inline double best_ask(const Sides *book) noexcept:
    """As `Book.best_ask`."""
    return -book.asks.best if book.asks.n else INFINITY


# `Book.apply` and `Book.replace` of levels as a reader has them: price and quantity in turn.
# fill: False where they are not best first; then the book is empty.
cdef int put(Sides *book, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1
cdef bint fill(Sides *book, const double *bids, Py_ssize_t n_bids, const double *asks, Py_ssize_t n_asks) except -1


cdef class Book:
    cdef Sides *_sides  # its own, or those of the cursor that it is the face of
    cdef Sides _own


cdef enum:
    LONGEST = 39  # bytes of a name on the wire that a cursor remembers


# In the order in which an update comes by them, all of it in neighbouring lines.
cdef class Cursor:
    cdef unsigned char named  # bytes of the name by which the wire knew it last
    cdef char name[LONGEST]
    cdef Sides sides
    cdef public long long _sure
    cdef public long long seq
    cdef public long long recv_ns
    cdef public long long exch_ns
    cdef public long long _first
    cdef public long long updates
    cdef public bint dirty
    cdef public bint _straddle
    cdef public object state
    cdef public object sieve
    cdef public tuple looks
    cdef public int trust
    cdef const char *beside[3]  # its looks, the first of them, whom that compares it with: to be fetched, never read
    cdef public long long _whole
    cdef public int _behind
    cdef public bint top_only
    cdef public long long _conn
    cdef Book _face  # the same for as long as the cursor lives

    cdef bint expects(self, long long first, long long last, long long conn) noexcept
    cdef void moved(self, long long first, long long last, long long exch_ns, long long recv_ns) noexcept
