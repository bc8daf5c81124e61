"""A reader puts into books exactly what `decode` and the sync machine would, and leaves them everything else.

Two sets of books hear the same frames: one through the codec's reader, the other through its events alone.
"""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arb.bench import traffic as made
from arb.bench.frames import fastest
from arb.bench.traffic import WIRES, Traffic
from arb.books import Books
from arb.domain import BookState, Disconnected, Seed, Subscribed, VenueId
from arb.errors import VenueError
from arb.session import SplitNatives, read_session, records
from arb.shelf import NAMES as NAMES_A_BOOK
from arb.shelf import Reads
from arb.tape import Kind
from tests.contract.test_codecs import NAMES
from tests.cores import NAMES as FORMS
from tests.cores import using
from tests.wire_cases import cases

READING = [name for name in NAMES if issubclass(import_module(f"fastpath.{name}").Codec, Reads)]
FEEDS = [
    pytest.param(name, feed, id=f"{name} {feed.name}")
    for name in READING
    for feed in import_module(f"fastpath.{name}").SPEC.feeds
]
CONNS = (1, 2)


class Side:
    """One set of books, and all that they told."""

    def __init__(self, name, feed, natives, *, short):
        self.venue = VenueId(name)
        self.codec = import_module(f"fastpath.{name}").Codec(natives)
        self.changes, self.asked, self.passed = [], [], 0
        self.books = Books(self.changes.append)
        self.books.add_venue(self.venue, self.asked.append)
        self.symbols = tuple(dict.fromkeys(natives.values()))
        for symbol in self.symbols:
            self.books.add(self.venue, symbol, feed, 0)
        self.read = self.codec.reader(self.books.shelf(self.venue)) if short else self.codec.decode

    def hear(self, frame, now_ns, conn):
        """What came of a frame: which error, if any."""
        try:
            events = self.read(frame, now_ns, conn)
        except VenueError as error:
            return type(error), str(error)
        for event in events:
            self.books.on_event(event)
        self.passed += bool(events)
        return None

    def told(self):
        names = ("state", "seq", "exch_ns", "recv_ns", "updates", "repeats", "gaps", "resyncs", "crossed")
        books = [([getattr(book, name) for name in names], levels(book)) for book in self.books]
        return books, self.changes, self.asked, [book.key for book in self.books.take_dirty()]


def levels(book):
    held = book.held()
    return None if held is None else (held.bids(999), held.asks(999))


def both(name, feed, natives):
    return Side(name, feed, natives, short=True), Side(name, feed, natives, short=False)


def same(sides, frame, now_ns, conn):
    short, long = sides
    assert short.hear(frame, now_ns, conn) == long.hear(frame, now_ns, conn), frame
    assert short.told() == long.told(), frame


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", READING)
def test_every_built_frame_means_the_same(form, name):
    feeds = import_module(f"fastpath.{name}").SPEC.feeds
    with using(form, name):
        for feed in feeds:
            for case in cases(name):
                if not case.rest:
                    sides = both(name, feed, case.natives)
                    for now_ns in (1, 2, 3):  # the first begins a whole book, the second repeats it
                        same(sides, case.data, now_ns, 1)


def recorded(shared, name):
    file = {"gateio": "GATEIO", "mexc": "MEXC_SYNTH"}.get(name)
    if file is None:
        pytest.skip(f"no session of {name} is recorded")
    return read_session(shared / f"data/books/{file}.jsonl")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", READING)
def test_a_recorded_session_ends_in_the_same_books(shared, form, name):
    lines = recorded(shared, name)
    feeds = [feed for feed in import_module(f"fastpath.{name}").SPEC.feeds if feed.rule.seed is Seed.REST]
    natives = SplitNatives()
    codec = import_module(f"fastpath.{name}").Codec(natives)
    for record in records(lines, VenueId(name)):  # learns the table
        if record.kind is Kind.FRAME:
            codec.decode(record.data, 1, 1)
        elif record.kind is Kind.REPLY:
            codec.snapshot_symbol(record.text)
    with using(form, name):
        for feed in feeds:
            sides = both(name, feed, dict(natives))
            for side in sides:
                side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
            for now_ns, record in enumerate(records(lines, VenueId(name)), 1):
                if record.kind is Kind.FRAME:
                    same(sides, record.data, now_ns, 1)
                elif record.kind is Kind.REPLY and (symbol := codec.snapshot_symbol(record.text)) is not None:
                    for side in sides:
                        side.books.on_event(side.codec.decode_snapshot(symbol, record.data, now_ns))
            assert sum(book.updates for book in sides[0].books) > 50
            assert sides[0].passed < sides[1].passed


