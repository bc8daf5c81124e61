"""The price levels against a plain dict."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cores import BOOKS

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
