"""Money: every change has a cause, nothing is ever negative, and the sum is the balance."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.clock import ManualClock
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings
from arb.sim.ledger import Ledger, Short, amount, plain, to_atoms
from arb.sim.matching import Engine
from arb.sim.orders import Killed, Ticket, Tif

MS = 1_000_000
SYMBOL = "SOL/USDT"


class World:
    """One venue's engine in a market that moves when told to."""

    def __init__(self, venue: str, *, activity: float = 0.0, rules: Sequence[FaultRule] = (), seed: int = 1) -> None:
        self.clock = ManualClock(0, 1_767_225_600 * 10**9)
        self.sim = SimExchanges(
            self.clock,
            seed=seed,
            symbols=8,
            faults=FaultPlan(tuple(rules)),
            settings=SimSettings(activity=activity, gaps_hz=4.0 if activity else 0.0),
        )
        self.sim.market.start(self.clock)
        self.venue: Any = self.sim.venues[venue]
        self.engine: Engine = self.venue.engine
        self.book = self.venue.books[SYMBOL]

    def turn(self, ms: int) -> None:
        for _ in range(ms // 10):
            self.clock.advance(10 * MS)
            self.sim.step()

    def ticket(self, *, buy: bool, ticks: int, lots: int, tif: Tif = Tif.GTC, budget: int = 0) -> Ticket:
        words = {Tif.GTC: "LIMIT", Tif.IOC: "IMMEDIATE_OR_CANCEL", Tif.FOK: "FILL_OR_KILL", Tif.POST: "LIMIT_MAKER"}
        kind = words[tif] if self.venue.name == "mexc" else "limit"
        return Ticket(self.book, buy, False, tif, ticks, lots, "t-1", kind, budget)


VENUES = ["mexc", "gateio"]


@pytest.mark.parametrize("venue", VENUES)
def test_a_taker_gets_the_best_levels_first_and_takes_them_out_of_the_book(venue: str) -> None:
    w = World(venue)
    keys = list(w.book.asks[:3])
    there = [w.book.lots[k] for k in keys]
    lots, version = there[0] + there[1] + 1, w.book.version
    order = w.engine.place(w.ticket(buy=True, ticks=keys[2], lots=lots, tif=Tif.IOC))
    assert order.end == "filled"
    assert [int(f.qty.scaleb(w.book.listing.qty_decimals)) for f in order.fills] == [there[0], there[1], 1]
    assert [int(f.price.scaleb(w.book.listing.price_decimals)) for f in order.fills] == keys
    assert w.book.asks[0] == keys[2]
    assert w.book.lots[keys[2]] == there[2] - 1
    assert w.book.version == version + 3
    assert [t.lots for t in w.book.trades][-3:] == [there[0], there[1], 1]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("buy", [True, False])
def test_fees_are_taken_in_the_coin_of_the_venue(venue: str, buy: bool) -> None:
    w = World(venue)
    key = w.book.asks[0] if buy else w.book.bids[0]
    order = w.engine.place(w.ticket(buy=buy, ticks=abs(key), lots=10, tif=Tif.IOC))
    [fill] = order.fills
    base, quote, rate = w.book.listing.base, w.book.listing.quote, Decimal(str(w.book.listing.own_taker))
    in_base = venue == "gateio" and buy
    assert (fill.fee_coin, fill.fee) == ((base, fill.qty * rate) if in_base else (quote, fill.quote * rate))
    ledger = w.sim.ledger(venue)
    change = {coin: ledger.total(coin) - ledger.start[coin] for coin in (base, quote)}
    sign = 1 if buy else -1
    assert change[base] == sign * fill.qty - (fill.fee if in_base else 0)
    assert change[quote] == -sign * fill.quote - (0 if in_base else fill.fee)
    assert not any(locked for _, locked in ledger.balances.values())
    assert ledger.orders[order.id].fee == fill.fee


@pytest.mark.parametrize("venue", VENUES)
def test_a_waiting_order_locks_what_it_may_cost_and_gives_it_back(venue: str) -> None:
    w = World(venue)
    ticks = w.book.best_bid - 5
    order = w.engine.place(w.ticket(buy=True, ticks=ticks, lots=100))
    ledger = w.sim.ledger(venue)
    notional = Decimal(ticks * 100).scaleb(-w.book.listing.price_decimals - w.book.listing.qty_decimals)
    fee = Decimal(str(w.book.listing.own_taker)) if venue == "mexc" else Decimal(0)
    assert ledger.balances["USDT"][1] == notional * (1 + fee)
    assert w.engine.cancel(order)
    assert ledger.balances == {c: (a, Decimal(0)) for c, a in ledger.start.items()}
    assert not w.engine.cancel(order)
    assert [e.cause for e in ledger.entries] == ["lock", "unlock"]


@pytest.mark.parametrize("venue", VENUES)
def test_waiting_orders_are_executed_when_the_market_moves_through_them(venue: str) -> None:
    w = World(venue, activity=3.0)
    made = [
        w.engine.place(w.ticket(buy=buy, ticks=(w.book.best_bid - 3) if buy else w.book.best_ask + 3, lots=50))
        for buy in (True, False)
    ]
    for _ in range(200):
        w.turn(100)
        assert w.book.best_bid < w.book.best_ask
        if not any(o.open for o in made):
            break
    assert [o.end for o in made] == ["filled", "filled"]
    assert all(f.maker for o in made for f in o.fills)
    w.sim.ledger(venue).check()


def test_kills_are_refused_or_cancelled_as_the_venue_has_it() -> None:
    for tif, end in ((Tif.FOK, "fok"), (Tif.POST, "poc")):
        gate, mexc = World("gateio"), World("mexc")
        for w in (gate, mexc):
            best = w.book.asks[0]
            lots = w.book.lots[best] + 1 if tif is Tif.FOK else 100
            ticket = w.ticket(buy=True, ticks=best, lots=lots, tif=tif)
            if w is gate:
                with pytest.raises(Killed):
                    w.engine.place(ticket)
                assert not w.engine.orders
            else:
                assert w.engine.place(ticket).end == end
            assert not w.sim.ledger(w.venue.name).fills
            assert w.book.lots[best] == lots - 1 if tif is Tif.FOK else w.book.lots[best]


@pytest.mark.parametrize("venue", VENUES)
def test_who_has_too_little_is_refused_and_nothing_moves(venue: str) -> None:
    w = World(venue)
    ticks = w.book.best_bid
    lots = int(25_000 * 10 ** (w.book.listing.price_decimals + w.book.listing.qty_decimals)) // ticks + 1
    with pytest.raises(Short):
        w.engine.place(w.ticket(buy=True, ticks=ticks, lots=lots))
    assert not w.sim.ledger(venue).entries


def test_our_own_orders_may_meet() -> None:
    w = World("mexc")
    ticks = w.book.best_ask - 1
    maker = w.engine.place(w.ticket(buy=False, ticks=ticks, lots=50))
    taker = w.engine.place(w.ticket(buy=True, ticks=ticks, lots=30, tif=Tif.IOC))
    assert (maker.left, taker.end) == (20, "filled")
    assert maker.fills[0].self_trade
    assert taker.fills[0].self_trade
    assert maker.fills[0].trade_id != taker.fills[0].trade_id
    w.sim.ledger("mexc").check()


def test_an_amended_order_keeps_its_place_only_if_it_gets_smaller() -> None:
    w = World("gateio")
    ticks = w.book.best_bid
    order = w.engine.place(w.ticket(buy=True, ticks=ticks, lots=50))
    assert order.resting is not None
    before = order.resting
    w.book.put(-ticks, w.book.market_lots(-ticks) + 7)
    w.engine.amend(order, ticks, 40, "less")
    assert order.resting is before
    ahead = before.ahead
    w.engine.amend(order, ticks, 60, "")
    assert order.resting is not before
    assert order.resting.ahead == ahead + 7
    w.engine.amend(order, w.book.best_ask, 60, "")
    assert order.end == "filled"
    w.sim.ledger("gateio").check()


def test_a_side_never_becomes_empty() -> None:
    w = World("mexc")
    lots = sum(w.book.lots[k] for k in w.book.bids)
    rich = SimSettings(activity=0, gaps_hz=0, balances={"mexc": {"SOL": text_of(w, 2 * lots), "USDT": "0"}})
    sim = SimExchanges(w.clock, symbols=8, settings=rich)
    venue: Any = sim.venues["mexc"]
    book = venue.books[SYMBOL]
    venue.engine.place(Ticket(book, False, False, Tif.IOC, 1, 2 * lots, "", "IMMEDIATE_OR_CANCEL"))
    assert len(book.bids) == 1
    assert book.lots[book.bids[0]] == 1


def text_of(w: World, lots: int) -> str:
    return str(Decimal(lots).scaleb(-w.book.listing.qty_decimals))


STEP = st.one_of(
    st.tuples(
        st.just("place"),
        st.booleans(),
        st.integers(-30, 30),
        st.integers(1, 30_000),
        st.sampled_from(list(Tif)),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 50)),
    st.tuples(st.just("amend"), st.integers(0, 50), st.integers(-20, 20), st.integers(1, 20_000)),
    st.tuples(st.just("turn"), st.integers(1, 20)),
)
CUTS = (
    FaultRule(kind="partial_cancel", probability=0.2),
    FaultRule(kind="fill_on_cancel", probability=0.3),
)


