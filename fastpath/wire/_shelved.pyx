# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The half of a compiled reader that is the same for every venue: from levels to their book."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memset

from arb._core cimport LONGEST, Cursor, Sides, fill, is_crossed, put
from fastpath.wire._names cimport Slot, Table, hashed, is_called, likely

from arb import shelf as _of

cdef size_t NAMES = _of.NAMES
cdef size_t _FEWEST = 16  # slots


cdef class Names:
    """As `arb.shelf.Names`. It holds its cursors."""

    def __dealloc__(self):
        self.clear()

    def __len__(self):
        return self.table.used

    def clear(self):
        cdef Table old = self.table
        cdef size_t i
        memset(&self.table, 0, sizeof(Table))
        for i in range(old.used):
            Py_DECREF(<object> old.cursors[i])
        PyMem_Free(old.slots)
        PyMem_Free(old.cursors)

    cdef int add(self, const char *p, Py_ssize_t n, Cursor cursor) except -1:
        """From now on this is the cursor's name, and the table knows it, unless it is too long."""
        cdef uint32_t hash = hashed(p, n)
        cdef size_t i
        if n > LONGEST:
            return 0
        cursor.named = <unsigned char> n
        memcpy(cursor.name, p, n)
        if self.table.slots == NULL or 2 * (self.table.used + 1) > self.table.mask + 1:
            self._widen()
        i = hash & self.table.mask
        while self.table.slots[i].number:
            if self.table.slots[i].hash == hash:
                return 0  # it was called so before; or another one is in the way, whose place is not taken
            i = (i + 1) & self.table.mask
        Py_INCREF(cursor)
        self.table.cursors[self.table.used] = <PyObject *> cursor
        self.table.used += 1
        self.table.slots[i].hash = hash
        self.table.slots[i].number = <uint32_t> self.table.used
        return 0

    cdef int _widen(self) except -1:
        """Twice as many slots."""
        cdef Table *table = &self.table
        cdef size_t i, to, size = 2 * (table.mask + 1) if table.slots != NULL else _FEWEST
        cdef PyObject **cursors = <PyObject **> PyMem_Realloc(table.cursors, size // 2 * sizeof(PyObject *))
        cdef Slot *slots
        if cursors == NULL:
            raise MemoryError
        table.cursors = cursors
        slots = <Slot *> PyMem_Malloc(size * sizeof(Slot))
        if slots == NULL:
            raise MemoryError
        memset(slots, 0, size * sizeof(Slot))
        if table.slots != NULL:
            for i in range(table.mask + 1):
                if table.slots[i].number:
                    to = table.slots[i].hash & (size - 1)
                    while slots[to].number:
                        to = (to + 1) & (size - 1)
                    slots[to] = table.slots[i]
            PyMem_Free(table.slots)
        table.slots = slots
        table.mask = size - 1
        return 0


cdef class Reader:
    """decode: for every frame that this reader leaves alone."""

    def __init__(self, shelf, decode):
        if shelf.table is None:
            shelf.table = Names()
        self._shelf, self._names, self._hot = shelf, shelf.table, shelf.hot
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
        cdef PyObject *found = likely(&self._names.table, p, n)
        cdef Cursor cursor
        if found != NULL and is_called(found, p, n):
            return <Cursor> found
        try:
            cursor = self._shelf.books.get(self.look_up(p[:n]))
        except (KeyError, ValueError):
            return None
        if cursor is not None and self._names.table.used < NAMES * <size_t> len(self._shelf.books):
            self._names.add(p, n, cursor)
        return cursor

    cdef bint shelve(self, PyObject *seen, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1:
        """As `Shelf.advance` and `Shelf.succeed` do with a change. seen: whose book the name `p` may mean, or NULL."""
        cdef const Change *change = &self._change
        cdef Cursor cursor = <Cursor> seen if seen != NULL and is_called(seen, p, n) else self.named(p, n)
        cdef Sides *book
        if cursor is None:
            return False
        book = &cursor.sides
        if change.first:
            if not cursor.expects(change.first, change.last, conn):
                return False
            fetch_beside(cursor)
            put(book, change.bids, change.n_bids, change.asks, change.n_asks)
            cursor.moved(change.first, change.last, change.ms * 1000000 if change.ms else cursor.exch_ns, recv_ns)
        else:
            if conn != cursor._whole or change.last <= cursor.seq:
                return False
            if not fill(book, change.bids, change.n_bids, change.asks, change.n_asks):
                return False
            cursor._behind = 0
            cursor.moved(change.last + 1, change.last, change.ms * 1000000, recv_ns)
        if is_crossed(book):
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
