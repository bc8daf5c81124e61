"""The flow on one page: what is decided when, and what is told to whom."""

from __future__ import annotations

import pytest

from arb.books import Books
from arb.clock import ManualClock
from arb.domain import BookSnapshot, BookState, Depth, Disconnected, Seed, Subscribed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule
from arb.observers import Observers
from tests.cores import ENGINES

V = VenueId("v")
A, B = Symbol("A/USDT"), Symbol("B/USDT")
each_kind = pytest.mark.parametrize("kind", ENGINES)
FEED = Feed("f", Depth.FIVE, 5, 10, SyncRule(Seed.NONE), Trust.WHOLE)


class Scans:
    """Keeps what it was asked; finds what it was given."""

    def __init__(self):
        self.asked = []
        self.found = []
        self.ended = False

    def on_dirty(self, books, now_ns):
        self.asked.append(([book.key for book in books], now_ns))
        return self.found

    def on_timer(self, now_ns):
        return []

    def finish(self, now_ns):
        self.ended = True
        return []


class Facts:
    def __init__(self):
        self.facts = []

    def on_fact(self, fact):
        self.facts.append(fact)


class Doubles:
    """A strategy that wants every opportunity twice."""

    name = "doubles"

    def on_opportunity(self, opportunity):
        return [("buy", opportunity), ("sell", opportunity)]


def make(kind):
    clock, scans, facts = ManualClock(1000), Scans(), Facts()
    books = Books()
    books.add_venue(V, lambda symbol: None)
    for symbol in (A, B):
        books.add(V, symbol, FEED, 0)
    engine = kind(books, scans, [Doubles()], Observers([facts]), clock, max_age_ns=100)
    return engine, books, clock, scans, facts


def frame(symbol, seq, now=1000):
    return BookSnapshot(V, symbol, ((1.0, 1.0),), ((2.0, 1.0),), seq, 0, now, 1)


@each_kind
def test_frames_of_one_read_are_decided_on_once_in_their_newest_state(kind):
    engine, books, _clock, scans, _ = make(kind)
    for seq in (1, 2, 3):
        engine.on_event(frame(A, seq))
    engine.on_event(frame(B, 1))
    assert scans.asked == []
    engine.on_idle(1000)
    engine.on_idle(1000)
    assert scans.asked == [([(V, A), (V, B)], 1000)]
    assert books.get((V, A)).seq == 3


@each_kind
def test_opportunities_reach_observers_and_strategies_their_intents(kind):
    engine, _books, _clock, scans, facts = make(kind)
    scans.found = ["gap"]
    engine.on_event(frame(A, 1))
    engine.on_idle(1000)
    assert facts.facts == ["gap", ("buy", "gap"), ("sell", "gap")]


@each_kind
def test_market_data_is_not_told_to_observers_but_everything_else_is(kind):
    engine, _books, _clock, _scans, facts = make(kind)
    engine.on_event(frame(A, 1))
    told = Subscribed(V, (A,), 1000, 1)
    engine.on_event(told)
    assert facts.facts == [told]


@each_kind
def test_a_lost_connection_is_decided_on_at_once(kind):
    engine, _books, _clock, scans, _ = make(kind)
    engine.on_event(frame(A, 1))
    engine.on_idle(1000)
    engine.on_event(Disconnected(V, 1, (A,), "reset", 1001))
    engine.on_idle(1001)
    assert [keys for keys, _ in scans.asked] == [[(V, A)], [(V, A)]]


@each_kind
def test_silence_is_decided_on_by_the_timer(kind):
    engine, books, _clock, scans, _ = make(kind)
    engine.on_event(frame(A, 1))
    engine.on_idle(1000)
    engine.on_timer(1100)
    assert len(scans.asked) == 1
    engine.on_timer(1101)
    assert scans.asked[-1] == ([(V, A)], 1101)
    assert books.get((V, A)).state is BookState.STALE


@each_kind
def test_wire_to_decision_is_measured_from_the_last_frames_arrival(kind):
    engine, _books, clock, _scans, _ = make(kind)
    engine.on_event(frame(A, 1))
    clock.advance(700)
    engine.on_idle(1000)
    assert (engine.latency.count, engine.latency.worst_ns) == (1, 700)


@each_kind
def test_after_the_end_nothing_is_listened_to(kind):
    engine, books, _clock, scans, facts = make(kind)
    engine.on_event(frame(A, 1))
    engine.on_idle(1000)
    engine.finish(1001)
    engine.on_event(Disconnected(V, 1, (A,), "stopped", 1002))
    engine.on_idle(1002)
    engine.on_timer(9_999)
    assert scans.ended
    assert facts.facts == []
    assert (len(scans.asked), books.get((V, A)).state) == (1, BookState.LIVE)


class Woken:
    """What is told of a sleep; `then` is what happens in answer to it."""

    def __init__(self):
        self.slept = []
        self.then = lambda: None

    def __call__(self, slept_ns):
        self.slept.append(slept_ns)
        self.then()


def doze(kind, doze_ns=500):
    clock, scans, woken = ManualClock(1000), Scans(), Woken()
    books = Books()
    books.add_venue(V, lambda symbol: None)
    for symbol in (A, B):
        books.add(V, symbol, FEED, 0)
    engine = kind(books, scans, [], Observers([]), clock, max_age_ns=10_000, doze_ns=doze_ns, woke=woken)
    engine.on_timer(1000)
    engine.on_event(frame(A, 1))
    engine.on_idle(1000)
    scans.asked.clear()
    return engine, books, scans, woken


def states(books):
    return [books.get((V, symbol)).state for symbol in (A, B)]


@each_kind
@pytest.mark.parametrize(
    "wakes",
    [
        pytest.param(
            lambda engine: (engine.on_event(frame(B, 2, 1501)), engine.on_idle(1501)), id="a frame comes first"
        ),
        pytest.param(lambda engine: engine.on_timer(1501), id="the timer comes first"),
    ],
)
def test_after_a_sleep_no_book_is_believed_and_what_rested_on_one_ends_first(kind, wakes):
    engine, books, scans, woken = doze(kind)
    seen = []
    woken.then = lambda: seen.append((states(books), [key for keys, _ in scans.asked for key in keys]))
    wakes(engine)
    assert woken.slept == [501]
    ((told, decided),) = seen
    assert BookState.LIVE not in told
    assert (V, A) in decided
    engine.on_timer(1550)
    assert woken.slept == [501]  # once


@each_kind
def test_a_loop_that_is_only_late_has_not_slept(kind):
    engine, books, _scans, woken = doze(kind)
    engine.on_event(frame(B, 2, 1500))
    engine.on_idle(1500)
    engine.on_timer(1500)
    engine.on_timer(2000)
    assert woken.slept == []
    assert states(books) == [BookState.LIVE, BookState.LIVE]


@each_kind
def test_frames_that_end_a_lost_connection_do_not_wake_it_twice(kind):
    engine, books, scans, woken = doze(kind)

    def lost():
        engine.on_event(Disconnected(V, 1, (A,), "slept", 1600))
        engine.on_idle(1600)

    woken.then = lost
    engine.on_event(frame(A, 2, 1600))
    engine.on_idle(1600)
    assert woken.slept == [600]
    assert states(books)[0] is BookState.DOWN
    assert [keys for keys, _ in scans.asked] == [[(V, A)]]
