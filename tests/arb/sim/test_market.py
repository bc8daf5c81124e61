from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from arb.clock import ManualClock
from arb.sim import gateio, mexc
from arb.sim.market import Market, TruthLog, text
from arb.sim.market.pair import Pair

S = 10**9
VENUES = [mexc.TRAITS, gateio.TRAITS]


def market(symbols: int = 60, seed: int = 1, gaps_hz: float | None = None) -> Market:
    made = Market(seed, symbols, VENUES, TruthLog(None), gaps_hz)
    made.start(ManualClock(7 * S, 1_700_000_000 * S))
    return made


def state(m: Market) -> dict[tuple[str, str], tuple[int, dict[int, int]]]:
    return {(s, v): (b.version, dict(b.lots)) for s, p in m.pairs.items() for v, b in p.books.items()}


def price(pair: Pair, venue: str, ticks: int) -> Decimal:
    return Decimal(ticks).scaleb(-pair.books[venue].listing.price_decimals)


def net(pair: Pair, buy: str, sell: str) -> Decimal:
    """Best net edge of one direction after the default fees, as a fraction."""
    ask = price(pair, buy, pair.books[buy].best_ask)
    bid = price(pair, sell, pair.books[sell].best_bid)
    fees = {v.name: Decimal(str(v.taker)) for v in VENUES}
    return (bid * (1 - fees[sell]) - ask * (1 + fees[buy])) / ask


def test_the_same_seed_goes_the_same_way_whatever_the_steps() -> None:
    one, many, other = market(8), market(8), market(8, seed=2)
    one.advance(3 * S)
    other.advance(3 * S)
    at = 0
    while at < 3 * S:
        at = min(3 * S, at + 7_777_777)
        many.advance(at)
    assert state(one) == state(many)
    assert one.truth.gaps == many.truth.gaps
    assert state(one) != state(other)


def test_books_stay_whole_and_no_gap_opens_that_was_not_planted() -> None:
    m = market()
    for step in range(1, 300):
        m.advance(step * 40_000_000)
        for pair in m.pairs.values():
            for book in pair.books.values():
                assert book.best_bid < book.best_ask
                assert len(book.asks) >= 200
                assert len(book.bids) >= 200
            if pair.gap is None and not pair.instrument.standing and len(pair.books) > 1:
                assert max(net(pair, "mexc", "gateio"), net(pair, "gateio", "mexc")) < Decimal("-0.001")


def test_a_planted_gap_is_what_the_truth_says_and_is_taken_back() -> None:
    m = market(12, gaps_hz=3.0)
    checked = 0
    for step in range(1, 1500):
        m.advance(step * 10_000_000)
        open_now = {g.symbol: g for g in m.truth.gaps if g.open_ms <= step * 10 < (g.close_ms or 0)}
        assert set(open_now) == {p.instrument.symbol for p in m.pairs.values() if p.gap is not None}
        for gap in open_now.values():
            pair = m.pairs[gap.symbol]
            ask = price(pair, gap.buy, pair.books[gap.buy].best_ask)
            bid = price(pair, gap.sell, pair.books[gap.sell].best_bid)
            assert (ask, bid) == (Decimal(gap.buy_price), Decimal(gap.sell_price))
            assert float((bid - ask) / ask * 10_000) == pytest.approx(gap.edge_bps, abs=1e-5)
            assert float(net(pair, gap.buy, gap.sell) * 10_000) == pytest.approx(gap.net_bps, abs=1e-5)
            if gap.net_bps > 0:
                assert profitable(pair, gap.buy, gap.sell) == Decimal(gap.size)
            checked += 1
    assert checked > 500


def profitable(pair: Pair, buy: str, sell: str) -> Decimal:
    """Base amount that a walk through both books would trade above the fees."""
    fees = {v.name: Decimal(str(v.taker)) for v in VENUES}
    here, there = pair.books[buy], pair.books[sell]
    asks = [[price(pair, buy, k), Decimal(here.lots[k]).scaleb(-here.listing.qty_decimals)] for k in here.asks[:40]]
    bids = [
        [price(pair, sell, -k), Decimal(there.lots[k]).scaleb(-there.listing.qty_decimals)] for k in there.bids[:40]
    ]
    total = Decimal(0)
    while asks and bids and bids[0][0] * (1 - fees[sell]) > asks[0][0] * (1 + fees[buy]):
        size = min(asks[0][1], bids[0][1])
        total += size
        for levels in (asks, bids):
            levels[0][1] -= size
            if not levels[0][1]:
                levels.pop(0)
    return total


