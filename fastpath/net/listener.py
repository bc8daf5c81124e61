"""What happens to a frame in the callback that brings it, up to the end of the socket read. The reference form."""

from __future__ import annotations

from collections.abc import Callable

import picows

from arb.domain import ConnId, VenueId
from arb.interfaces import Clock, Sink, Tap
from arb.shelf import Read
from fastpath.net.counters import Counters

_TEXT, _BINARY = picows.WSMsgType.TEXT, picows.WSMsgType.BINARY


class Listener(picows.WSListener):
    """lost: None while it stands, then why it ended.   last_ns: when the last frame of any kind came.

    Whoever inherits deals with what is not ordinary: `on_message`, `on_other`, `lose`.
    """

    on_message: Callable[[bytes, int], None]
    on_other: Callable[[picows.WSTransport, picows.WSFrame, int], None]
    lose: Callable[[Exception], None]

    def attach(
        self, venue: VenueId, conn: ConnId, clock: Clock, read: Read, sink: Sink, tap: Tap | None, counters: Counters
    ) -> None:
        """read: how the frames of `conn` are read, in `on_message` too."""
        self.venue = venue
        self.conn = conn
        self.lost: Exception | None = None
        self.last_ns = 0
        self.partial: bytearray | None = None  # the fragments of a message so far
        self.unreadable = 0  # messages in a row that could not be read
        self._read_ns = 0  # when the first frame of the read at hand arrived; 0: it has had none yet
        self._mono_ns = clock.mono_ns
        self._read = read
        self._sink = sink
        self._tap = tap
        self._counters = counters

    def settle(self) -> None:
        """Bring the counters up to date: here they always are."""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if self.lost is not None:
            return
        self.last_ns = recv_ns = self._mono_ns()
        try:
            kind = frame.msg_type
            if (kind is _TEXT or kind is _BINARY) and frame.fin and self.partial is None and not frame.rsv1:
                self.on_message(frame.get_payload_as_bytes(), recv_ns)
            else:
                self.on_other(transport, frame, recv_ns)
            if frame.last_in_buffer:
                first_ns, self._read_ns = self._read_ns or recv_ns, 0
                if self._tap is not None:
                    self._tap.idle(self.venue, self.conn, first_ns)
                self._sink.on_idle(first_ns)
            elif not self._read_ns:
                self._read_ns = recv_ns
        except Exception as exc:  # noqa: BLE001  this connection ends here; its task raises what ended it
            self.lose(exc)
