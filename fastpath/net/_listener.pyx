# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled form of `fastpath.net.listener.Listener`: an ordinary frame goes from the socket's buffer into its book.

What reads and writes picows' own structures must have been built against the very version it meets.
"""

import sys

import picows
from picows.picows cimport WSFrame, WSListener, WSMsgType, WSTransport

from arb._clock cimport mono_ns
from arb.clock import SystemClock
from fastpath.wire._shelved cimport Reader

BUILT_AGAINST = "2.3.1"  # as [build-system] in pyproject.toml has it

if picows.__version__ != BUILT_AGAINST:
    raise ImportError(f"built against picows {BUILT_AGAINST}, met {picows.__version__}")


cdef class Listener(WSListener):
    cdef public object venue, lost, partial
    cdef public long long conn, last_ns
    cdef public int unreadable
    cdef public object _read, _sink, _tap, _counters
    cdef long long _read_ns, _frames, _bytes
    cdef bint _own_clock
    cdef object _clock
    cdef Reader _reader  # None where frames go by another way

    def attach(self, venue, conn, clock, read, sink, tap, counters):
        self.venue, self.conn = venue, conn
        self.lost = self.partial = None
        self.last_ns = self._read_ns = self._frames = self._bytes = 0
        self.unreadable = 0
        self._clock = clock.mono_ns
        self._own_clock = sys.platform == "linux" and type(clock) is SystemClock
        self._read, self._sink, self._tap, self._counters = read, sink, tap, counters
        owner = getattr(read, "__self__", None)
        self._reader = owner if isinstance(owner, Reader) else None

    def settle(self):
        """Bring the counters up to date: what the reader took was counted here."""
        if self._frames:
            self._counters.frames += self._frames
            self._counters.bytes += self._bytes
            self._frames = self._bytes = 0

    def _mono_ns(self):
        return self._clock()

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        cdef long long recv_ns, first_ns
        cdef bint whole
        cdef bytes data = None
        if self.lost is not None:
            return
        recv_ns = mono_ns() if self._own_clock else self._clock()
        self.last_ns = recv_ns
        try:
            whole = (
                (frame.msg_type == WSMsgType.TEXT or frame.msg_type == WSMsgType.BINARY)
                and frame.fin
                and not frame.rsv1
                and self.partial is None
            )
            if whole and self._reader is None:
                self.on_message(frame.get_payload_as_bytes(), recv_ns)
            elif whole:
                if self._tap is not None:
                    data = frame.get_payload_as_bytes()
                    self._tap.frame(self.venue, self.conn, data, recv_ns)
                if self._reader.take(frame.payload_ptr, frame.payload_size, recv_ns, self.conn):
                    self._frames += 1
                    self._bytes += frame.payload_size
                    self.unreadable = 0
                else:
                    self.on_taped(frame.get_payload_as_bytes() if data is None else data, recv_ns)
            else:
                self.on_other(transport, frame, recv_ns)
            if frame.last_in_buffer:
                first_ns = self._read_ns or recv_ns
                self._read_ns = 0
                if self._frames:
                    self.settle()
                if self._tap is not None:
                    self._tap.idle(self.venue, self.conn, first_ns)
                self._sink.on_idle(first_ns)
            elif not self._read_ns:
                self._read_ns = recv_ns
        except Exception as exc:  # this connection ends here; its task raises what ended it
            self.lose(exc)
