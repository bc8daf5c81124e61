"""REST held against the stream: equal sequences decide at once, ghosts only by persistence."""

from __future__ import annotations

import pytest

from arb.audit import ROUNDS, Auditor
from arb.books import Books
from arb.clock import ManualClock
from arb.domain import BookDelta, BookSnapshot, BookState, Depth, Seed, Subscribed, Symbol, Trust, VenueId
from arb.errors import Transient
from arb.interfaces import Feed, SyncRule

V, S = VenueId("v"), Symbol("A/B")
FEED = Feed("f", Depth.FULL, 100, 10, SyncRule(Seed.REST), Trust.CHAINED)
BIDS = ((99.0, 1.0), (98.0, 2.0), (97.0, 3.0))
ASKS = ((101.0, 1.0), (102.0, 2.0))


def answer(seq, bids=BIDS, asks=ASKS):
    return BookSnapshot(V, S, bids, asks, seq, 0, 0)


class Enough(Exception):
    """The test has seen what it wanted."""


class Rig:
    def __init__(self, answers=()):
        self.clock = ManualClock(1000)
        self.resyncs, self.audits, self.sleeps = [], [], []
        self.answers = list(answers)
        self.books = Books()
        self.books.add_venue(V, self.resyncs.append)
        self.book = self.books.add(V, S, FEED, 0)
        self.books.on_event(Subscribed(V, (S,), 0, 1))
        self.books.on_event(answer(5))
        self.resyncs.clear()
        self.auditor = Auditor(self.books, {V: self.fetch}, self.clock, 30.0, self.sleep, self.audits.append)

    async def fetch(self, symbol, levels):
        result = self.answers.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def sleep(self, delay):
        self.sleeps.append(delay)
        if not self.answers:
            raise Enough


async def test_equal_at_equal_sequence_confirms_the_book():
    rig = Rig([answer(5)])
    await rig.auditor.look(rig.book)
    assert rig.audits[0].agrees is True
    assert (rig.book.recv_ns, rig.resyncs) == (1000, [])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(answer(5, bids=((99.0, 1.5), *BIDS[1:])), id="a quantity"),
        pytest.param(answer(5, bids=BIDS[1:]), id="a level too many"),
        pytest.param(answer(5, bids=((99.5, 1.0), *BIDS)), id="a level too few"),
    ],
)
async def test_different_at_equal_sequence_condemns_at_once(wrong):
    rig = Rig([wrong])
    await rig.auditor.look(rig.book)
    assert rig.audits[0].agrees is False
    assert (rig.book.state, rig.resyncs, rig.book.conflicts) == (BookState.GAP, [S], 1)


async def test_a_ghost_is_condemned_after_several_rounds():
    rig = Rig([answer(9 + n, bids=BIDS[1:]) for n in range(ROUNDS)])
    for n in range(ROUNDS):
        assert rig.book.state is BookState.LIVE, f"round {n}"
        await rig.auditor.look(rig.book)
    assert [a.agrees for a in rig.audits] == [None] * (ROUNDS - 1) + [False]
    assert rig.resyncs == [S]


async def test_a_level_that_moved_on_is_no_ghost():
    rig = Rig([answer(9, bids=BIDS[1:]) for _ in range(ROUNDS + 1)])
    for n in range(ROUNDS + 1):
        await rig.auditor.look(rig.book)
        rig.books.on_event(BookDelta(V, S, ((99.0, 2.0 + n),), (), 6 + n, 6 + n, 0, 0, 1))
    assert rig.book.state is BookState.LIVE


async def test_an_answer_older_than_the_book_says_nothing():
    rig = Rig([answer(4, bids=()) for _ in range(ROUNDS + 1)])
    for _ in range(ROUNDS + 1):
        await rig.auditor.look(rig.book)
    assert {a.agrees for a in rig.audits} == {None}
    assert rig.book.state is BookState.LIVE


async def test_no_answer_is_told_and_changes_nothing():
    rig = Rig([Transient("v", "timeout")])
    await rig.auditor.look(rig.book)
    assert "timeout" in rig.audits[0].detail
    assert rig.book.state is BookState.LIVE


async def test_suspects_are_asked_again_soon_and_the_rest_at_the_low_rate():
    rig = Rig([answer(9, bids=BIDS[1:]), answer(10)])
    with pytest.raises(ExceptionGroup):
        await rig.auditor.run()
    assert rig.sleeps == [30.0, 1.0, 30.0]


async def test_many_books_are_not_asked_for_faster_than_a_venue_should_be():
    rig = Rig([answer(5)])
    for number in range(1000):
        rig.books.add(V, Symbol(f"X{number}/B"), FEED, 0)
    with pytest.raises(ExceptionGroup):
        await rig.auditor.run()
    assert rig.sleeps[0] == 0.2


async def test_a_silent_book_that_still_holds_is_live_again():
    rig = Rig([answer(5)])
    rig.books.sweep(900, 100)
    rig.books.take_dirty()
    assert rig.book.state is BookState.STALE
    await rig.auditor.look(rig.book)
    assert (rig.book.state, rig.book.recv_ns) == (BookState.LIVE, 1000)
    assert [book.key for book in rig.books.take_dirty()] == [(V, S)]


async def test_verdicts_are_told_before_they_act():
    rig = Rig([answer(5), answer(5, bids=BIDS[1:])])
    told = []
    rig.auditor._confirmed = lambda book, now_ns: told.append(("confirmed", book.recv_ns, now_ns))
    rig.auditor._condemned = lambda book, now_ns: told.append(("condemned", book.state, now_ns))
    await rig.auditor.look(rig.book)
    await rig.auditor.look(rig.book)
    assert told == [("confirmed", 0, 1000), ("condemned", BookState.LIVE, 1000)]