# What may happen to a stream: (what, which frame or byte, on which connection)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("next"), st.just(0), st.sampled_from(CONNS)),
        st.tuples(st.just("next"), st.just(0), st.just(1)),
        st.tuples(st.just("again"), st.integers(0, 5), st.sampled_from(CONNS)),
        st.tuples(st.just("lost"), st.just(0), st.sampled_from(CONNS)),
        st.tuples(st.just("garbled"), st.integers(0, 2**40), st.sampled_from(CONNS)),
        st.tuples(st.just("drop"), st.just(0), st.just(0)),
        st.tuples(st.just("seed"), st.just(0), st.just(1)),
        st.tuples(st.just("silence"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


def garbled(frame, number):
    """One byte changed, inserted or removed."""
    place, number = number % len(frame), number // len(frame)
    byte = bytes((number % 256,))
    return frame[:place] + (byte, b"", byte + frame[place : place + 1])[number // 256 % 3] + frame[place + 1 :]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in READING if name in WIRES])
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(script=happenings)
def test_whatever_happens_to_a_stream(form, name, script):
    chained = next(
        feed
        for feed in import_module(f"fastpath.{name}").SPEC.feeds
        if feed.rule.seed is not Seed.NONE and not feed.rule.window
    )
    traffic = Traffic(name, 2, 20, 1)
    with using(form, name):
        sides = both(name, chained, dict(traffic.natives))
        seen = list(traffic.frames(4))
        for side in sides:
            side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
            seed(side, traffic)
        for now_ns, (what, number, conn) in enumerate([("next", 0, 1)] * 4 + script, 2):
            if what in ("next", "drop"):
                seen += traffic.frames(1) if what == "next" or len(seen) < 8 else traffic.frames(2)
                if what == "next":
                    same(sides, seen[-1] if len(seen) > 8 else seen[now_ns % 4], now_ns, conn)
            elif what == "again":
                same(sides, seen[-1 - number % len(seen)], now_ns, conn)
            elif what == "garbled":
                same(sides, garbled(seen[-1], number), now_ns, conn)
            else:
                for side in sides:
                    if what == "lost":
                        side.books.on_event(Disconnected(side.venue, conn, side.symbols, "test", now_ns))
                    elif what == "silence":
                        side.books.sweep(now_ns, 0)
                    else:
                        side.books.on_event(Subscribed(side.venue, side.symbols, now_ns, conn))
                        seed(side, traffic)
                assert sides[0].told() == sides[1].told()


def seed(side, traffic):
    """The whole books as they were at the beginning."""
    for symbol, body in traffic.seeds.items():
        if next(iter(side.books)).feed.rule.seed is Seed.REST:
            side.books.on_event(side.codec.decode_snapshot(symbol, body, 1))
        else:
            for event in side.codec.decode(body, 1, 1):
                side.books.on_event(event)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in READING if name in WIRES])
def test_an_ordinary_stream_needs_no_event(form, name):
    feed = next(
        feed
        for feed in import_module(f"fastpath.{name}").SPEC.feeds
        if feed.rule.seed is not Seed.NONE and not feed.rule.window
    )
    traffic = Traffic(name, 3, 100, 1)
    with using(form, name):
        sides = both(name, feed, dict(traffic.natives))
        for side in sides:
            side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
            seed(side, traffic)
        for now_ns, frame in enumerate(traffic.frames(30), 1):
            same(sides, frame, now_ns, 1)
    assert all(book.state is BookState.LIVE and book.updates > 9 for book in sides[0].books)
    assert sides[0].passed <= 3  # the first of each: it follows a seed
    assert sides[1].passed == 30


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in READING if name in WIRES])
def test_a_book_that_was_exchanged_or_taken_away_hears_nothing_more(form, name):
    feed = fastest(import_module(f"fastpath.{name}").SPEC)
    traffic = Traffic(name, 1, 100, 1)
    with using(form, name):
        side = Side(name, feed, dict(traffic.natives), short=True)
        side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
        seed(side, traffic)
        for now_ns, frame in enumerate(traffic.frames(4), 1):
            side.hear(frame, now_ns, 1)
        (old,) = side.books
        assert old.updates > 3
        told = old.updates, old.seq
        new = side.books.add(side.venue, old.symbol, feed, 5)
        side.hear(*traffic.frames(1), 6, 1)
        assert (old.updates, old.seq, new.updates) == (*told, 0)
        side.books.close()
        seed(side, traffic)
        before = new.updates
        assert side.read(*traffic.frames(1), 7, 1)  # all of it is told as events now
        assert new.updates == before


@pytest.mark.parametrize("form", FORMS)
def test_channels_that_a_venue_makes_up_are_read_and_not_kept(form):
    feed = fastest(import_module("fastpath.mexc").SPEC)
    traffic = Traffic("mexc", 2, 100, 1)
    with using(form, "mexc"):
        sides = both("mexc", feed, dict(traffic.natives))
        for side in sides:
            side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
            seed(side, traffic)
        for now_ns, frame in enumerate(traffic.frames(60), 1):
            same(sides, frame.replace(b"@10ms@", b"@%04d@" % now_ns), now_ns, 1)
        assert sides[0].passed <= 2
        shelf = sides[0].books.shelf(VenueId("mexc"))
        assert 2 <= len(shelf.names) + len(shelf.table or ()) <= 2 * NAMES_A_BOOK


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in READING if name in WIRES])
def test_each_of_many_names_finds_its_own_book_whatever_its_length(form, name, monkeypatch):
    def native(number):
        return "X" * (5 * (number % 13)) + f"{number:03}" + ("_USDT" if name == "gateio" else "USDT")

    monkeypatch.setattr(made, f"_{name.removesuffix('io')}_native", native)
    monkeypatch.setitem(WIRES, name, replace(WIRES[name], native=native))
    feed = fastest(import_module(f"fastpath.{name}").SPEC)
    traffic = Traffic(name, 300, 20, 1)
    with using(form, name):
        sides = both(name, feed, dict(traffic.natives))
        for side in sides:
            side.books.on_event(Subscribed(side.venue, side.symbols, 0, 1))
            seed(side, traffic)
        for now_ns, frame in enumerate(traffic.frames(900), 1):
            assert sides[0].hear(frame, now_ns, 1) == sides[1].hear(frame, now_ns, 1)
            if now_ns % 100 == 0:
                assert sides[0].told() == sides[1].told()
    assert {book.updates for book in sides[0].books} <= {3, 4}
    assert sides[0].passed < 450
