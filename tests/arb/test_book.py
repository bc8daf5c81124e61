"""The price levels against a plain dict."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from arb.book import Book

levels = st.lists(st.tuples(st.integers(1, 30).map(float), st.integers(0, 3).map(float)), max_size=12).map(tuple)


@given(start=levels, changes=st.lists(st.tuples(levels, levels), max_size=8))
def test_equals_a_dict(start, changes):
    book = Book()
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


@given(start=levels.filter(lambda side: all(qty for _, qty in side)), way=st.sampled_from((1, -1)))
def test_a_book_given_in_order_equals_one_given_in_none(start, way):
    ordered = tuple(sorted(dict(start).items())[::way])
    book = Book()
    book.replace(ordered, ordered)
    assert book.bids(100) == sorted(ordered, reverse=True)
    assert book.asks(100) == sorted(ordered)


def test_returns_no_more_than_asked():
    book = Book()
    book.replace(((1.0, 1.0), (2.0, 1.0), (3.0, 1.0)), ((4.0, 1.0), (5.0, 1.0)))
    assert book.bids(2) == [(3.0, 1.0), (2.0, 1.0)]
    assert book.asks(1) == [(4.0, 1.0)]


def test_an_empty_book_is_neither_crossed_nor_priced():
    book = Book()
    assert (book.best_bid, book.best_ask, book.crossed, book.bids(5)) == (0.0, inf, False, [])
