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
USUAL = statics(VENUES)
NO_FEES = replace(USUAL, fees=())
DEAR = replace(USUAL, fees=tuple(fee(venue, taker=Decimal("0.02")) for venue in VENUES))
CLOSED = replace(USUAL, markets=(market(A, buyable=False), market(B), market(C)))
WORLDS = [
    pytest.param(USUAL, {}, id="usual"),
    pytest.param(USUAL, {"show_rejected": True}, id="all gaps shown"),
    pytest.param(USUAL, {"max_price_ratio": 1.0005, "quarantine_ns": 300 * MS}, id="soon too far apart"),
    pytest.param(NO_FEES, {"max_price_ratio": 1.0015, "quarantine_ns": 300 * MS}, id="no fees known"),
    pytest.param(DEAR, {"min_trust": Trust.WHOLE}, id="dear, some not trusted"),
    pytest.param(USUAL, {"sizes": {}, "max_age_ns": 100 * MS}, id="no size, soon too old"),
    pytest.param(CLOSED, {"min_edge_bps": Decimal(5), "max_skew_ns": 100 * MS}, id="one closed, soon too far in time"),
]
UNCHECKED = Feed("unchecked", Depth.TWENTY, 20, 100, SyncRule(Seed.NONE), Trust.UNCHECKED)

venues = st.sampled_from(VENUES)
bids = st.sampled_from([0.0, 99.9, 100.0, 100.1, 100.2, 100.3, 100.4, 104.0])
spreads = st.sampled_from([0.0, 0.1, 0.1, 0.1, 0.5])  # 0: nobody sells
heard = st.tuples(st.just("hear"), venues, bids, spreads, st.sampled_from([True, True, True, False]))
rare = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 60, 150, 450, 1100])),
    st.tuples(st.just("timer")),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("lose"), venues),
    st.tuples(st.just("subscribed"), venues),
    st.tuples(st.just("take over"), venues, bids, st.sampled_from([FEED, UNCHECKED])),
    st.tuples(st.just("refresh"), st.sampled_from([USUAL, NO_FEES, DEAR, CLOSED])),
    st.tuples(st.just("ask"), st.sampled_from(["rejections", "rows", "reasons"])),
)
steps = st.lists(st.one_of(heard, heard, rare), min_size=10, max_size=60)


class Careful(PureScanner):
    """Holds nothing back."""

    def holds(self, look, now_ns):
        return False


class Side:
    """One world, and all that it has told."""

    def __init__(self, scanner, pure, known, changes):
        self.passed, self.told = [], []
        self.world = World(known, venues=VENUES, scanner=self._noting(scanner), **changes)
        self._pure = pure
        for venue in VENUES:
            self.play(("hear", venue, 100.0, 0.1, True))

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
            venue, bid, spread, decided = more
            world.hear(venue, bid, bid + spread if spread else 0.0)
            if decided:
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
            self.told.append(self.ask(*more))

    def ask(self, what):
        scanner = self.world.scanner
        return [*(scanner.rejections() if what == "rejections" else getattr(scanner.funnel, what)())]

    def state(self):
        return [self.ask(what) for what in ("rows", "reasons", "rejections")], self.world.scanner.open()


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize(("known", "changes"), WORLDS)
@settings(max_examples=100, deadline=None)
@given(moves=steps)
def test_what_is_held_back_would_have_told_nothing(scanner, known, changes, moves):
    one, other = Side(scanner, scanner is PureScanner, known, changes), Side(Careful, True, known, changes)
    for step in moves:
        one.play(step)
        other.play(step)
        assert one.told == other.told, step
    assert one.state() == other.state()


@pytest.mark.skipif(look.compiled is None, reason="the compiled look was not built here, or ARB_PURE is set")
@pytest.mark.parametrize(("known", "changes"), WORLDS)
@settings(max_examples=100, deadline=None)
@given(moves=steps)
def test_both_forms_let_the_same_pairs_through(known, changes, moves):
    (pure,), (compiled,) = (each.values for each in SCANNERS)
    one, other = Side(pure, True, known, changes), Side(compiled, False, known, changes)
    for step in moves:
        one.play(step)
        other.play(step)
        assert one.passed == other.passed, step
    assert one.told == other.told
    assert one.state() == other.state()
