"""Decimal text to double, to the last bit what float() makes of it."""

from libc.stdint cimport uint64_t


cdef enum:
    EXACT_DIGITS = 15  # a double holds every integer of so many digits
    EXACT_PLACES = 22  # and every power of ten up to this one

cdef extern from *:
    """
    static const double arb_tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
                                      1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    """
    const double arb_tens[23]


cdef inline double number(const char *p, Py_ssize_t n) except? -1.0:
    """What `n` characters of digits with at most one point among them are worth; -1 for any other text.

    Two exact doubles divide to the nearest one, as float() rounds; what is longer is left to Python's own reader.
    """
    cdef uint64_t whole = 0
    cdef Py_ssize_t i, places = 0, digits = 0
    cdef bint point = False
    cdef unsigned char c
    if n < 1 or n > 40 or p[0] == c"." or p[n - 1] == c"." or (p[0] == c"0" and n > 1 and p[1] != c"."):
        return -1.0
    for i in range(n):
        c = p[i] - c"0"
        if c < 10:
            if digits < EXACT_DIGITS:
                whole = whole * 10 + c
            if whole:
                digits += 1
            places += point
        elif p[i] == c"." and not point:
            point = True
        else:
            return -1.0
    if digits <= EXACT_DIGITS and places <= EXACT_PLACES:
        return <double> whole / arb_tens[places]
    return float((<const char *> p)[:n])
