"""Whether the books of a shadow are good enough to take the place of those that decide."""

from __future__ import annotations

from collections.abc import Iterable

from arb.books import Books
from arb.domain import BookState
from arb.sync import BookSync

EASE_S = 5.0  # so long every book of the venue is waited for; then those that the present path carries are enough
LATE_S = 30.0  # and then, where the present path is not believed any more, as many as it has LIVE

_RANK = {BookState.LIVE: 2, BookState.STALE: 1}  # STALE: complete, only silent; all others have no levels at all


def ready(deciding: Iterable[BookSync], shadow: Books, waited_s: float, *, forced: bool) -> bool:
    """At first no book may be worse than the one it replaces, and none missing.

    Quiet markets say nothing for longer than a book may be silent: after a while a complete book is enough.
    forced: the present path is not believed any more.
    """
    ranks = [
        (_RANK.get(book.state, 0), _RANK.get(other.state, 0))
        for book in deciding
        if (other := shadow.get((book.venue, book.symbol))) is not None
    ]
    if not any(theirs for _, theirs in ranks):
        return False
    if all(theirs >= max(ours, 1) for ours, theirs in ranks):
        return True
    if waited_s >= EASE_S and all(theirs or not ours for ours, theirs in ranks):
        return True
    carried = sum(bool(theirs) for _, theirs in ranks)
    return forced and waited_s >= LATE_S and carried >= sum(ours == 2 for ours, _ in ranks)


def complete(deciding: Iterable[BookSync], shadow: Books) -> bool:
    """Whether the shadow carries every book that is carried by those that decide."""
    return all(
        book.held() is None
        or ((other := shadow.get((book.venue, book.symbol))) is not None and other.held() is not None)
        for book in deciding
    )


def missing(deciding: Iterable[BookSync], shadow: Books) -> list[str]:
    """The symbols for which it does not, with the state they are in."""
    return [
        f"{book.symbol} {other.state.name}"
        for book in deciding
        if (other := shadow.get((book.venue, book.symbol))) is not None and other.held() is None
    ]
