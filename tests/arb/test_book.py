"""The price levels against a plain dict."""

from __future__ import annotations

from gc import collect
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.domain import Depth, Seed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule
from tests.cores import BOOKS, SYNCS

FEED = Feed("f", Depth.FULL, 100, 0, SyncRule(Seed.PUSHED), Trust.CHAINED)

levels = st.lists(st.tuples(st.integers(1, 30).map(float), st.integers(0, 3).map(float)), max_size=12).map(tuple)


@pytest.mark.parametrize("kind", BOOKS)
@given(start=levels, changes=st.lists(st.tuples(levels, levels), max_size=8))
def test_equals_a_dict(kind, start, changes):
    book = kind()
    book.replace(start, start)
    bids = {p: q for p, q in start if q}
    asks = dict(bids)
    for new_bids, new_asks in changes:
        book.apply(new_bids, new_asks)
        for side, new in ((bids, new_bids), (asks, new_asks)):
            for price, qty in new:
                if qty:
                    side[price] = qty
                else:
                    side.pop(price, None)
    assert book.bids(100) == sorted(bids.items(), reverse=True)
    assert book.asks(100) == sorted(asks.items())
    assert book.best_bid == max(bids, default=0.0)
    assert book.best_ask == min(asks, default=inf)
    assert len(book) == len(bids) + len(asks)
    assert book.crossed == bool(bids and asks and max(bids) >= min(asks))


@pytest.mark.parametrize("kind", BOOKS)
@given(start=levels.filter(lambda side: all(qty for _, qty in side)), way=st.sampled_from((1, -1)))
def test_a_book_given_in_order_equals_one_given_in_none(kind, start, way):
    ordered = tuple(sorted(dict(start).items())[::way])
    book = kind()
    book.replace(ordered, ordered)
    assert book.bids(100) == sorted(ordered, reverse=True)
    assert book.asks(100) == sorted(ordered)


def prices(random, kind):
    """Ticks that a side may have, worst first: all of them, or some with gaps that grow with the distance."""
    if kind == "even":
        return [100.0 - tick * 0.01 for tick in range(200, 0, -1)]
    return sorted(100.0 - random.uniform(0.01, 2.0) ** 5 for _ in range(200))


@pytest.mark.parametrize("kind", BOOKS)
@pytest.mark.parametrize("ticks", ["even", "uneven"])
@pytest.mark.parametrize("deleted", [0.2, 0.5, 0.9])
def test_a_long_life_of_a_deep_book_equals_a_dict(kind, ticks, deleted):
    random = Random(f"{ticks} {deleted}")
    bids = dict.fromkeys(prices(random, ticks), 1.0)
    asks = {200.0 - price: qty for price, qty in bids.items()}
    book = kind()
    book.replace(tuple(bids.items()), tuple(asks.items()))
    known = [list(bids), list(asks)]
    for number in range(3_000):
        told = []
        for side, levels, sign in zip((bids, asks), known, (-1, 1), strict=True):
            if number % 7 == 0:
                levels.append(100.0 + sign * random.uniform(0.0001, 3.0))
            near = sorted(levels, key=lambda price: abs(price - 100.0))
            some = [near[int(len(near) * random.random() ** 3)] for _ in range(random.randint(0, 4))]
            told.append([(price, 0.0 if random.random() < deleted else random.random() + 0.1) for price in some])
            for price, qty in told[-1]:
                if qty:
                    side[price] = qty
                else:
                    side.pop(price, None)
        book.apply(*told)
        assert (book.best_bid, book.best_ask) == (max(bids, default=0.0), min(asks, default=inf))
        assert len(book) == len(bids) + len(asks)
        if number % 10 == 0:
            assert book.bids(7) == sorted(bids.items(), reverse=True)[:7]
            assert book.asks(10**6) == sorted(asks.items())
    assert book.bids(10**6) == sorted(bids.items(), reverse=True)


