"""The sync machine: every venue's sequence rule as data, one table each, and the property that makes it trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb import sync as sync_module
from arb.cursor import Cursor
from arb.domain import BookDelta, BookSnapshot, BookState, Depth, Quote, Reason, Seed, Symbol, Trust, VenueId
from arb.errors import BookUnusable
from arb.interfaces import Feed, SyncRule
from arb.sync import MAX_EARLY, PureSync, Sync, is_dump
from tests.cores import SYNCS

V, S = VenueId("v"), Symbol("A/B")
FORMS = [form.values[0] for form in SYNCS if not form.marks]


def feed(seed: Seed, *, overlap: bool = False, dump_guard: bool = False, window: int = 0, levels: int = 100) -> Feed:
    return Feed("f", Depth.FULL, levels, 10, SyncRule(seed, overlap, dump_guard, window), Trust.CHAINED)


STRICT = feed(Seed.REST)  # MEXC aggre.depth
LOOSE = feed(Seed.REST, overlap=True, dump_guard=True, window=4)  # Gate order_book_update
PUSHED = feed(Seed.PUSHED)  # Gate obu
WHOLE = feed(Seed.NONE)  # MEXC limit.depth, Gate order_book
TOP = feed(Seed.NONE, levels=1)  # best bid and ask


def rest(seq, bids=((99.0, 1.0),), asks=((101.0, 1.0),), now=0):
    return BookSnapshot(V, S, bids, asks, seq, 0, now)


def full(seq, bids=((99.0, 1.0),), asks=((101.0, 1.0),), conn=1, now=0):
    return BookSnapshot(V, S, bids, asks, seq, 0, now, conn)


def delta(first, last=None, bids=((98.0, 2.0),), asks=(), conn=1, now=0):
    return BookDelta(V, S, bids, asks, first, first if last is None else last, 0, now, conn)


def quote(seq, bid=99.0, ask=101.0, conn=1, now=0):
    return Quote(V, S, bid, 1.0, ask, 1.0, seq, 0, now, conn)


def play(feed_, messages):
    """On every form of the machine that there is: they answer alike, and end alike."""
    (sync, results), *others = (play_on(kind, feed_, messages) for kind in FORMS)
    for other, same in others:
        assert (same, told(other)) == (results, told(sync))
    return sync, results


def told(sync):
    names = (
        "state",
        "seq",
        "exch_ns",
        "recv_ns",
        "updates",
        "repeats",
        "gaps",
        "resyncs",
        "crossed",
        "_sure",
        "_whole",
    )
    levels = sync.held()
    return [getattr(sync, name) for name in names], levels is not None and (levels.bids(99), levels.asks(99))


def play_on(kind, feed_, messages):
    sync = kind(V, S, feed_, 0)
    sync.on_subscribed(1, 0)
    results = []
    for message in messages:
        if isinstance(message, BookDelta):
            results.append(sync.on_delta(message))
        elif isinstance(message, Quote):
            results.append(sync.on_quote(message))
        elif isinstance(message, BookSnapshot):
            results.append(sync.on_snapshot(message))
        else:
            results.append(message(sync))
    return sync, results


IG, P, L, R = Sync.IGNORED, Sync.PENDING, Sync.LIVE, Sync.RESYNC


@pytest.mark.parametrize(
    ("rule", "messages", "expected", "state", "seq"),
    [
        pytest.param(STRICT, [delta(1, 2)], [P], BookState.SYNCING, 0, id="delta before any snapshot waits"),
        pytest.param(STRICT, [rest(5)], [L], BookState.LIVE, 5, id="a quiet pair is in sync without a push"),
        pytest.param(STRICT, [rest(5), delta(4, 8)], [L, L], BookState.LIVE, 8, id="straddling delta applies"),
        pytest.param(
            STRICT, [delta(4, 8), rest(5)], [P, L], BookState.LIVE, 8, id="straddling delta waits and applies"
        ),
        pytest.param(
            STRICT, [rest(5), delta(6), delta(6, 7)], [L, L, R], BookState.GAP, 6, id="strict: no later overlap"
        ),
        pytest.param(STRICT, [rest(5), delta(3, 5)], [L, IG], BookState.LIVE, 5, id="what the seed holds is dropped"),
        pytest.param(
            STRICT,
            [rest(5), delta(6, 9000), delta(7)],
            [L, L, R],
            BookState.GAP,
            9000,
            id="ids told again that the last push claimed to cover: one of the two is wrong",
        ),
        pytest.param(
            STRICT,
            [rest(5), delta(6, 7), delta(6, 7), delta(8), delta(6, 7)],
            [L, L, IG, L, IG],
            BookState.LIVE,
            8,
            id="a doubled push contradicts nothing",
        ),
        pytest.param(STRICT, [rest(5), delta(7, 8)], [L, R], BookState.GAP, 5, id="a hole asks for a snapshot"),
        pytest.param(STRICT, [delta(7, 8), rest(5)], [P, R], BookState.SYNCING, 0, id="snapshot too old: again"),
        pytest.param(
            STRICT, [delta(7, 8), rest(6)], [P, L], BookState.LIVE, 8, id="snapshot just before the first push"
        ),
        pytest.param(STRICT, [delta(7, 8), rest(5), rest(9)], [P, R, L], BookState.LIVE, 9, id="the next one joins"),
        pytest.param(
            STRICT, [delta(1, 2), delta(5), rest(1)], [P, P, R], BookState.GAP, 2, id="a hole among what waited"
        ),
        pytest.param(
            STRICT, [rest(5), delta(7), delta(8), rest(7)], [L, R, P, L], BookState.LIVE, 8, id="joined after a gap"
        ),
        pytest.param(STRICT, [rest(5), rest(9)], [L, IG], BookState.LIVE, 5, id="a live book needs no seed"),
        pytest.param(
            STRICT,
            [rest(5), delta(6, asks=((99.0, 1.0),))],
            [L, R],
            BookState.CROSSED,
            6,
            id="touching sides are crossed",
        ),
        pytest.param(
            LOOSE, [rest(5), delta(6), delta(6, 7)], [L, L, L], BookState.LIVE, 7, id="loose: overlap is harmless"
        ),
        pytest.param(LOOSE, [rest(5), delta(7)], [L, R], BookState.GAP, 5, id="loose: a hole is a hole"),
        pytest.param(
            LOOSE,
            [delta(3, 5, bids=((99.0, 1.0),), asks=((101.0, 1.0), (102.0, 1.0), (103.0, 1.0))), rest(4)],
            [P, R],
            BookState.SYNCING,
            0,
            id="a first window without deletes needs a seed at least as new",
        ),
        pytest.param(
            LOOSE,
            [delta(3, 5, bids=((99.0, 1.0),), asks=((101.0, 1.0), (102.0, 1.0), (103.0, 1.0))), rest(5), delta(6)],
            [P, L, L],
            BookState.LIVE,
            6,
            id="and is never applied",
        ),
        pytest.param(
            LOOSE,
            [rest(4), delta(5, 5, bids=((99.0, 1.0),), asks=((101.0, 1.0),))],
            [L, R],
            BookState.SYNCING,
            4,
            id="nor onto a book that was seeded before it",
        ),
        pytest.param(
            LOOSE, [delta(3, 6), rest(4)], [P, L], BookState.LIVE, 6, id="an ordinary first delta chains by U <= id+1"
        ),
        pytest.param(PUSHED, [delta(6)], [IG], BookState.SYNCING, 0, id="pushed: nothing before the full frame"),
        pytest.param(
            PUSHED, [full(5), delta(6), delta(7, 9)], [L, L, L], BookState.LIVE, 9, id="pushed: full, then chained"
        ),
        pytest.param(PUSHED, [full(5), delta(5, 6)], [L, R], BookState.GAP, 5, id="pushed: a partial overlap is a gap"),
        pytest.param(
            PUSHED,
            [full(5), delta(7), delta(8)],
            [L, R, IG],
            BookState.GAP,
            5,
            id="pushed: after a gap only full helps",
        ),
        pytest.param(
            PUSHED, [full(5), delta(7), full(9)], [L, R, L], BookState.LIVE, 9, id="pushed: a new full frame heals"
        ),
        pytest.param(
            PUSHED, [full(5), full(7)], [L, L], BookState.LIVE, 7, id="pushed: a full frame replaces at any time"
        ),
        pytest.param(
            PUSHED, [full(5), full(3)], [L, R], BookState.GAP, 5, id="pushed: a full frame of the past is no state"
        ),
        pytest.param(
            WHOLE,
            [full(9), lambda s: s.expire(99, 5), full(7, conn=2)],
            [L, True, IG],
            BookState.STALE,
            9,
            id="whole frames: another connection's past revives nothing",
        ),
        pytest.param(WHOLE, [full(5), full(7)], [L, L], BookState.LIVE, 7, id="whole frames: ids may skip"),
        pytest.param(WHOLE, [full(5), full(4)], [L, IG], BookState.LIVE, 5, id="whole frames: never back in time"),
        pytest.param(
            WHOLE,
            [full(5), full(9000), full(6), full(7)],
            [L, L, IG, L],
            BookState.LIVE,
            7,
            id="whole frames: two in a row from before say that the newest had a wrong number",
        ),
        pytest.param(
            WHOLE,
            [full(5), full(7), full(6), full(9), full(8)],
            [L, L, IG, L, IG],
            BookState.LIVE,
            9,
            id="whole frames: single late ones do not",
        ),
        pytest.param(WHOLE, [full(5), delta(6)], [L, IG], BookState.LIVE, 5, id="whole frames: no deltas"),
        pytest.param(
            WHOLE,
            [full(5, bids=((101.0, 1.0),)), full(6)],
            [R, L],
            BookState.LIVE,
            6,
            id="whole frames: the next one heals",
        ),
        pytest.param(TOP, [quote(5), quote(5)], [L, IG], BookState.LIVE, 5, id="top: repetition is not a change"),
        pytest.param(
            TOP,
            [quote(7), quote(6), quote(7), quote(6)],
            [L, IG, IG, IG],
            BookState.LIVE,
            7,
            id="top: late ones with a repetition between them are not in a row",
        ),
        pytest.param(TOP, [quote(0), quote(0)], [L, L], BookState.LIVE, 0, id="top: without ids every frame counts"),
        pytest.param(TOP, [quote(5, bid=102.0)], [R], BookState.CROSSED, 5, id="top: a crossed quote is refused"),
        pytest.param(STRICT, [quote(5)], [IG], BookState.SYNCING, 0, id="a quote is nothing to a deep book"),
        pytest.param(
            STRICT, [rest(5), lambda s: s.on_lost(1, 9)], [L, R], BookState.DOWN, 5, id="a lost stream ends it"
        ),
        pytest.param(
            STRICT,
            [lambda s: s.on_lost(1, 9), rest(5)],
            [IG, IG],
            BookState.DOWN,
            0,
            id="an answer after its stream is nothing",
        ),
        pytest.param(
            STRICT,
            [rest(5), lambda s: s.on_lost(1, 9), lambda s: s.on_subscribed(2, 9), rest(7), delta(8, conn=2)],
            [L, R, None, L, L],
            BookState.LIVE,
            8,
            id="back on a new connection",
        ),
    ],
)
def test_rules(rule, messages, expected, state, seq):
    sync, results = play(rule, messages)
    assert (results, sync.state, sync.seq) == (expected, state, seq)


@pytest.mark.parametrize(
    ("messages", "expected", "seq"),
    [
        pytest.param([delta(6, conn=1), delta(6, conn=2)], [L, IG], 6, id="the other's copy is dropped"),
        pytest.param([delta(6, 7, conn=1), delta(7, 9, conn=2)], [L, L], 9, id="differently cut pushes overlap"),
        pytest.param(
            [delta(6, conn=1), delta(8, conn=2), delta(7, 8, conn=1)], [L, IG, L], 8, id="a hole on the new one waits"
        ),
        pytest.param(
            [delta(6, conn=1), lambda s: s.on_lost(1, 0), delta(7, conn=2)], [L, IG, L], 7, id="the old one may go then"
        ),
        pytest.param(
            [delta(6, conn=1), lambda s: s.on_lost(1, 0), delta(8, conn=2)],
            [L, IG, R],
            6,
            id="what it took away is a gap",
        ),
    ],
)
def test_two_connections_carry_one_book(messages, expected, seq):
    sync, results = play(STRICT, [lambda s: s.on_subscribed(2, 0), rest(5), *messages])
    assert (results[2:], sync.seq) == (expected, seq)


def test_only_a_live_book_younger_than_allowed_can_be_read():
    sync, _ = play(STRICT, [])
    with pytest.raises(BookUnusable, match="BOOK_SYNCING"):
        sync.live(0, 100)
    sync.on_snapshot(rest(5, now=1_000))
    assert sync.live(1_100, 100).best_bid == 99.0
    with pytest.raises(BookUnusable, match="BOOK_STALE"):
        sync.live(1_101, 100)
    sync.on_delta(delta(9, now=1_102))
    with pytest.raises(BookUnusable, match="BOOK_GAP"):
        sync.live(1_102, 100)
    sync.on_lost(1, 1_103)
    assert sync.refusal(1_103, 100) is Reason.BOOK_DOWN


def test_levels_of_a_condemned_book_are_gone_even_for_who_kept_it():
    sync, _ = play(STRICT, [rest(5)])
    kept = sync.live(0, 100)
    sync.on_delta(delta(9))
    assert len(kept) == 0


def test_silence_makes_stale_and_a_chained_message_makes_live_again():
    sync, _ = play(STRICT, [rest(5, now=0)])
    assert not sync.expire(100, 100)
    assert sync.expire(101, 100)
    assert sync.state is BookState.STALE
    assert sync.on_delta(delta(6, now=150)) is L
    assert sync.state is BookState.LIVE


def test_ids_from_the_past_after_silence_mean_a_restarted_counter():
    sync, _ = play(STRICT, [rest(500), delta(501, now=1)])
    sync.expire(1_000, 100)
    assert sync.on_delta(delta(3, now=1_001)) is R
    assert sync.state is BookState.GAP


def test_a_confirmed_sequence_is_as_old_as_the_confirmation():
    sync, _ = play(STRICT, [rest(5, now=0)])
    sync.expire(101, 100)
    assert not sync.confirm(4, 200)
    assert sync.state is BookState.STALE
    assert sync.confirm(5, 200)
    assert (sync.state, sync.refusal(250, 100)) == (BookState.LIVE, Reason.OK)


def test_repetition_keeps_a_top_of_book_young():
    sync, _ = play(TOP, [quote(5, now=0), quote(5, now=90)])
    assert sync.refusal(150, 100) is Reason.OK


def test_time_outside_live_is_counted():
    sync, _ = play(STRICT, [rest(5, now=10), delta(9, now=30), rest(9, now=70)])
    sync.settle(100)
    assert (sync.not_live_ns, sync.live_ns) == (10 + 40, 20 + 30)
    assert (sync.gaps, sync.resyncs) == (1, 1)


def test_what_waits_is_bounded():
    sync, results = play(STRICT, [delta(n) for n in range(1, MAX_EARLY + 3)])
    assert results.count(R) == 1
    assert sync.on_snapshot(rest(MAX_EARLY + 1)) is L
    assert sync.seq == MAX_EARLY + 2


@pytest.mark.parametrize(
    ("first_delta", "expected"),
    [
        pytest.param(delta(7, 7, bids=((1.0, 1.0),), asks=((2.0, 1.0),)), True, id="two levels for one id"),
        pytest.param(
            delta(1, 999, bids=((1.0, 1.0),) * 4, asks=((2.0, 1.0),)), True, id="a side as deep as the window"
        ),
        pytest.param(delta(1, 999, bids=((1.0, 0.0),) * 4, asks=((2.0, 1.0),)), False, id="it deletes"),
        pytest.param(delta(1, 2, bids=((1.0, 1.0),), asks=((2.0, 1.0),)), False, id="as many ids as levels"),
        pytest.param(delta(7, 7, bids=((1.0, 1.0), (2.0, 1.0)), asks=()), True, id="one side, more levels than ids"),
        pytest.param(delta(1, 999, bids=tuple((float(n), 1.0) for n in range(1, 4))), False, id="few of many ids"),
        pytest.param(
            delta(100, 400, bids=tuple((float(n), 1.0) for n in range(1, 31))), True, id="many levels, none deleted"
        ),
    ],
)
def test_whole_window_in_disguise(first_delta, expected):
    assert is_dump(first_delta, 4) is expected


@st.composite
def histories(draw):
    """A venue's life: every id changes one level; and how its stream cuts that into pushes."""
    changes = draw(st.lists(st.tuples(st.booleans(), st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(1, len(changes)), max_size=12)) | {len(changes)})
    return changes, cuts


