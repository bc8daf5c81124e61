"""What the simulated exchanges really wrote to their sockets, read off the wire behind all faults."""

from __future__ import annotations

from arb.interfaces import Clock
from arb.sim.conn import BINARY, TEXT, Conn, Wire

_SHORT, _LONG = 126, 127  # lengths that stand for "in the next 2 (8) bytes"


class Sending:
    """sent: for each connection, in the order of their opening, the hash of every frame with its time."""

    def __init__(self, clock: Clock) -> None:
        self.sent: list[list[tuple[int, int]]] = []
        self._clock = clock

    def conn(self, number: int, wire: Wire, *rest: object) -> Conn:
        """Stands for the class of the simulation's connections."""
        frames: list[tuple[int, int]] = []
        self.sent.append(frames)
        return Conn(number, _Overheard(wire, frames, self._clock), *rest)  # type: ignore[arg-type]


class _Overheard:
    """A Wire that notes the frames that pass. The simulation writes whole ones only."""

    def __init__(self, wire: Wire, frames: list[tuple[int, int]], clock: Clock) -> None:
        self._frames = frames
        self._clock = clock
        self._write = wire.write
        self.close, self.abort, self.get_write_buffer_size = wire.close, wire.abort, wire.get_write_buffer_size

    def write(self, data: bytes) -> None:
        now_ns, at = self._clock.mono_ns(), 0
        while at < len(data):
            opcode, size = data[at] & 0x0F, data[at + 1]
            at += 2
            if size == _SHORT:
                size, at = int.from_bytes(data[at : at + 2], "big"), at + 2
            elif size == _LONG:
                size, at = int.from_bytes(data[at : at + 8], "big"), at + 8
            if opcode in (TEXT, BINARY):
                self._frames.append((hash(data[at : at + size]), now_ns))
            at += size
        self._write(data)
