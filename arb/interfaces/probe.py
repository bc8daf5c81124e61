"""What is asked of a venue before a run, by a person who wants to know whether it would work."""

from __future__ import annotations

from typing import Protocol

from arb.domain import VenueId
from arb.interfaces.private import KeyRights


class Probe(Protocol):
    """Decides nothing and changes nothing.

    address: host and port of its REST side, as DNS and TCP see them.
    """

    venue: VenueId

    async def address(self) -> tuple[str, int]: ...

    async def venue_ns(self) -> int:
        """The venue's clock, by one request on a connection that is kept. Raises VenueError."""

    async def rights(self) -> KeyRights:
        """What the venue tells of the key in use, by reading only. Raises VenueError."""

    async def close(self) -> None: ...
