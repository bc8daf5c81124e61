"""The lines of --jsonl, to the last character: programs rely on them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from arb.domain import BookState, Check, Coin, FeeSource, Reason, Trust, VenueId
from arb.rows import ExchangeRow, MarketRow, SimEndpoint
from arb.schema import (
    book_line,
    exchange_line,
    market_line,
    opportunity_line,
    sim_line,
    summary_line,
)
from arb.status import ScanStatus, ScanSummary
from tests.arb.cli.fakes import MARKET, leg, opportunity, shot, summary


def test_book() -> None:
    assert book_line(shot()) == (
        b'{"schema":"arb.book/1","venue":"mexc","symbol":"BTC/USDT","native":"BTCUSDT","state":"LIVE",'
        b'"trust":"chained","seq":42,"frame":3,"exch_ns":1700000000000000000,"recv_ns":5000000,'
        b'"bids":[["100.5","0.25"],["100","1000"]],"asks":[["101","0.0000001"]]}'
    )


def test_book_beside_another_says_who_keeps_it() -> None:
    line = book_line(shot(state=BookState.DOWN, trust=Trust.UNCHECKED, bids=(), asks=(), path="ccxt"), with_path=True)
    assert line.endswith(b'"bids":[],"asks":[],"path":"ccxt"}')
    assert b'"state":"DOWN","trust":"unchecked"' in line


def test_opportunity() -> None:
    opp = opportunity(
        reason=Reason.UNKNOWN,
        checks=(Check("tradable", True, "both sides"), Check("transfer", None, 'mexc says "nothing"')),
    )
    assert opportunity_line(opp) == (
        b'{"schema":"arb.opportunity/1","id":"x000001","event":"open","kind":"cross_venue","symbol":"BTC/USDT",'
        b'"buy":{"venue":"mexc","limit":"100.1","vwap":"100.1","seq":7,"age_ms":3,'
        b'"fee":{"rate":"0.001","source":"market"}},'
        b'"sell":{"venue":"gateio","limit":"100.9","vwap":"100.9","seq":7,"age_ms":40,'
        b'"fee":{"rate":"0.001","source":"market"}},'
        b'"size":"0.5","gross_bps":"79.9201","net_bps":"12.3","profit":"1.2","breakeven_size":"0.9",'
        b'"checks":[{"id":"tradable","ok":true,"why":"both sides"},'
        b'{"id":"transfer","ok":null,"why":"mexc says \\"nothing\\""}],'
        b'"status":"UNKNOWN","recv_ns":1000,"decided_ns":2000,"life_ms":1.5,"wall_ns":1700000000000000000}'
    )


def test_what_is_not_known_is_null() -> None:
    bare = leg("mexc", None, fee_rate=None, fee_source=None)
    opp = opportunity(
        buy=bare, size=None, gross_bps=None, net_bps=None, profit=None, breakeven_size=None, reason=Reason.NO_FEE
    )
    line = json.loads(opportunity_line(opp))
    assert (line["buy"]["limit"], line["buy"]["vwap"], line["buy"]["fee"]) == (
        None,
        None,
        {"rate": None, "source": None},
    )
    assert [line[key] for key in ("size", "gross_bps", "net_bps", "profit", "breakeven_size")] == [None] * 5
    assert line["status"] == "NO_FEE"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("1E+3", "1000", id="no exponent"),
        pytest.param("1E-12", "0.000000000001", id="no exponent of small ones"),
        pytest.param("0.5000", "0.5", id="no trailing zeros"),
        pytest.param("100", "100", id="zeros of whole numbers stay"),
        pytest.param("-0.00", "0", id="zero has no sign"),
        pytest.param("-12.3400", "-12.34", id="minus"),
    ],
)
def test_decimals_are_plain(value: str, text: str) -> None:
    line = json.loads(opportunity_line(opportunity(profit=Decimal(value), buy=leg("mexc", fee_rate=Decimal(value)))))
    assert (line["profit"], line["buy"]["fee"]["rate"]) == (text, text)


@pytest.mark.parametrize(("source", "word"), [(source, source.name.lower()) for source in FeeSource])
def test_fee_sources_are_lower_case_words(source: FeeSource, word: str) -> None:
    assert json.loads(opportunity_line(opportunity(buy=leg("m", fee_source=source))))["buy"]["fee"]["source"] == word


@pytest.mark.parametrize(("ns", "ms"), [(0, "0"), (1_000_000, "1"), (1_234_567, "1.235"), (999, "0.001")])
def test_milliseconds_are_numbers_to_the_microsecond(ns: int, ms: str) -> None:
    assert f'"life_ms":{ms},' in opportunity_line(opportunity(life_ns=ns)).decode()


def test_summary() -> None:
    assert json.loads(summary_line(summary(records=7, notes=("the tail is torn",)))) == {
        "schema": "arb.summary/1",
        "command": "scan",
        "ended": "duration",
        "wall_ns": 5,
        "uptime_ms": 5000.0,
        "records": 7,
        "opportunities": {"opened": 3, "updated": 10, "closed": 3, "open": 0},
        "venues": [
            {
                "venue": "mexc",
                "native": True,
                "feed": "limit.depth",
                "trust": "whole",
                "books": {"LIVE": 40, "SYNCING": 2},
                "messages": 1200,
                "gaps": 1,
                "resyncs": 0,
                "crossed": 0,
                "reconnects": 0,
                "refused": 0,
                "decode_errors": 0,
                "repeats": 0,
                "rest_errors": 0,
                "not_live_ms": 1250.0,
                "live_share": 0.995,
                "outages": 0,
                "detect_ms": {"p50": None, "worst": None},
                "recover_ms": {"p50": None, "worst": None},
                "breakers": {},
                "path": "native",
            }
        ],
        "funnel": [{"stage": "listed", "now": 50, "ever": 50}, {"stage": "OK", "now": 2, "ever": 9}],
        "rejected": {"NO_NET_EDGE": 12},
        "latency_us": {"p50": 23.4, "p99": 120.6},
        "notes": ["the tail is torn"],
        "loop_lag_us": {"p50": None, "p99": None, "worst": None},
    }


def test_the_summary_of_a_run_without_books_has_every_key() -> None:
    empty = json.loads(summary_line(ScanSummary("record", "end", 0, ScanStatus())))
    assert list(empty) == list(json.loads(summary_line(summary())))
    assert empty["latency_us"] == {"p50": None, "p99": None}


def test_market() -> None:
    assert market_line(MarketRow(MARKET, Decimal("0.00050"), None, "market")) == (
        b'{"schema":"arb.market/1","venue":"mexc","symbol":"BTC/USDT","native":"BTCUSDT","base":"BTC","quote":"USDT",'
        b'"tick":"0.01","step":"0.000001","min_qty":null,"max_qty":null,"min_notional":"1","max_notional":null,'
        b'"taker":"0.0005","maker":null,"fee_source":"market","buyable":true,"sellable":false,"why":"sells are closed"}'
    )


def test_exchange() -> None:
    assert exchange_line(ExchangeRow("gateio", True, True, True, ("obu",), ("gate",))) == (
        b'{"schema":"arb.exchange/1","name":"gateio","native":true,"ccxt":true,"stream":true,"feeds":["obu"],'
        b'"aliases":["gate"]}'
    )


def test_sim() -> None:
    assert sim_line({"mexc": SimEndpoint("http://127.0.0.1:1", "ws://127.0.0.1:1/ws")}) == (
        b'{"schema":"arb.sim/1","venues":{"mexc":{"rest_url":"http://127.0.0.1:1","ws_url":"ws://127.0.0.1:1/ws"}}}'
    )


def test_lines_hold_no_line_breaks() -> None:
    odd = opportunity(checks=(Check("x", None, "two\nlines"),), buy=leg(VenueId("m")), symbol=Coin("A\u2028B"))
    assert b"\n" not in opportunity_line(odd)
