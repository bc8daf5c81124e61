"""What compiled readers share: levels as they come off the wire, and their way into a book."""

from arb._core cimport Cursor


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


cdef class Reader:
    cdef object _shelf, _decode
    cdef dict _names
    cdef list _hot
    cdef Change _change

    cdef bint take(self, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1
    cdef Cursor named(self, const char *p, Py_ssize_t n)
    cdef object look_up(self, bytes name)
    cdef bint shelve(self, Cursor cursor, long long recv_ns, long long conn) except -1
