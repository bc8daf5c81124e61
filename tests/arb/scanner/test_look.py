"""What the sieve holds back would have told nothing, and both forms of it hold the same back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arb import look
from arb.books import Books
from arb.domain import BookSnapshot, Depth, Seed, Subscribed, Trust
from arb.interfaces import Feed, SyncRule
from arb.scanner.scanner import PureScanner
from arb.sync import PureSync
from tests.arb.scanner.world import FEED, MS, SYMBOL, A, B, C, World, fee, market, statics
from tests.cores import SCANNERS

VENUES = (A, B, C)
SETTINGS = [
    {},
    {"show_rejected": True},
    {"max_price_ratio": 1.04, "quarantine_ns": 300 * MS},
    {"min_trust": Trust.WHOLE},
    {"sizes": {}},
    {"min_edge_bps": Decimal(50), "max_skew_ns": 100 * MS},
]
STATICS = [
    statics(VENUES),
    replace(statics(VENUES), fees=()),
    replace(statics(VENUES), fees=tuple(fee(venue, taker=Decimal("0.02")) for venue in VENUES)),
    replace(statics(VENUES), markets=(market(A, buyable=False), market(B), market(C))),
]
UNCHECKED = Feed("unchecked", Depth.TWENTY, 20, 100, SyncRule(Seed.NONE), Trust.UNCHECKED)

venues = st.sampled_from(VENUES)
bids = st.sampled_from([0.0, 95.0, 98.0, 99.0, 99.9, 100.0, 100.1, 100.2, 100.3, 101.0, 104.0, 130.0])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), venues, bids, st.sampled_from([0.0, 0.1, 0.2, 1.0])),
        st.tuples(st.just("hear"), venues, bids, st.sampled_from([0.1, 1.0])),
        st.tuples(st.just("decide")),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 150, 450, 1100])),
        st.tuples(st.just("timer")),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("lose"), venues),
        st.tuples(st.just("subscribed"), venues),
        st.tuples(st.just("take over"), venues, bids, st.sampled_from([FEED, UNCHECKED])),
        st.tuples(st.just("refresh"), st.sampled_from(STATICS)),
        st.tuples(st.just("look")),
    ),
    max_size=40,
)


class Careful(PureScanner):
    """Holds nothing back."""

    def holds(self, look, now_ns):
        return False


class Side:
    """One world, and all that it has told."""

    def __init__(self, scanner, pure, **changes):
        self.passed, self.told = [], []
        self.world = World(STATICS[0], venues=VENUES, scanner=self._noting(scanner), **changes)
        self._pure = pure

    def _noting(self, scanner):
        passed = self.passed

        class Noting(scanner):
            def judge(self, looks, now_ns):
                passed.append([(each.first_key, each.second_key) for each in looks])
                return super().judge(looks, now_ns)

        return Noting

    def play(self, step):
        with pytest.MonkeyPatch.context() as patch:
            if self._pure:
                patch.setattr("arb.books.BookSync", PureSync)
            self.passed.clear()
            self._play(*step)

    def _play(self, what, *more):
        world = self.world
        if what == "hear":
            venue, bid, spread = more
            world.hear(venue, bid, bid + spread if spread else 0.0)
        elif what == "decide":
            self.told += world.decide()
        elif what == "wait":
            world.wait(*more)
        elif what == "timer":
            self.told += world.timer()
        elif what == "sweep":
            world.books.sweep(world.now_ns, 200 * MS)
        elif what == "lose":
            world.lose(*more)
        elif what == "subscribed":
            world.books.on_event(Subscribed(more[0], (SYMBOL,), world.now_ns, 1))
        elif what == "take over":
            venue, bid, feed = more
            others = Books()
            others.add_venue(venue, lambda symbol: None)
            others.add(venue, SYMBOL, feed, world.now_ns)
            others.on_event(Subscribed(venue, (SYMBOL,), world.now_ns, 1))
            world.seq += 1
            levels = ((bid, 1.0),) if bid else ()
            others.on_event(BookSnapshot(venue, SYMBOL, levels, ((bid + 1, 1.0),), world.seq, 0, world.now_ns, 1))
            world.books.take_over(venue, others, lambda symbol: None, world.now_ns)
        elif what == "refresh":
            world.scanner.refresh([*more])
        else:
            self.told.append(self.state())

    def state(self):
        scanner = self.world.scanner
        return [*scanner.rejections()], [*scanner.funnel.rows()], [*scanner.funnel.reasons()], scanner.open()


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("changes", SETTINGS, ids=[" ".join(each) or "usual" for each in SETTINGS])
@settings(max_examples=150, deadline=None)
@given(moves=steps)
def test_what_is_held_back_would_have_told_nothing(scanner, changes, moves):
    one, other = Side(scanner, scanner is PureScanner, **changes), Side(Careful, True, **changes)
    for step in moves:
        one.play(step)
        other.play(step)
        assert one.told == other.told, step
    assert one.state() == other.state()


@pytest.mark.skipif(look.compiled is None, reason="the compiled look was not built here, or ARB_PURE is set")
@pytest.mark.parametrize("changes", SETTINGS, ids=[" ".join(each) or "usual" for each in SETTINGS])
@settings(max_examples=150, deadline=None)
@given(moves=steps)
def test_both_forms_let_the_same_pairs_through(changes, moves):
    (pure,), (compiled,) = (each.values for each in SCANNERS)
    one, other = Side(pure, True, **changes), Side(compiled, False, **changes)
    for step in moves:
        one.play(step)
        other.play(step)
        assert one.passed == other.passed, step
    assert one.told == other.told
    assert one.state() == other.state()
