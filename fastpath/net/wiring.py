"""What all connections of one venue share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from ssl import SSLContext
from typing import Any, Protocol

from arb.breaker import Breaker
from arb.domain import VenueId
from arb.errors import VenueError
from arb.interfaces import Clock, Codec, Feed, Tap, VenueSpec
from arb.supervise import Sleep
from fastpath.net.counters import Counters

OnError = Callable[[VenueError], None]


class Decodes(Protocol):
    """The half of a codec that a socket needs."""

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Any, ...]:
        """Events; on a private socket also what was answered to calls."""


class Plug(Protocol):
    """What one socket must be given."""

    @property
    def venue(self) -> VenueId: ...

    @property
    def codec(self) -> Decodes: ...

    @property
    def url(self) -> str: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def tap(self) -> Tap | None: ...

    @property
    def on_error(self) -> OnError: ...

    @property
    def tls(self) -> SSLContext | None: ...

    @property
    def counters(self) -> Counters: ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """url: of the socket, the SPEC's or its override.   on_error: hears what is neither an event nor an end.

    breaker: of the streams; it is told how they fare and holds nothing up, since the supervisor spaces the attempts.
    tls: made once, since loading the certificates of all authorities takes longer than any callback may.
    """

    venue: VenueId
    spec: VenueSpec
    codec: Codec
    feed: Feed
    url: str
    clock: Clock
    sleep: Sleep
    rng: Random
    tap: Tap | None
    on_error: OnError
    tls: SSLContext | None = None
    breaker: Breaker = field(default_factory=Breaker)
    counters: Counters = field(default_factory=Counters)
