"""What a native path got wrong, read from what is counted of it anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arb.app.paths.comparison import Comparison
from arb.app.paths.watch import Wrong
from arb.sync import BookSync


def native_wrong(counters: Mapping[str, int], books: Iterable[BookSync], beside: Comparison | None) -> Wrong:
    """By now, since its counters began. beside: its comparison with ccxt, where that runs."""
    gaps = mismatches = 0
    for book in books:
        gaps += book.gaps + book.crossed
        mismatches += book.conflicts
    return Wrong(counters.get("decode_errors", 0), gaps, mismatches, beside.disagreed if beside is not None else 0)
