"""Seeds and the pushes around them, through ccxt's own code for the exchange that numbers its updates by ranges."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt.pro
import pytest

from adapters.ccxt_seeds import mend


class Venue(ccxt.pro.mexc):  # type: ignore[misc]  # ccxt has no types
    """Without its settings, clients and sockets: what it does with deltas needs none of them."""

    def __init__(self) -> None:
        mend(self)


def delta(first: int, last: int, *asks: tuple[str, str]) -> dict[str, Any]:
    return {
        "fromVersion": str(first),
        "toVersion": str(last),
        "asks": [{"price": price, "quantity": quantity} for price, quantity in asks],
    }


def seeded(nonce: int) -> Any:
    book = Venue().order_book({})
    book.reset({"nonce": nonce, "bids": [], "asks": [[10.0, 1.0], [11.0, 1.0]]})
    return book


@pytest.mark.parametrize(
    ("change", "asks", "nonce"),
    [
        pytest.param(delta(101, 103, ("10", "2")), [[10.0, 2.0], [11.0, 1.0]], 103, id="one that follows applies"),
        pytest.param(delta(98, 103, ("10", "0")), [[11.0, 1.0]], 103, id="one that straddles the seed applies"),
        pytest.param(delta(95, 99, ("10", "5")), [[10.0, 1.0], [11.0, 1.0]], 100, id="one from before is dropped"),
    ],
)
def test_after_the_seed(change: dict[str, Any], asks: list[list[float]], nonce: int) -> None:
    book = seeded(100)
    Venue().handle_book_delta(book, change)
    assert [list(level) for level in book["asks"]] == asks
    assert book["nonce"] == nonce


WAITING = [delta(90, 94), delta(95, 99), delta(100, 104)]


@pytest.mark.parametrize(
    ("nonce", "place"),
    [
        pytest.param(88, -1, id="a seed that is older than all of them joins nothing"),
        pytest.param(89, 0, id="a seed just before the first takes them all"),
        pytest.param(92, 0, id="a seed inside the first takes that one too"),
        pytest.param(94, 1, id="a seed at an end begins with the next"),
        pytest.param(97, 1, id="a seed inside one takes that one too"),
        pytest.param(104, 3, id="a seed at the very end takes none"),
        pytest.param(200, 3, id="a seed that is newer than all of them takes none"),
        pytest.param(None, -1, id="a seed without a number joins nothing"),
    ],
)
def test_among_the_waiting(nonce: int | None, place: int) -> None:
    assert Venue().get_cache_index({"nonce": nonce}, WAITING) == place


def test_updates_without_a_range_are_ccxts_own_affair() -> None:
    venue = Venue()
    book = seeded(100)
    venue.handle_book_delta(book, {"version": 101, "asks": [[10.0, 3.0]]})
    assert book["nonce"] == 101
    assert venue.get_cache_index({"nonce": 100}, [{"version": 100}, {"version": 101}]) == 0


class Forgetful:
    """Fetches its seeds without a word on how many levels; or with its own."""

    def __init__(self) -> None:
        self.loaded: list[tuple[Any, ...]] = []

    async def watch_order_book(self, symbol: str, limit: int | None = None) -> int | None:
        return limit

    async def load_order_book(self, *given: Any) -> None:
        self.loaded.append(given)


async def test_a_seed_has_as_many_levels_as_were_asked_for() -> None:
    venue = Forgetful()
    mend(venue)
    assert await venue.watch_order_book("A/B", 400) == 400
    assert await venue.watch_order_book("C/D") is None
    await asyncio.gather(
        venue.load_order_book("client", "topic", "A/B"),
        venue.load_order_book("client", "topic", "A/B", None, {}),
        venue.load_order_book("client", "topic", "A/B", 50, {}),
        venue.load_order_book("client", "topic", "C/D", None),
    )
    assert venue.loaded == [
        ("client", "topic", "A/B", 400),
        ("client", "topic", "A/B", 400, {}),
        ("client", "topic", "A/B", 50, {}),
        ("client", "topic", "C/D", None),
    ]


def test_an_exchange_that_joins_nothing_is_left_alone() -> None:
    class Plain:
        pass

    plain = Plain()
    mend(plain)
    assert vars(plain) == {}
