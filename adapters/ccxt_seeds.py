"""Where ccxt's joining of a REST book and the updates around it is mended.

ccxt (4.5.90) knows an update that covers a range of versions by `fromVersion` alone, on whatever exchange says
"fromVersion" and "toVersion" (MEXC does). So it drops an update that began before the seed and ends after it, and what
that one changed stays wrong until it changes again. The end of the range is what a book holds afterwards, and what the
exchange's own REST book is numbered by. And where it fetches the seed itself, several exchanges of ccxt forget how many
levels were asked for: a book of few levels gets holes as soon as the price moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FIRST, LAST = "fromVersion", "toVersion"


def mend(exchange: Any) -> None:
    """To be called before anything is watched. An exchange that joins its books in another way is left alone."""
    if hasattr(exchange, "get_cache_index") and hasattr(exchange, "handle_book_delta"):
        _judge_by_end(exchange)
    if hasattr(exchange, "watch_order_book") and hasattr(exchange, "load_order_book"):
        _remember_limits(exchange)


def _judge_by_end(exchange: Any) -> None:
    index, apply = exchange.get_cache_index, exchange.handle_book_delta

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


def _remember_limits(exchange: Any) -> None:
    watch, load = exchange.watch_order_book, exchange.load_order_book
    asked: dict[str, int | None] = {}

    def watch_and_note(symbol: str, limit: int | None = None, *rest: Any) -> Any:
        asked[symbol] = limit
        return watch(symbol, limit, *rest)

    def load_as_asked(client: Any, topic: str, symbol: str, limit: int | None = None, *rest: Any) -> Any:
        return load(client, topic, symbol, limit or asked.get(symbol), *rest)

    exchange.watch_order_book, exchange.load_order_book = watch_and_note, load_as_asked


def _has_range(delta: object) -> bool:
    return isinstance(delta, Mapping) and FIRST in delta and LAST in delta
