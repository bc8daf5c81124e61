# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Gate's book pushes straight into their books: the compiled form of `fastpath.gateio.Codec.reader`.

It takes what Gate ordinarily sends: JSON without white space or escapes, numbers as it writes them, keys in any order,
each once. Whatever else there may be in a frame makes it leave that frame to the codec's `decode`, untouched.
"""

from cpython.object cimport PyObject
from libc.string cimport memcmp, strlen

from fastpath.wire._number cimport EXACT_DIGITS, arb_tens, number
from fastpath.wire._names cimport Table
from fastpath.wire._shelved cimport MOST, Change, ahead, fetch_asks, fetch_bids
from fastpath.wire._shelved cimport Reader as Shelved

cdef enum:
    NO_CHANNEL = 0
    OBU = 1
    UPDATE = 2
    SNAPSHOT = 3
    TICKER = 4

cdef enum:  # what has been met
    SEEN_T = 1
    SEEN_S = 2
    SEEN_LAST = 4
    SEEN_FIRST = 8
    SEEN_BIDS = 16
    SEEN_ASKS = 32
    SEEN_FULL = 64
    SEEN_BID_QTY = 128
    SEEN_ASK_QTY = 256
    SEEN_LEVELS = 512  # bids and asks under their long names
    SEEN_WORDS = 1024  # a best bid and ask
    SEEN_CHANNEL = 2048
    SEEN_EVENT = 4096
    SEEN_RESULT = 8192

cdef long long _MOST_MS = 9000000000000


cdef struct Text:
    const char *at
    Py_ssize_t n


cdef struct Scan:
    const char *p
    const char *end
    int seen
    int channel
    Text stream
    const Table *names
    PyObject *known  # whose stream it may be


cdef inline bint _is(const Text *text, const char *word) noexcept:
    cdef size_t n = strlen(word)
    return <size_t> text.n == n and memcmp(text.at, word, n) == 0


cdef inline bint _char(Scan *s, char c) noexcept:
    if s.p < s.end and s.p[0] == c:
        s.p += 1
        return True
    return False


cdef inline bint _text(Scan *s, Text *into) noexcept:
    """A string of plain ASCII."""
    cdef const char *p = s.p
    cdef unsigned char c
    if p >= s.end or p[0] != c'"':
        return False
    p += 1
    into.at = p
    while p < s.end:
        c = p[0]
        if c == c'"':
            into.n = p - into.at
            s.p = p + 1
            return True
        if c == c"\\" or c < 32 or c > 126:
            return False
        p += 1
    return False


cdef inline bint _integer(Scan *s, long long *into) noexcept:
    """Up to 18 digits."""
    cdef const char *p = s.p
    cdef long long value = 0
    cdef unsigned char c
    while p < s.end:
        c = p[0] - c"0"
        if c > 9:
            break
        value = value * 10 + c
        p += 1
        if p - s.p > 18:
            return False
    if p == s.p or (s.p[0] == c"0" and p - s.p > 1):
        return False
    if p < s.end and (p[0] == c"." or p[0] == c"e" or p[0] == c"E"):
        return False
    into[0] = value
    s.p = p
    return True


cdef inline bint _decimal(Scan *s, double *into) except -1:
    """A number in quotes. As `number` has it, in one go where it is as short as nearly all of them are."""
    cdef const char *p = s.p + 1
    cdef const char *point = NULL
    cdef long long whole = 0
    cdef unsigned char c
    cdef Text text
    if s.end - s.p > 24 and s.p[0] == c'"':
        while True:
            c = p[0] - c"0"
            if c < 10:
                whole = whole * 10 + c
            elif p[0] == c"." and point == NULL and p > s.p + 1:
                point = p
            else:
                break
            p += 1
            if p - s.p > EXACT_DIGITS + 1:
                break
        if p[0] == c'"' and p - s.p <= EXACT_DIGITS + 1 and p > s.p + 1 and p - 1 != point and (
            s.p[1] != c"0" or p == s.p + 2 or point == s.p + 2
        ):
            into[0] = <double> whole if point == NULL else <double> whole / arb_tens[p - 1 - point]
            s.p = p + 1
            return True
    if not _text(s, &text):
        return False
    into[0] = number(text.at, text.n)
    return into[0] >= 0.0


cdef inline bint _levels(Scan *s, double *into, Py_ssize_t *n) except -1:
    """[["price","quantity"],...]"""
    cdef Py_ssize_t count = 0
    if not _char(s, c"["):
        return False
    if not _char(s, c"]"):
        while True:
            if count == MOST or not _char(s, c"["):
                return False
            if not _decimal(s, &into[2 * count]) or not into[2 * count] > 0.0 or not _char(s, c","):
                return False
            if not _decimal(s, &into[2 * count + 1]) or not _char(s, c"]"):
                return False
            count += 1
            if _char(s, c","):
                continue
            if not _char(s, c"]"):
                return False
            break
    n[0] = count
    return True


cdef inline bint _once(Scan *s, int flag) noexcept:
    if s.seen & flag:
        return False
    s.seen |= flag
    return True


cdef bint _bids(Scan *s, Change *change) except -1:
    if not _once(s, SEEN_BIDS) or not _levels(s, change.bids, &change.n_bids):
        return False
    fetch_bids(s.known, change)
    return True


cdef bint _asks(Scan *s, Change *change) except -1:
    if not _once(s, SEEN_ASKS) or not _levels(s, change.asks, &change.n_asks):
        return False
    fetch_asks(s.known, change)
    return True


cdef bint _stream(Scan *s) noexcept:
    if not _once(s, SEEN_S) or not _text(s, &s.stream):
        return False
    s.known = ahead(s.names, s.stream.at, s.stream.n)
    return True


cdef bint _touch(Scan *s, double *level, int place, int flag) except -1:
    """A price or a quantity of a best level."""
    return _once(s, flag) and _decimal(s, &level[place])


cdef bint _field(Scan *s, const Text *key, Change *change) except -1:
    """One field of `result`."""
    cdef char c
    cdef long long ignored
    cdef Text word
    if key.n == 1:
        c = key.at[0]
        if c == c"b":
            if s.p < s.end and s.p[0] == c"[":
                return _bids(s, change)
            s.seen |= SEEN_WORDS
            return _touch(s, change.bids, 0, SEEN_BIDS)
        if c == c"a":
            if s.p < s.end and s.p[0] == c"[":
                return _asks(s, change)
            s.seen |= SEEN_WORDS
            return _touch(s, change.asks, 0, SEEN_ASKS)
        if c == c"B":
            return _touch(s, change.bids, 1, SEEN_BID_QTY)
        if c == c"A":
            return _touch(s, change.asks, 1, SEEN_ASK_QTY)
        if c == c"t":
            return _once(s, SEEN_T) and _integer(s, &change.ms) and change.ms <= _MOST_MS
        if c == c"u":
            return _once(s, SEEN_LAST) and _integer(s, &change.last)
        if c == c"U":
            return _once(s, SEEN_FIRST) and _integer(s, &change.first)
        if c == c"s":
            return _stream(s)
    elif _is(key, "bids"):
        s.seen |= SEEN_LEVELS
        return _bids(s, change)
    elif _is(key, "asks"):
        s.seen |= SEEN_LEVELS
        return _asks(s, change)
    elif _is(key, "lastUpdateId"):
        return _once(s, SEEN_LAST) and _integer(s, &change.last)
    elif _is(key, "full"):
        return False  # a whole book begins a chain: that is for others to judge
    return _integer(s, &ignored) or _text(s, &word)


cdef bint _result(Scan *s, Change *change) except -1:
    cdef Text key
    if not _char(s, c"{"):
        return False
    while True:
        if not _text(s, &key) or not _char(s, c":") or not _field(s, &key, change):
            return False
        if _char(s, c","):
            continue
        return _char(s, c"}")


cdef bint _frame(Scan *s, Change *change) except -1:
    """The whole of a frame. False for what is not the usual push of a book."""
    cdef Text key, word
    cdef long long ignored
    if not _char(s, c"{"):
        return False
    while True:
        if not _text(s, &key) or not _char(s, c":"):
            return False
        if _is(&key, "channel"):
            if not _once(s, SEEN_CHANNEL) or not _text(s, &word):
                return False
            if _is(&word, "spot.obu"):
                s.channel = OBU
            elif _is(&word, "spot.order_book_update"):
                s.channel = UPDATE
            elif _is(&word, "spot.order_book"):
                s.channel = SNAPSHOT
            elif _is(&word, "spot.book_ticker"):
                s.channel = TICKER
            else:
                return False
        elif _is(&key, "event"):
            if not _once(s, SEEN_EVENT) or not _text(s, &word) or not _is(&word, "update"):
                return False
        elif _is(&key, "result"):
            if not _once(s, SEEN_RESULT) or not _result(s, change):
                return False
        elif _is(&key, "time_ms") or _is(&key, "time"):
            if not _integer(s, &ignored):
                return False
        else:
            return False
        if _char(s, c","):
            continue
        return _char(s, c"}") and s.p == s.end


cdef bint _whole_of_it(const Scan *s, Change *change) noexcept:
    """Whether what was met is all that its channel has, and nothing of another's."""
    cdef int seen = s.seen
    cdef int common = SEEN_T | SEEN_S | SEEN_LAST
    if seen & common != common or not seen & SEEN_RESULT or not change.last:
        return False
    if s.channel == OBU or s.channel == UPDATE:
        if seen & (SEEN_LEVELS | SEEN_WORDS | SEEN_BID_QTY | SEEN_ASK_QTY) or not seen & SEEN_FIRST:
            return False
        return 0 < change.first <= change.last and (s.channel == OBU or seen & SEEN_EVENT)
    if seen & SEEN_FIRST or not seen & SEEN_EVENT or not seen & SEEN_BIDS or not seen & SEEN_ASKS:
        return False
    if s.channel == SNAPSHOT:
        return seen & SEEN_LEVELS and not seen & (SEEN_WORDS | SEEN_BID_QTY | SEEN_ASK_QTY)
    if s.channel != TICKER or seen & SEEN_LEVELS or not seen & SEEN_WORDS:
        return False
    if not seen & SEEN_BID_QTY or not seen & SEEN_ASK_QTY or change.n_bids or change.n_asks:
        return False
    change.n_bids = change.n_asks = 1
    return change.bids[0] > 0.0 and change.asks[0] > 0.0 and change.bids[1] > 0.0 and change.asks[1] > 0.0


cdef class Reader(Shelved):
    """symbols: ours for a pair.   streams: ours for a stream of obu."""

    cdef object _symbols, _streams
    cdef bint _streaming

    def __init__(self, shelf, symbols, streams, decode):
        super().__init__(shelf, decode)
        self._symbols, self._streams = symbols, streams

    cdef bint take(self, const char *p, Py_ssize_t n, long long recv_ns, long long conn) except -1:
        cdef Scan scan
        cdef Change *change = &self._change
        scan.p = p
        scan.end = p + n
        scan.seen = 0
        scan.channel = NO_CHANNEL
        scan.names = &self._names.table
        scan.known = NULL
        change.n_bids = change.n_asks = 0
        change.first = change.last = 0
        if not _frame(&scan, change) or not _whole_of_it(&scan, change):
            return False
        self._streaming = scan.channel == OBU
        if (scan.stream.n > 3 and memcmp(scan.stream.at, b"ob.", 3) == 0) != self._streaming:
            return False  # a stream where a pair should stand, or the other way round
        return self.shelve(scan.known, scan.stream.at, scan.stream.n, recv_ns, conn)

    cdef object look_up(self, bytes name):
        return (self._streams if self._streaming else self._symbols)[name.decode()]
