"""What is measured side by side does the same thing: equal values, equal books, equal bytes; and every way is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from arb import core
from arb.bench import tried
from arb.bench.decode import TOP
from arb.bench.frames import Recording, fastest, record
from arb.bench.machine import machine
from arb.bench.suite import BENCHES
from arb.bench.tried import Section, answers, books, decoders, handover, orders, rivals, sockets
from arb.bench.tried.timing import Row, Way, measure
from arb.book import Book
from arb.domain import BookDelta, BookSnapshot
from arb.interfaces import NativeVenue
from fastpath import gateio, mexc
from tests.arb.cli.fakes import Shell

FRAMES = 300
SECTIONS = (Section("books", (Row("an update", "slow", 6.0, (4.0, 8.0), 3.0, False),)),)
LITTLE = tried.Amount(frames=100, updates=20, saturated=100, paced=20, events=20, orders=20, asked=5)


@pytest.fixture(scope="module", params=[gateio, mexc], ids=["gateio", "mexc"])
def recorded(request: pytest.FixtureRequest) -> tuple[NativeVenue, Recording]:
    module = request.param
    return module, asyncio.run(record(module, fastest(module.SPEC), FRAMES, seed=3))


def test_every_decoder_finds_what_the_codec_finds(recorded: tuple[NativeVenue, Recording]) -> None:
    module, recording = recorded
    codec = module.Codec(recording.natives)
    _, updates = decoders.parts(recording)
    assert len(updates) > FRAMES / 2
    for frame in updates:
        (event,) = codec.decode(frame, 1, 1)
        assert isinstance(event, BookDelta)
        for name, decode in decoders.decoders(recording.venue).items():
            native, last, bids, asks = decode(frame)
            assert event.symbol.replace("/", "") in native.replace("_", ""), name
            assert (last, tuple(bids), tuple(asks)) == (event.last, event.bids, event.asks), name


def test_our_reader_ends_with_the_books_that_the_codec_tells_of(recorded: tuple[NativeVenue, Recording]) -> None:
    module, recording = recorded
    codec = module.Codec(recording.natives)
    wholes, updates = decoders.parts(recording)
    held = {symbol: Book() for symbol in recording.seeds}
    seeds = [codec.decode_snapshot(symbol, body, 0) for symbol, body in recording.seeds.items()]
    events = [event for frame in (*wholes, *updates) for event in codec.decode(frame, 1, 1)]
    read = decoders.reader(module, recording)
    for frame in updates:
        read.play(frame)
    for event in (*seeds, *events):
        if isinstance(event, BookSnapshot):
            held[event.symbol].replace(event.bids, event.asks)
        elif isinstance(event, BookDelta):
            held[event.symbol].apply(event.bids, event.asks)
    assert {symbol: read.top(symbol) for symbol in held} == {
        symbol: (book.bids(TOP), book.asks(TOP)) for symbol, book in held.items()
    }


def test_all_books_end_with_the_same_levels() -> None:
    wholes, updates = books.traffic(600, seed=5)
    found = {}
    for name, kind in books.kinds().items():
        held = books.seeded(kind, wholes)
        update = books.updating(held)
        touches = [tuple(map(kind.back, update(change))) for change in books.adapted(kind, updates)]  # type: ignore[call-overload]
        levels = {
            symbol: [[(kind.back(price), qty) for price, qty in side] for side in book.levels()]
            for symbol, book in held.items()
        }
        found[name] = touches, levels
    expected = found["dict, max() and min() at each look"]
    assert len(expected[1]) == books.SYMBOLS
    assert {change.symbol for change in updates} == set(expected[1])
    for name, held_now in found.items():
        assert held_now == expected, name


@pytest.mark.parametrize("name", handover.HAND_OVERS)
async def test_events_arrive_all_and_in_order(name: str) -> None:
    events = handover.quotes(50)
    taken = []
    await handover.HAND_OVERS[name](events, taken.append)
    assert taken == events


def test_every_encoder_writes_the_same_fields() -> None:
    for order in orders.wanted(3):
        written = {name: json.loads(encode(order)) for name, encode in orders.encoders().items()}
        assert written["bytes template"]["price"] == order.price
        assert all(fields == written["bytes template"] for fields in written.values()), written


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_every_signer_signs_alike(algorithm: str) -> None:
    for text in (b"", b"symbol=BTCUSDT&side=BUY"):
        signed = {name: sign(text) for name, sign in orders.signers(algorithm).items()}
        assert len(set(signed.values())) == 1, signed


@pytest.mark.parametrize("name", answers.parsers())
def test_every_parser_reads_the_same_answer_in_any_pieces(name: str) -> None:
    parser = answers.parsers()[name]()
    expected = answers.Own().feed(answers.ANSWER)
    assert expected is not None
    assert (expected.status, expected.body) == (200, answers.BODY)
    half = len(answers.ANSWER) // 2
    assert parser.feed(answers.ANSWER) == expected
    assert parser.feed(answers.ANSWER[:half]) is None
    assert parser.feed(answers.ANSWER[half:]) == expected


async def test_every_client_brings_the_same_answer_twice() -> None:
    expected = answers.Own().feed(answers.ANSWER)
    async with answers.clients() as found:
        for name, ask in found.items():
            assert [await ask(), await ask()] == [expected, expected], name


async def test_one_run_shows_every_way_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    there = rivals.rival
    monkeypatch.setattr(rivals, "rival", lambda name: None if name == "h11" else there(name))
    report = await tried.run(1, modules=[gateio, mexc], amount=LITTLE)
    assert [section.name for section in report.sections] == ["decoders", "books", "sockets", "hand-over", "orders"]
    names = [row.name for section in report.sections for row in section.rows]
    assert {*decoders.decoders("gateio"), *decoders.decoders("mexc")} < set(names)
    assert {*books.kinds(), *handover.HAND_OVERS, *orders.encoders(), *orders.signers("sha256")} < set(names)
    for client, loop in sockets.kinds():
        assert names.count(f"{client} on {loop}") == 2
    rows = [row for section in report.sections for row in section.rows]
    assert {row.group for row in rows} == {row.group for row in rows if row.kept}
    text = list(tried.tried_lines(report))
    assert all(any(row.name in line for line in text) for row in rows)
    assert all(row.us > 0 for row in rows if row.name != "direct call"), rows  # that may be less than a thousandth
    assert "h11: not installed (pip install 'arb[bench]')" in text
    assert f"core: {core.NAME};" in text[2]


async def test_the_kept_way_is_what_the_others_are_told_in() -> None:
    took = {"slow": iter((9.0, 6.0, 8.0, 4.0)), "ours": iter((9.0, 2.0, 1.0, 3.0))}  # the first play is not counted

    def way(name: str) -> Way:
        async def play() -> float:
            return next(took[name])

        return Way(name, play, kept=name == "ours")

    slow, ours = await measure("group", (way("slow"), way("ours")), rounds=3)
    assert (slow.us, slow.range_us, slow.times, slow.kept) == (6.0, (4.0, 8.0), 3.0, False)
    assert (ours.us, ours.range_us, ours.times, ours.kept) == (2.0, (1.0, 3.0), 1.0, True)


@pytest.mark.parametrize("form", ["--jsonl", ""], ids=["as json", "as lines"])
def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    asked = []

    async def run(rounds: int, *, modules: Sequence[NativeVenue], seed: int) -> tried.TriedReport:
        asked.append((rounds, [module.SPEC.name for module in modules], seed))
        return tried.TriedReport(machine(), (("h11", "1.0"),), "pure", rounds, SECTIONS, ("numpy: not installed",), 1.0)

    monkeypatch.setattr(tried, "run", run)
    shell = Shell(tmp_path)
    assert shell("bench", "tried", "--rounds", "2", "--exchanges", "gateio", *filter(None, [form])) == 0
    assert asked == [(2, ["gateio"], 1)]
    if form:
        told = json.loads(shell.out)
        assert (told["schema"], told["bench"], told["rounds"]) == ("arb.bench/1", "tried", 2)
        assert told["sections"][0]["rows"][0]["us"] == 6.0
    else:
        assert "h11 1.0" in shell.out
        assert "== books: an update" in shell.out
        assert "x 3.00" in shell.out
        assert "numpy: not installed" in shell.out


def test_it_is_no_part_of_all() -> None:
    assert "tried" not in BENCHES