def test_gaps_come_in_the_promised_variety() -> None:
    m = market()
    m.advance(120 * S)
    gaps = [g for g in m.truth.gaps if g.kind == "gap"]
    assert 1.0 < len(gaps) / 120 < 3.5
    lives = [(g.close_ms or 0) - g.open_ms for g in gaps]
    assert min(lives) >= 20
    assert max(lives) <= 3000.001
    assert sum(100 <= x <= 1500 for x in lives) / len(lives) > 0.7
    assert 0.6 < sum(g.net_bps > 0 for g in gaps) / len(gaps) < 0.95
    assert {(g.buy, g.sell) for g in gaps} == {("mexc", "gateio"), ("gateio", "mexc")}


def test_lasting_traps_are_in_the_truth_from_the_start() -> None:
    m = market()
    standing = {g.why: g for g in m.truth.gaps if g.kind == "standing"}
    assert set(standing) == {
        "different coin",
        "not tradable by API",
        "special treatment",
        "paused",
        "untradable",
        "sell only",
        "premarket",
        "delisting",
        "deposits closed",
        "withdrawals closed",
        "no common network",
    }
    assert all(g.close_ms is None and g.net_bps > 30 for g in standing.values())


def test_the_catalogue_is_various() -> None:
    catalogue = market().catalogue
    both = [i for i in catalogue.instruments if len(i.listings) == 2]
    assert len(both) == 60
    assert len({i.symbol for i in catalogue.instruments}) == len(catalogue.instruments) == 64
    assert {i.quote for i in both} == {"USDT", "USDC", "BTC"}
    listings = [x for i in both for x in i.listings.values()]
    assert any(x.qty_decimals == 0 for x in listings)
    assert any(x.min_qty == "" for x in listings)
    assert len({x.price_decimals for x in listings}) > 7
    assert len({i.listings["mexc"].qty_decimals - i.listings["gateio"].qty_decimals for i in both}) > 1
    assert any(x.own_taker != x.taker for x in listings)
    assert min(i.price for i in both) < 1e-6
    assert max(i.price for i in both) > 5e4


def test_hundreds_of_symbols_cost_no_more_events() -> None:
    m = market(500)
    assert sum(len(i.listings) == 2 for i in m.catalogue.instruments) == 500
    few = market(60)
    for made in (m, few):
        made.advance(S)
    assert m._count < 2 * few._count


def test_no_number_needs_more_than_fifteen_digits() -> None:
    m = market()
    m.advance(5 * S)
    for pair in m.pairs.values():
        for book in pair.books.values():
            listing = book.listing
            for key, lots in book.lots.items():
                for made in (text(abs(key), listing.price_decimals), text(lots, listing.qty_decimals)):
                    digits = made.replace(".", "").lstrip("0")
                    assert len(digits) <= 15
                    assert "e" not in made


def test_contracts_tell_coins_apart() -> None:
    networks = market().catalogue.networks

    def contracts(coin: str) -> list[dict[str, str]]:
        return [{n.chain: n.contract.lower() for n in networks[v][coin]} for v in ("mexc", "gateio")]

    here, there = contracts("HELIO")
    assert set(here) == set(there)
    assert not set(here.values()) & set(there.values())
    here, there = contracts("TWYN")
    assert sum(here[c] == there[c] for c in here) == 1
    here, there = contracts("ISLAND")
    assert not set(here) & set(there)
    here, there = contracts("PEPE")
    assert here == there
    assert networks["mexc"]["PEPE"][0].contract != networks["gateio"]["PEPE"][0].contract  # letter case only
    assert not any(n.deposit for n in networks["gateio"]["SHUTIN"])
    assert not any(n.withdraw for n in networks["mexc"]["SHUTOUT"])


def test_the_truth_file_has_a_line_for_every_gap(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "truth.jsonl"
    log = TruthLog(path)
    m = Market(1, 12, VENUES, log, 5.0)
    m.start(ManualClock(0, 9 * S))
    m.advance(4 * S)
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    log.close()
    assert len(lines) == len(log.gaps) > 5
    first = lines[0]
    assert first["schema"] == "arb.truth/1"
    assert re.fullmatch(r"[A-Z]+/(USDT|USDC|BTC)", first["symbol"])
    assert first["open_wall_ns"] == 9 * S + first["open_mono_ns"]
    assert first["open_ms"] == pytest.approx(first["open_mono_ns"] / 1e6)
