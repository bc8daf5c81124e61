"""What leaves for the engine: copies, numbered connections, sequences that can be believed."""

from __future__ import annotations

from typing import Any

import pytest
from ccxt.async_support.base.ws.order_book import IndexedOrderBook, OrderBook

from adapters.ccxt_outlet import Outlet, to_snapshot
from arb.clock import ManualClock
from arb.domain import BookSnapshot, Connected, Disconnected, Subscribed, SubscriptionRefused, Symbol
from tests.adapters.ccxt_fakes import A, B, Heard, V, book


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(5)


@pytest.fixture
def outlet(clock: ManualClock, heard: Heard) -> Outlet:
    return Outlet(V, 20, clock, heard)


def test_the_first_book_opens_the_connection(outlet: Outlet, heard: Heard, clock: ManualClock) -> None:
    outlet.book(A, book(7, timestamp=1_700_000_000_123))
    clock.advance(10)
    outlet.book(A, book(8))
    levels = {"bids": ((1.0, 2.0),), "asks": ((1.5, 3.0),)}
    assert heard.events == [
        Connected(V, 1, 5),
        Subscribed(V, (A,), 5, 1),
        BookSnapshot(V, A, **levels, seq=7, exch_ns=1_700_000_000_123_000_000, recv_ns=5, conn=1),
        BookSnapshot(V, A, **levels, seq=8, exch_ns=0, recv_ns=15, conn=1),
    ]
    assert heard.idle_ns == [5, 15]


def test_each_symbol_is_lost_alone_and_comes_back_with_another_number(outlet: Outlet, heard: Heard) -> None:
    outlet.book(A, book(1))
    outlet.book(B, book(1))
    heard.events.clear()
    assert outlet.lost(A, "gone")
    assert not outlet.lost(A, "gone")  # it is already
    assert not outlet.lost(Symbol("never/seen"), "gone")
    outlet.book(B, book(2))
    outlet.book(A, book(1))
    assert [type(event) for event in heard.events] == [Disconnected, BookSnapshot, Connected, Subscribed, BookSnapshot]
    assert heard.events[0] == Disconnected(V, 1, (A,), "gone", 5)
    assert [(snap.symbol, snap.conn, snap.seq) for snap in heard.books()] == [(B, 2, 2), (A, 3, 1)]
    assert len(heard.idle_ns) == 5


def test_a_refusal_takes_the_connection_along(outlet: Outlet, heard: Heard) -> None:
    outlet.refused(A, "no such market")
    outlet.book(B, book(1))
    outlet.refused(B, "delisted")
    refusals = [event for event in heard.events if isinstance(event, SubscriptionRefused)]
    assert refusals == [
        SubscriptionRefused(V, (A,), "no such market", 5, 0),
        SubscriptionRefused(V, (B,), "delisted", 5, 1),
    ]
    assert not outlet.lost(B, "gone")


@pytest.mark.parametrize(
    ("nonces", "seqs"),
    [
        pytest.param((5, 6, 9), (5, 6, 9), id="a nonce that counts is the sequence"),
        pytest.param((5, 5, 5), (5, 0, 0), id="one that stands still while the book changes is none"),
        pytest.param((5, 4, 6), (5, 0, 6), id="one that goes back is none until it is ahead again"),
        pytest.param((None, None), (0, 0), id="none is none"),
        pytest.param((0, -1, "7", 1.5), (0, 0, 0, 0), id="what is no counter is none"),
    ],
)
def test_sequence(outlet: Outlet, heard: Heard, nonces: tuple[Any, ...], seqs: tuple[int, ...]) -> None:
    for nonce in nonces:
        outlet.book(A, book(nonce))
    assert tuple(snap.seq for snap in heard.books()) == seqs


def test_a_book_that_ccxt_goes_on_changing_is_copied(outlet: Outlet, heard: Heard) -> None:
    living = OrderBook({"bids": [[1.0, 2.0], [0.5, 1.0]], "asks": [[1.5, 3.0]], "nonce": 1})
    outlet.book(A, living)
    living["bids"].store(1.0, 0)
    living["bids"].store(0.5, 9.0)
    living["nonce"] = 2
    outlet.book(A, living)
    assert [snap.bids for snap in heard.books()] == [((1.0, 2.0), (0.5, 1.0)), ((0.5, 9.0),)]


def test_orders_of_one_price_make_one_level() -> None:
    orders = IndexedOrderBook({"asks": [[1.5, 3.0, "a"], [1.5, 1.0, "b"], [2.0, 1.0, "c"]], "bids": []})
    snapshot = to_snapshot(V, A, orders, 2, 1)
    assert snapshot.asks == ((1.5, 4.0), (2.0, 1.0))
    assert snapshot.bids == ()


@pytest.mark.parametrize(("most", "left"), [(0, 30), (1, 1), (20, 20), (50, 30)])
def test_no_more_levels_than_promised(most: int, left: int) -> None:
    side = [(float(price), 1.0) for price in range(1, 31)]
    snapshot = to_snapshot(V, A, book(bids=side[::-1], asks=side), most, 1)
    assert snapshot.asks == tuple(side[:left])
    assert snapshot.bids == tuple(side[::-1][:left])
    assert (snapshot.conn, snapshot.seq) == (0, 0)