@pytest.mark.parametrize("kind", BOOKS)
def test_a_side_that_is_deleted_from_the_middle_out_is_empty_in_the_end(kind):
    book = kind()
    levels = [(float(price), 1.0) for price in range(1, 101)]
    for rising in (True, False):
        book.replace(levels, ())
        middle = sorted(levels, key=lambda level: abs(level[0] - 50.0))
        for price, _ in middle if rising else middle[::-1]:
            book.apply(((price, 0.0),), ())
            book.apply(((price, 0.0),), ())  # twice is no more than once
        assert (book.best_bid, len(book), book.bids(5)) == (0.0, 0, [])
        book.apply(((7.0, 2.0), (6.0, 1.0)), ())
        assert book.bids(5) == [(7.0, 2.0), (6.0, 1.0)]


@pytest.mark.parametrize("kind", BOOKS)
def test_returns_no_more_than_asked(kind):
    book = kind()
    book.replace(((1.0, 1.0), (2.0, 1.0), (3.0, 1.0)), ((4.0, 1.0), (5.0, 1.0)))
    assert book.bids(2) == [(3.0, 1.0), (2.0, 1.0)]
    assert book.asks(1) == [(4.0, 1.0)]


@pytest.mark.parametrize("kind", BOOKS)
def test_an_empty_book_is_neither_crossed_nor_priced(kind):
    book = kind()
    assert (book.best_bid, book.best_ask, book.crossed, book.bids(5)) == (0.0, inf, False, [])


@pytest.mark.parametrize("kind", BOOKS)
@pytest.mark.parametrize("deep", [60, 64, 65, 200])
@given(changes=st.lists(st.tuples(st.integers(1, 230).map(float), st.integers(0, 3).map(float)), max_size=40))
def test_however_many_levels_it_has_it_equals_a_dict(kind, deep, changes):
    start = tuple((float(price), 1.0) for price in range(5, 5 + deep))
    book = kind()
    book.replace(start[::-1], start)
    bids, asks = dict(start), dict(start)
    for price, qty in changes:
        book.apply(((price, qty),), ((price, qty),))
        for side in (bids, asks):
            if qty:
                side[price] = qty
            else:
                side.pop(price, None)
        assert (book.best_bid, book.best_ask) == (max(bids), min(asks))
    assert book.bids(999) == sorted(bids.items(), reverse=True)
    assert book.asks(999) == sorted(asks.items())


@pytest.mark.parametrize("kind", BOOKS)
@given(changes=st.lists(st.tuples(st.sampled_from((0.0, 1.0, 2.0)), st.sampled_from((0.0, 1.0))), max_size=12))
def test_a_side_may_come_and_go(kind, changes):
    book, bids = kind(), {}
    for price, qty in changes:
        book.apply(((price, qty),), ())
        if qty:
            bids[price] = qty
        else:
            bids.pop(price, None)
        assert book.bids(9) == sorted(bids.items(), reverse=True)
        assert (book.best_bid, book.crossed, len(book)) == (max(bids, default=0.0), False, len(bids))
    book.apply((), ((3.0, 1.0),))
    assert (book.best_ask, book.crossed) == (3.0, False)
    book.apply((), ((3.0, 0.0), (1.0, 1.0)))
    assert (book.best_ask, book.crossed) == (1.0, bool(bids) and max(bids) >= 1.0)


@pytest.mark.parametrize("kind", SYNCS)
def test_levels_outlive_the_market_whose_they_were(kind):
    sync = kind(VenueId("v"), Symbol("A/USDT"), FEED, 0)
    book = sync._book
    book.replace(((1.0, 1.0),), ((2.0, 3.0),))
    del sync
    collect()
    book.apply(((1.5, 4.0),), ())
    assert (book.bids(5), book.asks(5)) == ([(1.5, 4.0), (1.0, 1.0)], [(2.0, 3.0)])