@settings(max_examples=60, deadline=None)
@given(
    venue=st.sampled_from(VENUES),
    seed=st.integers(1, 5),
    cuts=st.booleans(),
    steps=st.lists(STEP, max_size=40),
)
def test_nothing_is_lost_whatever_happens(venue: str, seed: int, cuts: bool, steps: list[tuple[Any, ...]]) -> None:
    w = World(venue, activity=2.0, seed=seed, rules=CUTS if cuts else ())
    ledger = w.sim.ledger(venue)
    for step in steps:
        orders = list(w.engine.orders.values())
        try:
            match step:
                case ("place", buy, away, lots, tif):
                    ticks = max(1, (w.book.best_bid if buy else w.book.best_ask) + away)
                    w.engine.place(w.ticket(buy=buy, ticks=ticks, lots=lots, tif=tif))
                case ("cancel", number) if number < len(orders):
                    w.engine.cancel(orders[number])
                case ("amend", number, away, lots) if number < len(orders) and orders[number].open:
                    w.engine.amend(orders[number], max(1, orders[number].ticket.ticks + away), lots, "")
                case ("turn", tens):
                    w.turn(tens * 10)
        except (Short, Killed):
            pass
        assert w.book.best_bid < w.book.best_ask
    ledger.check()
    held = dict.fromkeys(ledger.balances, Decimal(0))
    waiting: dict[int, int] = {}
    for order in w.engine.orders.values():
        assert order.open == (order.resting is not None)
        if order.resting is not None:
            assert order.resting.lots == order.left > 0
            waiting[order.resting.key] = waiting.get(order.resting.key, 0) + order.left
            coin = w.book.listing.quote if order.ticket.buy else w.book.listing.base
            held[coin] += amount(order.reserve)
        facts = ledger.orders[order.id]
        fills = [f for f in ledger.fills if f.order_id == order.id]
        assert facts.filled == sum(f.qty for f in fills)
        assert facts.quote == sum(f.quote for f in fills)
        assert facts.fee == sum(f.fee for f in fills)
    assert {k: sum(r.lots for r in q) for k, q in w.book.queues.items()} == waiting
    assert {c: locked for c, (_, locked) in ledger.balances.items()} == held
    for coin in ledger.balances:
        change = Decimal(0)
        for f in ledger.fills:
            change += (f.qty if f.buy else -f.qty) * (coin == w.book.listing.base)
            change += (-f.quote if f.buy else f.quote) * (coin == w.book.listing.quote)
            change -= f.fee * (coin == f.fee_coin)
        assert ledger.total(coin) == ledger.start[coin] + change
    keys = [(f.trade_id, f.order_id) for f in ledger.fills]
    assert len(keys) == len(set(keys))


def test_the_check_finds_what_is_wrong() -> None:
    ledger = Ledger({"USDT": "10"})
    ledger.change(1, "USDT", "lock", -to_atoms("4"), to_atoms("4"), "1")
    ledger.check()
    with pytest.raises(Short):
        ledger.change(2, "USDT", "lock", -to_atoms("7"), to_atoms("7"), "2")
    ledger.check()
    ledger._free["USDT"] += 1
    with pytest.raises(AssertionError, match="add up"):
        ledger.check()


@pytest.mark.parametrize(
    ("text", "atoms"), [("1.5", 15 * 10**17), ("0", 0), (".000000000000000001", 1), ("25000", 25_000 * 10**18)]
)
def test_amounts_are_exact(text: str, atoms: int) -> None:
    assert to_atoms(text) == atoms
    assert amount(atoms) == Decimal(text)
    assert amount(-atoms) == -Decimal(text)
    assert plain(-15 * 10**17) == "-1.5"


@pytest.mark.parametrize("text", ["", "-1", "1e3", "x", "0.0000000000000000001"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        to_atoms(text)
