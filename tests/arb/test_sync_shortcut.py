"""The next update of the connection that is followed skips the questions: they would have changed nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.domain import BookDelta, BookSnapshot, Depth, Seed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule
from arb.sync import PureSync, Sync
from tests.cores import SYNCS

VENUE, SYMBOL = VenueId("v"), Symbol("BTC/USDT")
RULES = {
    "chained from a REST seed": SyncRule(seed=Seed.REST),
    "overlapping, with a dump first": SyncRule(seed=Seed.REST, overlap=True, dump_guard=True, window=3),
    "pushed whole first": SyncRule(seed=Seed.PUSHED),
    "every frame whole": SyncRule(seed=Seed.NONE),
}


class Careful(PureSync):
    """Asks every question of every delta."""

    __slots__ = ()

    def on_delta(self, delta):
        if self._rule.seed is Seed.NONE:
            return Sync.IGNORED
        doubt = self._doubt(delta)
        if doubt is not None:
            return doubt
        self._take(delta)
        return self._check(delta.recv_ns)

    def on_snapshot(self, snap):
        return self._take_whole(snap)


conns = st.integers(0, 2)
sides = st.lists(st.tuples(st.integers(1, 6).map(float), st.integers(0, 2).map(float)), max_size=3).map(tuple)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("next"), conns, st.integers(0, 2), sides),
        st.tuples(st.just("delta"), conns, st.integers(1, 12), st.integers(-1, 3), sides),
        st.tuples(st.just("snapshot"), conns, st.integers(1, 12)),
        st.tuples(st.just("subscribed"), conns),
        st.tuples(st.just("lost"), conns),
        st.tuples(st.just("expire")),
    ),
    max_size=40,
)


def feed(rule):
    return Feed("f", Depth.FULL, 100, 10, rule, Trust.CHAINED)


def play(book, step, now_ns):
    kind, *rest = step
    if kind == "next":
        conn, more, asks = rest
        asks = tuple((price + 100.0, qty) for price, qty in asks)
        return book.on_delta(BookDelta(VENUE, SYMBOL, (), asks, book.seq + 1, book.seq + 1 + more, 0, now_ns, conn))
    if kind == "delta":
        conn, first, more, bids = rest
        return book.on_delta(BookDelta(VENUE, SYMBOL, bids, (), first, first + more, 7, now_ns, conn))
    if kind == "snapshot":
        conn, seq = rest
        levels = ((3.0, 1.0),), ((50.0, 1.0),)
        return book.on_snapshot(BookSnapshot(VENUE, SYMBOL, *levels, seq, 0, now_ns, conn))
    if kind == "subscribed":
        return book.on_subscribed(rest[0], now_ns)
    if kind == "lost":
        return book.on_lost(rest[0], now_ns)
    return book.expire(now_ns, 0)


def told(book):
    names = ("state", "seq", "exch_ns", "recv_ns", "updates", "repeats", "gaps", "resyncs", "crossed", "live_ns")
    return [getattr(book, name) for name in names], book._book.bids(99), book._book.asks(99)


@pytest.mark.parametrize("form", SYNCS)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(script=steps)
def test_a_book_that_asks_every_question_ends_the_same(form, rule, script):
    quick, careful = (kind(VENUE, SYMBOL, feed(rule), 0) for kind in (form, Careful))
    for now_ns, step in enumerate([("subscribed", 1), ("snapshot", 1, 5), *script], start=1):
        assert play(quick, step, now_ns) == play(careful, step, now_ns), step
        assert told(quick) == told(careful)


class Counting(PureSync):
    __slots__ = ("asked",)

    def _doubt(self, delta):
        self.asked.append(delta.first)
        return super()._doubt(delta)


def test_only_the_ordinary_update_skips_the_questions():
    book = Counting(VENUE, SYMBOL, feed(RULES["pushed whole first"]), 0)
    book.asked = []
    for step in (("subscribed", 1), ("snapshot", 1, 5), ("next", 1, 0, ()), ("next", 2, 0, ()), ("delta", 1, 4, 0, ())):
        play(book, step, 1)
    assert book.asked == [7, 4]  # another connection's; an id from the past
