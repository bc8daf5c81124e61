"""What `arb.clock.SystemClock.mono_ns` reads on Linux, for compiled code that would otherwise make an object of it."""

from posix.time cimport clock_gettime, timespec

cdef extern from *:
    """
    #include <time.h>
    #ifndef CLOCK_BOOTTIME
    #define CLOCK_BOOTTIME CLOCK_MONOTONIC
    #endif
    """
    const int CLOCK_BOOTTIME


cdef inline long long mono_ns() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_BOOTTIME, &now)
    return <long long> now.tv_sec * 1000000000 + now.tv_nsec
