"""Orders of an account among the market's own: who is served first, and what everybody sees."""

from __future__ import annotations

from arb.sim import mexc
from arb.sim.market import Listing, Resting, SimBook

LISTING = Listing("mexc", "A/B", "A", "B", 2, 0, "", "1", "1000", 0.0, 0.0, 0.0)
assert mexc.TRAITS.name == LISTING.venue


def book(*levels: tuple[int, int]) -> SimBook:
    made = SimBook(LISTING, 100)
    made.last = made.day_open = made.day_high = made.day_low = 1000
    for key, lots in levels:
        made.put(key, lots)
    return made


def resting(made: SimBook, key: int, lots: int) -> tuple[Resting, list[tuple[int, int, int]]]:
    met: list[tuple[int, int, int]] = []
    order = Resting(key, lots, lambda *what: met.append(what))
    made.wait(order)
    return order, met


def test_waiting_lots_are_seen_in_the_book_and_leave_it_again() -> None:
    b = book((1001, 5), (-999, 5))
    version = b.version
    order, _ = resting(b, -999, 3)
    assert (b.lots[-999], b.market_lots(-999), b.version) == (8, 5, version + 1)
    other, _ = resting(b, -998, 2)
    assert b.bids == [-999, -998]
    b.shrink(other, 0)
    b.shrink(order, 1)
    assert (b.bids, b.lots[-999], b.version) == ([-999], 6, version + 4)


def test_who_came_first_is_served_first() -> None:
    b = book((-999, 5), (1001, 5))
    _, first = resting(b, -999, 3)
    b.put(-999, 9)  # four more of the market, behind us
    _, second = resting(b, -999, 2)
    b.trade(4, buy=False)
    assert not first
    b.trade(3, buy=False)  # one ahead of us, two of ours
    assert [lots for _, lots, _ in first] == [2]
    b.trade(5, buy=False)  # our last, then four of the market
    assert [lots for _, lots, _ in first] == [2, 1]
    assert not second
    b.trade(9, buy=False)
    assert [lots for _, lots, _ in second] == [2]
    assert -999 not in b.lots
    assert sum(t.lots for t in b.trades) == 14


def test_who_leaves_the_queue_was_behind_us_as_long_as_that_can_be() -> None:
    b = book((-999, 5), (1001, 5))
    order, _ = resting(b, -999, 3)
    b.put(-999, 7)
    b.put(-999, 6)
    assert order.ahead == 5
    b.put(-999, 2)
    assert order.ahead == 2
    assert b.lots[-999] == 5


def test_the_market_takes_what_it_would_cross() -> None:
    b = book((-990, 5), (1010, 5))
    _, near = resting(b, -1000, 3)
    _, far = resting(b, -995, 4)
    b.put(994, 5)  # an ask below both
    assert near == [(1000, 3, 1)]
    assert far == [(995, 2, 2)]
    assert 994 not in b.lots
    b.put(994, 4)
    assert far == [(995, 2, 2), (995, 2, 3)]
    assert (b.best_bid, b.best_ask, b.lots[994]) == (990, 994, 2)
    assert not b.queues


def test_a_market_that_moves_through_a_level_executes_all_of_it() -> None:
    b = book((-999, 5), (-998, 1), (1001, 5))
    _, met = resting(b, -999, 3)
    b.sweep(-999)
    assert met == [(999, 3, 2)]
    assert b.bids == [-998]


def test_each_piece_of_a_trade_is_told_with_a_number_of_its_own() -> None:
    b = book((-999, 2), (1001, 5))
    order, met = resting(b, -999, 3)
    taken = b.take(-999, 4, buy=False)
    assert [(t.lots, t.resting) for t in taken] == [(2, None), (2, order)]
    assert [t.number for t in taken] == [1, 2]
    assert met == [(999, 2, 2)]
    assert [t.number for t in b.trades] == [1, 2]
