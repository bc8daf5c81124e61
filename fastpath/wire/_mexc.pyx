# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""MEXC's book pushes straight into their books: the compiled form of `fastpath.mexc.Codec.reader`.

It takes the layout of `fastpath.wire.mexc_push` and leaves any other frame to the codec's `decode`, untouched.
"""

from cpython.object cimport PyObject

from fastpath.wire._number cimport number
from fastpath.wire._shelved cimport MOST, Change, ahead, fetch_asks, fetch_bids
from fastpath.wire._shelved cimport Reader as Shelved

ctypedef const unsigned char Byte

cdef enum:  # which body, by one byte of its tag
    DEPTHS = 0xCA  # CA 13
    TICKER = 0xDA  # DA 13
    LIMITED = 0x12  # FA 12


cdef inline bint _text(Byte *p, Byte *end, Byte tag, Py_ssize_t *n) noexcept:
    """A field of up to 127 bytes: its tag, its length, and `n` bytes that are there."""
    if end - p < 2 or p[0] != tag or p[1] > 127 or end - p - 2 < p[1]:
        return False
    n[0] = p[1]
    return True


cdef inline bint _millis(Byte *p, Byte *end, long long *into) noexcept:
    """A varint of six bytes."""
    cdef int i
    cdef long long value = 0
    if end - p < 6 or p[5] > 127:
        return False
    for i in range(6):
        if i < 5 and p[i] < 128:
            return False
        value |= <long long> (p[i] & 127) << (7 * i)
    into[0] = value
    return True


cdef inline Byte *_levels(Byte *p, Byte *end, Byte tag, double *into, Py_ssize_t *n) except? NULL:
    """Repeated {1 price, 2 quantity}; where they end, NULL for another layout."""
    cdef Py_ssize_t count = 0, size, part
    cdef Byte *stop
    while p < end and p[0] == tag:
        if not _text(p, end, tag, &size) or count == MOST:
            return NULL
        p += 2
        stop = p + size
        if not _text(p, stop, 0x0A, &part):
            return NULL
        into[2 * count] = number(<const char *> p + 2, part)
        p += 2 + part
        if not into[2 * count] > 0.0 or not _text(p, stop, 0x12, &part) or p + 2 + part != stop:
            return NULL
        into[2 * count + 1] = number(<const char *> p + 2, part)
        if not into[2 * count + 1] >= 0.0:
            return NULL
        p = stop
        count += 1
    n[0] = count
    return p


cdef inline Byte *_version(Byte *p, Byte *end, Byte tag, long long *into) noexcept:
    """Up to 18 digits as text; where they end, NULL for another layout."""
    cdef Py_ssize_t n, i
    cdef long long value = 0
    if not _text(p, end, tag, &n) or n == 0 or n > 18:
        return NULL
    for i in range(2, n + 2):
        if not c"0" <= p[i] <= c"9":
            return NULL
        value = value * 10 + (p[i] - c"0")
    into[0] = value
    return p + 2 + n


cdef inline bint _time(Byte *p, Byte *end, Byte tag, long long *into) noexcept:
    """The time that ends a body; 0 where the body ends without one."""
    into[0] = 0
    if p == end:
        return True
    return end - p == 7 and p[0] == tag and _millis(p + 1, end, into)


cdef bint _depth(Byte *p, Byte *end, Change *change, PyObject *seen, bint whole) except -1:
    """PublicAggreDepthsV3Api, or with `whole` PublicLimitDepthsV3Api."""
    cdef Py_ssize_t skipped
    p = _levels(p, end, 0x0A, change.asks, &change.n_asks)
    if p == NULL:
        return False
    fetch_asks(seen, change)
    p = _levels(p, end, 0x12, change.bids, &change.n_bids)
    if p == NULL or not _text(p, end, 0x1A, &skipped):
        return False
    fetch_bids(seen, change)
    p += 2 + skipped
    if whole:
        change.first = 0
        p = _version(p, end, 0x22, &change.last)
        return p != NULL and change.last > 0 and _time(p, end, 0x28, &change.ms)
    p = _version(p, end, 0x22, &change.first)
    if p == NULL:
        return False
    p = _version(p, end, 0x2A, &change.last)
    return p != NULL and 0 < change.first <= change.last and _time(p, end, 0x30, &change.ms)


cdef inline bint _best(Byte **at, Byte *end, Byte price, Byte quantity, double *into) except -1:
    """A best level: its price and its quantity."""
    cdef Byte *p = at[0]
    cdef Py_ssize_t n
    if not _text(p, end, price, &n):
        return False
    into[0] = number(<const char *> p + 2, n)
    p += 2 + n
    if not into[0] > 0.0 or not _text(p, end, quantity, &n):
        return False
    into[1] = number(<const char *> p + 2, n)
    at[0] = p + 2 + n
    return into[1] > 0.0


cdef bint _touch(Byte *p, Byte *end, Change *change) except -1:
    """PublicAggreBookTickerV3Api with a version."""
    if not _best(&p, end, 0x0A, 0x12, change.bids) or not _best(&p, end, 0x1A, 0x22, change.asks):
        return False
    change.n_bids = change.n_asks = 1
    change.first = 0
    p = _version(p, end, 0x2A, &change.last)
    return p != NULL and change.last > 0 and _time(p, end, 0x30, &change.ms)


cdef class Reader(Shelved):
    """symbols: ours for the bytes of a native symbol."""

    cdef object _symbols

    def __init__(self, shelf, symbols, decode):
        super().__init__(shelf, decode)
        self._symbols = symbols

    cdef bint take(self, const char *start, Py_ssize_t n, long long recv_ns, long long conn) except -1:
        cdef Byte *p = <Byte *> start
        cdef Byte *end = p + n
        cdef Byte *native
        cdef Change *change = &self._change
        cdef PyObject *seen
        cdef long long sent_ms
        cdef Py_ssize_t size, named, length
        cdef unsigned char kind
        if not _text(p, end, 0x0A, &size) or size == 0:
            return False
        p += 2 + size
        if not _text(p, end, 0x1A, &named):
            return False
        native = p + 2
        p = native + named
        if end - p < 10 or p[0] != 0x30 or not _millis(p + 1, end, &sent_ms):
            return False
        seen = ahead(&self._names.table, <const char *> native, named)
        kind = p[7] if p[8] == 0x13 else p[8] if p[7] == 0xFA else 0
        length = p[9]
        p += 10
        if length > 127:
            if p == end or p[0] > 127:
                return False
            length += (<Py_ssize_t> p[0] - 1) << 7
            p += 1
        if end - p != length:
            return False
        if kind == DEPTHS:
            if not _depth(p, end, change, seen, False):
                return False
        elif kind == TICKER:
            if not _touch(p, end, change):
                return False
        elif kind != LIMITED or not _depth(p, end, change, seen, True):
            return False
        if not change.ms:
            change.ms = sent_ms
        return self.shelve(seen, <const char *> native, named, recv_ns, conn)

    cdef object look_up(self, bytes name):
        return self._symbols[name]
