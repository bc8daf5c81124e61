"""A book and where it stands in its venue's stream: all that an ordinary update touches, and the test for being one.

The rules for everything else are `arb.sync`'s. This is the reference for the compiled form of the same (`arb._core`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from arb.book import Book
from arb.domain import BookState, Level, Levels

NOBODY = -1


class Step(IntEnum):
    """What became of an update that was offered as an ordinary one."""

    REFUSED = 0  # it is not the next one: nothing was done
    ADVANCED = 1
    CROSSED = 2  # it was, and its levels stand in the book, which must be thrown away
    REPEATED = 3  # it says again what the book holds: only the time has moved on


_REFUSED, _ADVANCED, _CROSSED, _REPEATED = Step


class Cursor:
    """state, seq, exch_ns, recv_ns: as `BookSync` tells them.   updates: frames that advanced the book.

    dirty: it has changed since somebody last took note.   top_only: it has one level a side.
    trust: what stands behind it, a `Trust`.   looks: what it is compared with, as `sieve` found it; None: nobody did.
    _sure: the connection whose next delta needs no question; NOBODY where each does.   _whole: the same of a feed
    whose every frame is a whole book.   _behind: whole frames in a row that were older than the book.
    """

    __slots__ = (
        "_behind",
        "_book",
        "_conn",
        "_first",
        "_straddle",
        "_sure",
        "_whole",
        "dirty",
        "exch_ns",
        "looks",
        "recv_ns",
        "seq",
        "sieve",
        "state",
        "top_only",
        "trust",
        "updates",
    )

    def __init__(self) -> None:
        self._book = Book()
        self._conn = 0  # the connection that brought the last update; 0: none yet
        self._first = 0  # the first id that the last update covers
        self._straddle = False  # the next delta may begin inside what the seed already holds
        self._sure = self._whole = NOBODY
        self._behind = 0
        self.dirty = self.top_only = False
        self.exch_ns = self.recv_ns = self.seq = self.trust = self.updates = 0
        self.sieve: Any = None
        self.looks: Any = None
        self.state = BookState.SYNCING

    def advance(
        self,
        bids: Iterable[Level],
        asks: Iterable[Level],
        first: int,
        last: int,
        exch_ns: int,
        recv_ns: int,
        conn: int,
    ) -> Step:
        """Take a delta that follows directly on its own connection; its ids and levels are a `BookDelta`'s."""
        if conn != self._sure or first != self.seq + 1 or last < first:
            return _REFUSED
        crossed = self._book.put(bids, asks)
        self.seq = last
        self._first = first
        self._straddle = False
        self.recv_ns = recv_ns
        if exch_ns:
            self.exch_ns = exch_ns
        if crossed:
            return _CROSSED
        self.updates += 1
        return _ADVANCED

    def succeed(self, bids: Levels, asks: Levels, seq: int, exch_ns: int, recv_ns: int, conn: int) -> Step:
        """Take a whole book that is newer than this one and comes on the same connection."""
        if conn != self._whole or seq < self.seq or not seq:
            return _REFUSED
        self._behind = 0
        if seq == self.seq:
            self.recv_ns = recv_ns
            return _REPEATED
        book = self._book
        book.replace(bids, asks)
        self.seq = seq
        self._first = seq + 1
        self._straddle = False
        self.recv_ns = recv_ns
        self.exch_ns = exch_ns
        if book.crossed:
            return _CROSSED
        self.updates += 1
        return _ADVANCED
