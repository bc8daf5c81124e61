"""What the compiled end of a read takes from the compiled look: which pairs fall through, without a Python call between."""

from arb._core cimport Cursor


cdef class Look:
    cdef Cursor _one  # the books, where they are compiled cursors
    cdef Cursor _other
    cdef int _ground
    cdef bint _there
    cdef bint _back
    cdef bint _had_there
    cdef bint _had_back
    cdef readonly bint stirred
    cdef public long long round
    cdef double _there_hurdle
    cdef double _back_hurdle
    cdef object _one_state
    cdef object _other_state
    cdef public object first
    cdef public object second


cdef class Sieve:
    cdef long long _max_age_ns
    cdef long long _max_skew_ns
    cdef double _max_ratio
    cdef int _min_trust
    cdef long long _pass
    cdef object _kind  # of books: all of them are of one as a rule
    cdef list _stirred

    cdef list passed(self, list books, long long now_ns)
    cdef int lay_out(self, Cursor book) except -1
    cdef list taken(self, list dirty, long long now_ns)
    cdef list through(self, Look look, long long now_ns, list found)
    cdef bint still(self, Look look, long long now_ns) except -1
    cdef int stir(self, Look look, bint there, bint back) except -1
    cdef bint knows(self, book)
    cdef tuple met(self, book)
