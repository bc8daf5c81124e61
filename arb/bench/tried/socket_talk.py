"""What the director and the measured process tell each other of one play."""

from __future__ import annotations

import msgspec

from arb.bench.wire.talk import Play


class Asked(msgspec.Struct, frozen=True):
    """client: which of the WebSocket clients."""

    client: str
    play: Play


class Arrived(msgspec.Struct, frozen=True):
    """cpu_ns: of its process for all frames.   at_ns: when the callback had each, where times were asked for."""

    cpu_ns: int
    at_ns: tuple[int, ...]
