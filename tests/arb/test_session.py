"""Sessions of other recorders: lines, symbols without a market list, whose they are."""

from __future__ import annotations

import pytest

from arb.domain import VenueId
from arb.errors import TapeError
from arb.session import SplitNatives, guess_feed, guess_venue, read_session, records, split_native
from arb.tape import Kind
from fastpath import gateio, mexc


@pytest.mark.parametrize(
    ("native", "symbol"),
    [
        ("BTC_USDT", "BTC/USDT"),
        ("BTCUSDT", "BTC/USDT"),
        ("BTC-USDC", "BTC/USDC"),
        ("ETHBTC", "ETH/BTC"),
        ("USDCUSDT", "USDC/USDT"),
        ("1000SATSUSDT", "1000SATS/USDT"),
        ("BTCFDUSD", "BTC/FDUSD"),
        ("NEO_BTC", "NEO/BTC"),
    ],
)
def test_natives_split_at_a_separator_or_a_known_quote(native, symbol):
    assert split_native(native) == symbol


@pytest.mark.parametrize("native", ["", "USDT", "ABCXYZ", "_USDT", "A_B_C"])
def test_what_does_not_split_is_unknown(native):
    with pytest.raises(KeyError):
        SplitNatives()[native]


def test_the_way_back_is_remembered():
    natives = SplitNatives()
    assert natives["BTC_USDT"] == "BTC/USDT"
    assert natives.native["BTC/USDT"] == "BTC_USDT"


@pytest.mark.parametrize(
    ("file", "venue", "feed"),
    [
        pytest.param("GATEIO", gateio, "spot.order_book_update@100ms", id="gateio"),
        pytest.param("MEXC_SYNTH", mexc, "aggre.depth@100ms", id="mexc: the depth, though a ticker was asked for too"),
    ],
)
def test_venue_and_feed_are_told_by_the_recording(shared, file, venue, feed):
    lines = read_session(shared / "data" / "books" / f"{file}.jsonl")
    assert guess_venue(lines, [gateio.SPEC, mexc.SPEC]) is venue.SPEC
    assert guess_feed(lines, venue.SPEC).name == feed


def test_every_line_is_one_record(shared):
    path = shared / "data" / "books" / "MEXC_SYNTH.jsonl"
    lines = read_session(path)
    made = list(records(lines, VenueId("mexc")))
    assert len(made) == len(lines) == len(path.read_bytes().splitlines())
    assert [r.kind for r in made[:3]] == [Kind.OPEN, Kind.SENT, Kind.FRAME]
    assert sum(r.kind is Kind.REPLY for r in made) == 2
    assert [r.recv_ns for r in made] == [round(line.t * 1e9) for line in lines]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b'{"t": 1, "dir": "in", "conn": "ws1"}\nnot json\n', "line 2", id="a line that is none"),
        pytest.param(b'{"hello": 1}\n', "line 1", id="another schema"),
    ],
)
def test_a_file_that_is_no_session_says_where(tmp_path, content, says):
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(TapeError, match=says):
        read_session(path)


def test_a_last_line_that_was_cut_off_is_left_out(shared, tmp_path):
    whole = (shared / "data" / "books" / "GATEIO.jsonl").read_bytes()
    path = tmp_path / "s.jsonl"
    path.write_bytes(whole[:-30])
    assert len(read_session(path)) == len(whole.splitlines()) - 1
