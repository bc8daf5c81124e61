"""What compiled readers share: levels as they come off the wire, and their way into a book."""

from arb._core cimport ADVANCED, CROSSED, REFUSED, REPEATED, Cursor
from cpython.object cimport PyObject


cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL


cdef enum:
    MOST = 1024  # levels a side that a reader takes; longer frames are read by the plain one


# bids, asks: price and quantity in turn.   first: 0 where it is a whole book.   ms: of the venue's clock.
cdef struct Change:
    double bids[2 * MOST]
    double asks[2 * MOST]
    Py_ssize_t n_bids
    Py_ssize_t n_asks
    long long first
    long long last
    long long ms


cdef inline bint taken(
    object shelf, dict books, list dirty, object changed, object symbol, const Change *change, long long recv_ns,
    long long conn,
) except -1:
    """As `Shelf.advance` and `Shelf.succeed`: whether the change was the next one of its book and is in it now."""
    cdef PyObject *found = PyDict_GetItemWithError(books, symbol)
    cdef Cursor cursor
    if found == NULL:
        return False
    cursor = <Cursor?> (<object> found)
    if change.first:
        if not cursor.expects(change.first, change.last, conn):
            return False
        cursor._book.put(change.bids, change.n_bids, change.asks, change.n_asks)
        cursor.moved(change.first, change.last, change.ms * 1000000 if change.ms else cursor.exch_ns, recv_ns)
    else:
        if conn != cursor._whole or change.last <= cursor.seq:
            return False
        if not cursor._book.fill(change.bids, change.n_bids, change.asks, change.n_asks):
            return False
        cursor._behind = 0
        cursor.moved(change.last + 1, change.last, change.ms * 1000000, recv_ns)
    if cursor._book.is_crossed():
        shelf.crossed(cursor, recv_ns)
        return True
    cursor.updates += 1
    if not cursor.dirty:
        cursor.dirty = True
        dirty.append(cursor)
    if changed is not None:
        changed(cursor, recv_ns)
    return True
