"""What a scanner asks of the books it reads: `arb.sync.BookSync` keeps it, and so does a test's fake."""

from __future__ import annotations

from typing import Protocol

from arb.domain import BookState, Level, Reason
from arb.interfaces import Feed


class Ladder(Protocol):
    """Levels of one market, best first."""

    @property
    def best_bid(self) -> float:
        """0.0 where nobody buys."""

    @property
    def best_ask(self) -> float:
        """inf where nobody sells."""

    def bids(self, n: int) -> list[Level]: ...

    def asks(self, n: int) -> list[Level]: ...


class TrackedBook(Protocol):
    """A book with what it takes to trust it. recv_ns: when it was last known to be current."""

    @property
    def feed(self) -> Feed: ...

    @property
    def state(self) -> BookState: ...

    @property
    def seq(self) -> int: ...

    @property
    def recv_ns(self) -> int: ...

    def refusal(self, now_ns: int, max_age_ns: int) -> Reason:
        """Why the book may not be used; Reason.OK where it may."""

    def live(self, now_ns: int, max_age_ns: int) -> Ladder:
        """The levels: the only way to them. Raises BookUnusable unless `refusal` is OK."""