def state_at(changes, seq):
    bids, asks = {90.0: 1.0}, {110.0: 1.0}
    for is_bid, price, qty in changes[:seq]:
        side, level = (bids, 90.0 + price) if is_bid else (asks, 110.0 - price)
        if qty:
            side[level] = float(qty)
        else:
            side.pop(level, None)
    return bids, asks


def pushes(changes, cuts):
    first = 1
    for last in cuts:
        bids, asks = {}, {}
        for is_bid, price, qty in changes[first - 1 : last]:
            (bids if is_bid else asks)[90.0 + price if is_bid else 110.0 - price] = float(qty)
        yield delta(first, last, tuple(bids.items()), tuple(asks.items()))
        first = last + 1


@given(history=histories(), data=st.data())
def test_the_book_ends_the_same_wherever_the_snapshot_lands(history, data):
    changes, cuts = history
    stream = list(pushes(changes, cuts))
    lands_after = data.draw(st.integers(0, len(stream)), label="lands after push")
    seq = data.draw(st.integers(0, len(changes)), label="snapshot id")
    bids, asks = state_at(changes, seq)
    sync, results = play(
        STRICT, [*stream[:lands_after], rest(seq, tuple(bids.items()), tuple(asks.items())), *stream[lands_after:]]
    )
    assert Sync.RESYNC not in results
    bids, asks = state_at(changes, max(len(changes), seq))
    book = sync.live(0, 0)
    assert book.bids(99) == sorted(bids.items(), reverse=True)
    assert book.asks(99) == sorted(asks.items())


