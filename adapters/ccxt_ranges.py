"""Updates that cover a range of versions, judged by where they end.

ccxt (4.5.90) numbers such an update by `fromVersion` alone, on whatever exchange says "fromVersion" and "toVersion"
(MEXC does). So it drops an update that began before the seed of a book and ends after it, and what that one changed
stays wrong until it changes again. The end of the range is what a book holds afterwards, and what the exchange's own
REST book is numbered by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FIRST, LAST = "fromVersion", "toVersion"


def judge_by_end(exchange: Any) -> None:
    """Have a ccxt exchange that keeps books by deltas apply the ones that straddle a seed."""
    index, apply = getattr(exchange, "get_cache_index", None), getattr(exchange, "handle_book_delta", None)
    if index is None or apply is None:
        return

    def first_to_apply(seed: Mapping[str, Any], waiting: Sequence[Any]) -> int:
        """-1 where the seed is older than what waits."""
        if not waiting or not all(map(_has_range, waiting)):
            found: int = index(seed, waiting)
            return found
        nonce = seed.get("nonce")
        if nonce is None or nonce < int(waiting[0][FIRST]) - 1:
            return -1
        return next((place for place, delta in enumerate(waiting) if int(delta[LAST]) > nonce), len(waiting))

    def apply_by_end(book: Any, delta: Any) -> None:
        apply(book, {**delta, FIRST: delta[LAST]} if _has_range(delta) else delta)

    exchange.get_cache_index, exchange.handle_book_delta = first_to_apply, apply_by_end


def _has_range(delta: object) -> bool:
    return isinstance(delta, Mapping) and FIRST in delta and LAST in delta
