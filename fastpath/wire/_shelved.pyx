# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The half of a compiled reader that is the same for every venue: from levels to their book."""

from cpython.object cimport PyObject

from arb._core cimport Cursor


cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL


cdef class Reader:
    """decode: for every frame that this reader leaves alone."""

    def __init__(self, shelf, decode):
        self._shelf, self._names, self._hot = shelf, shelf.names, shelf.hot
        self._decode = decode

    def read(self, bytes frame, long long recv_ns, long long conn):
        """As `Reads.reader` promises."""
        if self.take(frame, len(frame), recv_ns, conn):
            return ()
        return self._decode(frame, recv_ns, conn)

    cdef bint take(self, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1:
        """Whether these bytes were the next update of a book, and are in it now. A venue's own to say."""
        return False

    cdef object look_up(self, bytes name):
        """Our symbol for a name on the wire. Raises KeyError, or ValueError for what is no text."""
        raise KeyError(name)

    cdef Cursor named(self, const char *p, Py_ssize_t n):
        """Whose book a name on the wire means, kept until the shelf changes; None: nobody's."""
        cdef bytes name = p[:n]
        cdef PyObject *found = PyDict_GetItemWithError(self._names, name)
        cdef Cursor cursor
        if found != NULL:
            return <Cursor> found
        try:
            cursor = self._shelf.books.get(self.look_up(name))
        except (KeyError, ValueError):
            return None
        if cursor is not None:
            self._names[name] = cursor
        return cursor

    cdef bint shelve(self, Cursor cursor, long long recv_ns, long long conn) except -1:
        """As `Shelf.advance` and `Shelf.succeed` do with a change."""
        cdef const Change *change = &self._change
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
            self._shelf.crossed(cursor, recv_ns)
            return True
        cursor.updates += 1
        if not cursor.dirty:
            cursor.dirty = True
            (<list> self._hot[1]).append(cursor)
        changed = self._hot[0]
        if changed is not None:
            changed(cursor, recv_ns)
        return True