@given(history=histories(), data=st.data())
def test_a_lost_push_is_noticed_at_the_next(history, data):
    changes, cuts = history
    stream = list(pushes(changes, cuts))
    lost = data.draw(st.integers(0, len(stream) - 1), label="lost")
    bids, asks = state_at(changes, 0)
    sync, _ = play(STRICT, [rest(0, tuple(bids.items()), tuple(asks.items())), *stream[:lost]])
    if lost + 1 < len(stream):
        assert sync.on_delta(stream[lost + 1]) is Sync.RESYNC
        assert sync.state is BookState.GAP


@pytest.mark.parametrize(
    ("ours", "theirs", "state", "then"),
    [
        pytest.param([full(5)], [full(9)], BookState.LIVE, BookState.LIVE, id="ahead of what was said"),
        pytest.param([full(5)], [full(5)], BookState.LIVE, BookState.LIVE, id="the same state"),
        pytest.param(
            [full(9)], [full(5)], BookState.STALE, BookState.LIVE, id="behind: not before its stream says more"
        ),
        pytest.param([full(9)], [full(0)], BookState.LIVE, BookState.LIVE, id="a stream that does not count"),
        pytest.param([], [full(5)], BookState.LIVE, BookState.LIVE, id="better than none"),
        pytest.param([full(5)], [], BookState.SYNCING, BookState.LIVE, id="none, where somebody insists"),
    ],
)
def test_a_book_goes_on_as_another(ours, theirs, state, then):
    book, _ = play(WHOLE, ours)
    book.gaps = 3
    other, _ = play(WHOLE, theirs)
    other.feed = other_feed = feed(Seed.NONE, levels=7)
    updates = book.updates
    book.take_over(other, 50)
    assert (book.state, book.seq, book.feed) == (state, other.seq, other_feed)
    assert (book.gaps, book.updates) == (3, updates), "what was counted stays"
    book.on_snapshot(full(20, now=60))
    assert book.state is then
    assert book.live(60, 10).best_bid == 99.0


def test_time_is_accounted_for_over_a_take_over():
    book, _ = play(WHOLE, [full(9)])
    other, _ = play(WHOLE, [full(5)])
    book.take_over(other, 50)
    book.settle(80)
    assert (book.live_ns, book.not_live_ns) == (50, 30)


def test_every_field_of_a_book_is_either_its_own_or_taken_over():
    """A field that is added must be thought about: it goes over, unless it is named as the book's own."""
    its_own = {
        "venue", "symbol", "key", "state", "live_ns", "not_live_ns", "_since_ns", "dirty", "looks", "sieve",
        "updates", "repeats", "gaps", "resyncs", "crossed", "audits", "conflicts",
    }  # fmt: skip
    worked_out = {"_sure", "_whole"}
    fields = {*PureSync.__slots__, *Cursor.__slots__}
    assert fields == {*sync_module._TAKEN_OVER} | its_own | worked_out
