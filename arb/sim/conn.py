"""One client's socket, seen from the server: frames out, what it subscribed to, when it last spoke.

Frames are built here and written to the transport in one piece per step, so that sending needs no coroutine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from arb.sim.faults import Injector
    from arb.sim.venue import Label

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Wire(Protocol):
    """The part of an asyncio transport that is used here."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def get_write_buffer_size(self) -> int: ...


def _header(opcode: int, size: int) -> bytes:
    """RFC 6455, server to client: final frame, no mask."""
    first = bytes((0x80 | opcode,))
    if size < 126:
        return first + bytes((size,))
    if size < 1 << 16:
        return first + b"\x7e" + size.to_bytes(2, "big")
    return first + b"\x7f" + size.to_bytes(8, "big")


_COMMON = 4096
_HEADERS = {op: [_header(op, size) for size in range(_COMMON)] for op in (TEXT, BINARY)}


class Conn:
    """number: counts up per venue.   topics: subscribed, in order.   opened_ns, heard_ns, said_ns: sim time.

    opcode: of market data.   marks: small facts the venue keeps per socket.   query: of the handshake's URL.
    """

    __slots__ = (
        "_frames",
        "_heads",
        "_injector",
        "_opcode",
        "_out",
        "_wire",
        "gone",
        "heard_ns",
        "marks",
        "number",
        "opened_ns",
        "query",
        "said_ns",
        "topics",
    )

    def __init__(
        self, number: int, wire: Wire, now_ns: int, opcode: int, injector: Injector | None, query: str = ""
    ) -> None:
        self.number = number
        self.query = query
        self.topics: dict[str, None] = {}
        self.marks: dict[str, int] = {}
        self.opened_ns = self.heard_ns = self.said_ns = now_ns
        self.gone = False
        self._wire = wire
        self._out: list[bytes] = []
        self._frames = 0
        self._opcode = opcode
        self._injector = injector
        self._heads = _HEADERS[opcode]

    def push(self, label: Label, payload: bytes, now_ns: int) -> None:
        """Market data; faults may have their way with it."""
        if self.gone:
            return
        self.said_ns = now_ns
        if self._injector is None:
            size = len(payload)
            self._out.append(self._heads[size] if size < _COMMON else _header(self._opcode, size))
            self._out.append(payload)
            self._frames += 1
            return
        for frame in self._injector.frames(self, label, payload, binary=self._opcode == BINARY):
            self._write(self._opcode, frame)

    def reply(self, payload: bytes, now_ns: int) -> None:
        """An answer to the client, as a text frame."""
        if not self.gone and (self._injector is None or not self._injector.mute(self)):
            self.said_ns = now_ns
            self._write(TEXT, payload if self._injector is None else self._injector.dressed(self, payload))

    def late(self, payload: bytes) -> None:
        """Market data that a fault held back."""
        if not self.gone:
            self._write(self._opcode, payload)

    def control(self, opcode: int, payload: bytes = b"") -> None:
        """A protocol ping or pong."""
        if not self.gone and (self._injector is None or not self._injector.mute(self)):
            self._write(opcode, payload)

    def _write(self, opcode: int, payload: bytes) -> None:
        self._out.append(_header(opcode, len(payload)))
        self._out.append(payload)
        self._frames += 1

    def flush(self, limit: int) -> int:
        """Hand everything to the transport. Returns the number of frames. limit: unread bytes we put up with."""
        frames, self._frames = self._frames, 0
        if self._out and not self.gone:
            self._wire.write(b"".join(self._out))
            if self._wire.get_write_buffer_size() > limit:
                self.abort()
        self._out.clear()
        return frames

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and hang up."""
        if not self.gone:
            self._write(CLOSE, code.to_bytes(2, "big") + reason.encode())
            self._wire.write(b"".join(self._out))
            self._out.clear()
            self.gone = True
            self._wire.close()

    def abort(self) -> None:
        """Hang up without a word."""
        if not self.gone:
            self.gone = True
            self._out.clear()
            self._wire.abort()
