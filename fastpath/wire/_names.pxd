"""Names on the wire -> cursors, so that looking one up touches what is in the caches anyway, then the cursor itself."""

from cpython.object cimport PyObject
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from arb._core cimport LONGEST, Cursor


# hash: of the name.   number: of the cursor, from 1 on; 0: the place is free.
cdef struct Slot:
    uint32_t hash
    uint32_t number


# slots: mask + 1 of them, a power of two, at least half of them free.   used: the others, and the cursors.
cdef struct Table:
    Slot *slots
    PyObject **cursors
    size_t mask
    size_t used


cdef inline uint32_t hashed(const char *p, Py_ssize_t n) noexcept:
    cdef uint64_t word, mixed = <uint64_t> n
    while n >= 8:
        memcpy(&word, p, 8)
        mixed = (mixed ^ word) * <uint64_t> 0x9E3779B97F4A7C15
        mixed ^= mixed >> 32
        p += 8
        n -= 8
    word = 0
    while n > 0:
        n -= 1
        word = word << 8 | <unsigned char> p[n]
    mixed = (mixed ^ word) * <uint64_t> 0x9E3779B97F4A7C15
    return <uint32_t> (mixed >> 32)


cdef inline PyObject *likely(const Table *table, const char *p, Py_ssize_t n) noexcept:
    """The cursor that a name may well mean, without touching it; NULL: the name is not in the table."""
    cdef uint32_t hash = hashed(p, n)
    cdef size_t i = hash & table.mask
    if table.slots == NULL:
        return NULL
    while table.slots[i].number:
        if table.slots[i].hash == hash:
            return table.cursors[table.slots[i].number - 1]
        i = (i + 1) & table.mask
    return NULL


cdef inline bint is_called(PyObject *cursor, const char *p, Py_ssize_t n) noexcept:
    return (<Cursor> cursor).named == n and memcmp((<Cursor> cursor).name, p, n) == 0
