"""What compiled readers share: levels as they come off the wire, and their way into a book."""

from cpython.object cimport PyObject

from arb._core cimport Cursor, Ladder, arb_fetch, guess
from fastpath.wire._names cimport Table, likely


cdef enum:
    MOST = 1024  # levels a side that a reader takes; longer frames are read by the plain one


# bids, asks: price and quantity in turn.   first: 0 where it is a whole book.   ms: of the venue's clock, 0: unknown.
cdef struct Change:
    double bids[2 * MOST]
    double asks[2 * MOST]
    Py_ssize_t n_bids
    Py_ssize_t n_asks
    long long first
    long long last
    long long ms


cdef class Names:
    cdef Table table

    cdef int add(self, const char *p, Py_ssize_t n, Cursor cursor) except -1
    cdef int _widen(self) except -1


cdef class Reader:
    cdef object _shelf, _decode
    cdef Names _names
    cdef list _hot
    cdef Change _change

    cdef bint take(self, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1
    cdef Cursor named(self, const char *p, Py_ssize_t n)
    cdef object look_up(self, bytes name)
    cdef bint shelve(self, PyObject *seen, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1


cdef inline PyObject *ahead(const Table *table, const char *p, Py_ssize_t n) noexcept:
    """As `likely`; and what an update of that book comes by is on its way, while the rest of the frame is read."""
    cdef PyObject *cursor = likely(table, p, n)
    cdef const char *at = <const char *> cursor
    if cursor != NULL:
        arb_fetch(at)
        arb_fetch(at + 64)
        arb_fetch(at + 128)
        arb_fetch(at + 192)
        arb_fetch(at + 256)  # and what a decision asks it for, as `arb.sync` has that behind the cursor
        arb_fetch(at + 320)
    return cursor


cdef inline void fetch(const Ladder *side, const double *levels, Py_ssize_t n, double sign) noexcept:
    """Have the places of these levels on their way."""
    cdef Py_ssize_t i
    for i in range(n):
        arb_fetch(side.levels + guess(side, sign * levels[2 * i]))


cdef inline void fetch_bids(PyObject *cursor, const Change *change) noexcept:
    if cursor != NULL:
        fetch(&(<Cursor> cursor).sides.bids, change.bids, change.n_bids, 1.0)


cdef inline void fetch_beside(Cursor cursor) noexcept:
    """Have on its way what the decision on this book will come by, while its levels are being changed."""
    if cursor.beside[0] != NULL:
        arb_fetch(cursor.beside[0])
        arb_fetch(cursor.beside[0] + 32)
        arb_fetch(cursor.beside[1])
        arb_fetch(cursor.beside[1] + 64)
        arb_fetch(cursor.beside[2])
        arb_fetch(cursor.beside[2] + 64)
        arb_fetch(cursor.beside[2] + 128)
        arb_fetch(cursor.beside[2] + 192)


cdef inline void fetch_asks(PyObject *cursor, const Change *change) noexcept:
    if cursor != NULL:
        fetch(&(<Cursor> cursor).sides.asks, change.asks, change.n_asks, -1.0)
