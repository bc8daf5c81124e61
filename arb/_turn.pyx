# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled form of `arb.turn.Turn`, with its histogram: no Python between a read's end and the pairs to be judged."""

import sys

from arb._clock cimport mono_ns
from arb._core cimport Cursor
from arb._look cimport Sieve

from arb.clock import SystemClock
from arb.turn import NEVER_NS


cdef extern from *:
    """
    static inline int bit_length(unsigned long long n) { return n ? 64 - __builtin_clzll(n) : 0; }
    """
    int bit_length(unsigned long long n) noexcept


cdef enum:
    SUB = 16
    SIZE = 64 * SUB


cdef class Latency:
    """As `arb.latency.Latency`."""

    cdef long long _counts[SIZE]
    cdef readonly long long count
    cdef readonly long long worst_ns

    def add(self, long long ns):
        self.note(ns)

    def quantile_ns(self, double share):
        cdef double wanted = share * self.count
        cdef long long seen = 0
        cdef long long index, top
        for index in range(SIZE):
            seen += self._counts[index]
            if self._counts[index] and seen >= wanted:
                top = index // SUB - 1 if index >= 2 * SUB else 0
                return min(((index - top * SUB + 1) << top) - 1, self.worst_ns)
        return 0

    cdef void note(self, long long ns) noexcept:
        cdef int top, index
        if ns < 0:
            ns = 0
        top = bit_length(ns) - 5
        index = <int> ns if top <= 0 else top * SUB + <int> (ns >> top)
        self._counts[index if index < SIZE else SIZE - 1] += 1
        self.count += 1
        if ns > self.worst_ns:
            self.worst_ns = ns


cdef class Turn:
    """As `arb.turn.Turn`."""

    cdef public bint _finished
    cdef bint _own_clock
    cdef public long long _asleep_ns
    cdef public long long decisions
    cdef list _dirty
    cdef Sieve _sieve  # the scanner, where it is one
    cdef readonly Latency latency
    cdef object _decides
    cdef public object _clock
    cdef public object _books

    def __init__(self, books, scanner, clock):
        self._books = books
        self._dirty = books.dirty
        self._scanner = scanner
        self._clock = clock
        self._own_clock = sys.platform == "linux" and type(clock) is SystemClock
        self._asleep_ns = NEVER_NS
        self.latency = Latency()

    @property
    def _scanner(self):
        return self._decides

    @_scanner.setter
    def _scanner(self, scanner):
        self._decides = scanner
        self._sieve = scanner if isinstance(scanner, Sieve) else None

    def on_idle(self, long long recv_ns):
        cdef Py_ssize_t n
        cdef list passed
        cdef object found = None
        if self._finished:
            return
        if recv_ns > self._asleep_ns:
            self._wake(recv_ns)
        n = len(self._dirty)
        if not n:
            return
        if self._sieve is None:
            found = self._decides.on_dirty(self._books.take_dirty(), self.now_ns())
        else:
            now_ns = self.now_ns()
            passed = self._sieve.taken(self._dirty, now_ns)
            if passed is not None:
                found = self._decides.judge(passed, now_ns)
        self.decisions += n
        self.latency.note(self.now_ns() - recv_ns)
        if found:
            self._act(found)

    cdef long long now_ns(self) except? -1:
        return mono_ns() if self._own_clock else self._clock.mono_ns()
