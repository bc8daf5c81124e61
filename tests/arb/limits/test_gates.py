"""Each limit on a plan, at its edge: the world is right but for one thing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from arb.domain import BookSnapshot, Coin, Part, PrivateDown, PrivateUp, Purpose, Trust, VenueId
from tests.arb.limits.world import BTC, GATE, KUCOIN, MEXC, World

MS = 1_000_000


def nothing(world: World) -> None:
    pass


def opened(*cycles: str, **plan: str) -> Callable[[World], None]:
    return lambda world: [world.risk.on_fact(world.opened(cycle, world.plan(**plan))) for cycle in cycles]


def held(venue: str, coin: str, qty: str) -> Callable[[World], None]:
    return lambda world: world.held.__setitem__((venue, Coin(coin)), Decimal(qty))


def aged(ms: float) -> Callable[[World], None]:
    return lambda world: world.clock.advance(round(ms * MS))


def skewed(ms: float) -> Callable[[World], None]:
    def do(world: World) -> None:
        world.clock.advance(round(ms * MS))
        world.show(GATE, 101, 102)

    return do


def lost(venue: str) -> Callable[[World], None]:
    return lambda world: world.books[venue, BTC].on_lost(1, world.now_ns)


def shown(venue: str, bid: float, ask: float) -> Callable[[World], None]:
    return lambda world: world.show(venue, bid, ask)


def broken(venue: VenueId) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        for _ in range(5):
            world.breakers.of(venue, Part.PRIVATE).record(False, world.now_ns, "503")

    return arrange


def late(ms: float) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        world.late_ns = round(ms * 1_000_000)

    return arrange


def clock(error_ms: float | None) -> Callable[[World], None]:
    return lambda world: setattr(world.doors[GATE], "error_ns", None if error_ms is None else round(error_ms * MS))


def free(venue: str, coin: str, amount: str | None) -> Callable[[World], None]:
    return lambda world: world.free_of.__setitem__((venue, coin), None if amount is None else Decimal(amount))


def unpriced(*coins: str) -> Callable[[World], None]:
    return lambda world: [world.prices.pop(coin, None) for coin in coins]


def both(*acts: Callable[[World], None]) -> Callable[[World], None]:
    return lambda world: [act(world) for act in acts]


def door(text: str) -> Callable[[World], None]:
    return lambda world: setattr(world.doors[MEXC], "refusal_text", text)


def told(*facts: object) -> Callable[[World], None]:
    return lambda world: [world.risk.on_fact(fact) for fact in facts]


def hedged(world: World) -> None:
    world.risk.on_fact(world.opened("c", world.plan(buy="kucoin", sell="bybit")))
    world.risk.on_fact(world.sent("c", GATE, Purpose.HEDGE, price=None))


@pytest.mark.parametrize(
    ("limits", "act", "plan", "expected"),
    [
        pytest.param({}, nothing, {}, "", id="where everything is right the plan passes"),
        # amounts
        pytest.param({"max_trade": 100}, nothing, {}, "", id="max_trade: as much as allowed is allowed"),
        pytest.param({"max_trade": 100}, nothing, {"qty": "1.01"}, "max_trade", id="max_trade: one unit more is not"),
        pytest.param({"max_venue": 201}, opened("c"), {}, "max_venue", id="max_venue: open legs count"),
        pytest.param({"max_venue": 202}, opened("c"), {}, "", id="max_venue: two sales of 101 are 202"),
        pytest.param({"max_venue": 201}, held(GATE, "BTC", "-1.01"), {}, "max_venue", id="max_venue: debts count"),
        pytest.param({"max_venue": 201}, held(KUCOIN, "BTC", "9"), {}, "", id="max_venue: not what is elsewhere"),
        pytest.param(
            {"max_venue": 201}, opened("c", buy="kucoin", sell="bybit"), {}, "", id="max_venue: not legs elsewhere"
        ),
        pytest.param({"max_venue": 200}, hedged, {}, "max_venue", id="max_venue: a hedge is a leg at its venue"),
        pytest.param({"max_coin": 200}, opened("c"), {}, "", id="max_coin: a cycle counts once, its legs offset"),
        pytest.param({"max_coin": 199}, opened("c"), {}, "max_coin", id="max_coin: cycles add up"),
        pytest.param({"max_coin": 199}, opened("c", symbol="ETH/USDT"), {}, "", id="max_coin: other coins do not"),
        pytest.param({"max_coin": 199}, held(KUCOIN, "BTC", "1"), {}, "max_coin", id="max_coin: residuals anywhere"),
        pytest.param({"max_total": 402}, opened("c"), {}, "", id="max_total: four legs of 402"),
        pytest.param({"max_total": 401}, opened("c"), {}, "max_total", id="max_total: all legs"),
        pytest.param(
            {"max_total": 401}, opened("c", symbol="ETH/USDT"), {}, "max_total", id="max_total: whatever the coin"
        ),
        pytest.param({"max_total": 300}, held(KUCOIN, "BTC", "1"), {}, "max_total", id="max_total: all residuals"),
        pytest.param({}, nothing, {"symbol": "BTC/EUR"}, "currency", id="currency: the quote has no price"),
        pytest.param({}, both(held(KUCOIN, "XYZ", "1")), {}, "currency", id="currency: a residual has no price"),
        pytest.param({}, both(held(KUCOIN, "XYZ", "0")), {}, "", id="currency: what is not there needs none"),
        pytest.param({}, opened("c", symbol="A/EUR"), {}, "currency", id="currency: an open cycle has no price"),
        pytest.param({}, unpriced("BTC"), {}, "", id="currency: the base of a plan needs none"),
        # prices
        pytest.param({"max_book_age_ms": 50}, aged(50), {}, "", id="max_book_age_ms: as old as allowed"),
        pytest.param({"max_book_age_ms": 50}, aged(51), {}, "max_book_age_ms", id="max_book_age_ms: older"),
        pytest.param({}, lost(GATE), {}, "max_book_age_ms", id="max_book_age_ms: a lost stream is too old at once"),
        pytest.param({}, nothing, {"sell": "bybit"}, "refusal", id="refusal: a venue without a private side"),
        pytest.param({"max_skew_ms": 50}, skewed(50), {}, "", id="max_skew_ms: as far apart as allowed"),
        pytest.param({"max_skew_ms": 50}, skewed(51), {}, "max_skew_ms", id="max_skew_ms: further"),
        pytest.param({"min_trust": "chained"}, nothing, {}, "min_trust", id="min_trust: less than asked for"),
        pytest.param({"min_trust": "whole"}, nothing, {}, "", id="min_trust: as much as asked for"),
        pytest.param({"price_collar_bps": 50}, nothing, {}, "price_collar_bps", id="collar: 100 against 101.5"),
        pytest.param({"price_collar_bps": 151}, nothing, {}, "", id="collar: the buy is 148 off, the sale 151"),
        pytest.param(
            {"price_collar_bps": 150}, nothing, {}, "price_collar_bps", id="collar: each leg, against the other venue"
        ),
        pytest.param(
            {"price_collar_bps": 150},
            shown(KUCOIN, 99.9, 100.9),
            {},
            "",
            id="collar: the median of all other venues",
        ),
        pytest.param(
            {"price_collar_bps": 1_000},
            nothing,
            {"buy_price": "80", "sell_price": "101"},
            "price_collar_bps",
            id="collar: far too good is far too",
        ),
        pytest.param(
            {"max_book_age_ms": 100},
            both(shown(GATE, 101, 0)),
            {},
            "price_collar_bps",
            id="collar: nobody else tells a price",
        ),
        # venues
        pytest.param({}, broken(GATE), {}, "breaker", id="breaker: orders there keep failing"),
        pytest.param({}, broken(KUCOIN), {}, "", id="breaker: of a venue that is none of the two"),
        pytest.param({"max_loop_lag_ms": 100}, late(100), {}, "", id="max_loop_lag_ms: as late as allowed"),
        pytest.param({"max_loop_lag_ms": 100}, late(101), {}, "max_loop_lag_ms", id="max_loop_lag_ms: later"),
        pytest.param({}, door("budget used up"), {}, "refusal", id="refusal: what the private side says"),
        pytest.param({}, told(PrivateDown(GATE, "cut", 0)), {}, "refusal", id="refusal: a lost private stream"),
        pytest.param(
            {}, told(PrivateDown(GATE, "cut", 0), PrivateUp(GATE, 0)), {}, "", id="refusal: until it is there again"
        ),
        pytest.param({"max_clock_error_ms": 20}, clock(20), {}, "", id="max_clock_error_ms: as wrong as allowed"),
        pytest.param({"max_clock_error_ms": 20}, clock(20.1), {}, "max_clock_error_ms", id="max_clock_error_ms: more"),
        pytest.param({}, clock(None), {}, "max_clock_error_ms", id="max_clock_error_ms: never measured"),
        pytest.param(
            {"fee_coin_reserve": {"mexc:MX": 5}}, free(MEXC, "MX", "5"), {}, "", id="fee_coin_reserve: just enough"
        ),
        pytest.param(
            {"fee_coin_reserve": {"mexc:MX": 5}},
            free(MEXC, "MX", "4.9"),
            {},
            "fee_coin_reserve",
            id="fee_coin_reserve: too little",
        ),
        pytest.param(
            {"fee_coin_reserve": {"mexc:MX": 5}},
            free(MEXC, "MX", None),
            {},
            "fee_coin_reserve",
            id="fee_coin_reserve: nobody can tell",
        ),
        pytest.param(
            {"fee_coin_reserve": {"kucoin:KCS": 5}}, free(KUCOIN, "KCS", "0"), {}, "", id="fee_coin_reserve: elsewhere"
        ),
        pytest.param(
            {"fee_coin_reserve": {"gateio:BTC": 999}}, nothing, {}, "", id="fee_coin_reserve: the leg leaves enough"
        ),
        pytest.param(
            {"fee_coin_reserve": {"gateio:BTC": 999}},
            nothing,
            {"qty": "1.1"},
            "fee_coin_reserve",
            id="fee_coin_reserve: the leg itself would take of it",
        ),
        # pace
        pytest.param({"max_cycles": 2}, opened("c"), {}, "", id="max_cycles: one of two"),
        pytest.param({"max_cycles": 2}, opened("c", "d"), {}, "max_cycles", id="max_cycles: two of two"),
        pytest.param({"max_orders_per_min": 4}, opened("c"), {}, "", id="max_orders_per_min: two and two"),
        pytest.param({"max_orders_per_min": 3}, opened("c"), {}, "max_orders_per_min", id="max_orders_per_min: more"),
        pytest.param({}, nothing, {"unknowns": ("identity",)}, "allow_unknown", id="allow_unknown: by default nothing"),
        pytest.param(
            {"allow_unknown": ["identity"]}, nothing, {"unknowns": ("identity",)}, "", id="allow_unknown: what is named"
        ),
        pytest.param(
            {"allow_unknown": ["identity"]},
            nothing,
            {"unknowns": ("identity", "transfer")},
            "allow_unknown",
            id="allow_unknown: nothing else",
        ),
    ],
)
def test_a_plan(limits, act, plan, expected):
    world = World(**limits)
    act(world)
    assert world.refused(world.plan(**plan)) == expected


def test_a_plan_grows_old_even_where_its_books_are_young():
    world = World(max_book_age_ms=50)
    plan = world.plan()
    world.passes(0.051)
    assert world.refused(plan) == "max_book_age_ms"
    assert world.refused() == ""


def test_orders_are_counted_for_a_minute():
    world = World(max_orders_per_min=4)
    for cycle in ("c", "d"):
        world.risk.on_fact(world.opened(cycle))
        world.risk.on_fact(world.closed(cycle, "0"))
        world.passes(10)
    assert world.refused() == "max_orders_per_min"
    world.passes(39.9)
    assert world.refused() == "max_orders_per_min"
    world.passes(0.2)
    assert world.refused() == ""


def test_orders_that_unwind_are_counted_too():
    world = World(max_orders_per_min=4)
    world.risk.on_fact(world.opened("c"))
    world.risk.on_fact(world.sent("c", GATE, Purpose.REVERSE))
    assert world.refused() == "max_orders_per_min"


def test_what_is_open_is_given_back_when_a_cycle_closes():
    world = World(max_total=300, max_cycles=1)
    world.risk.on_fact(world.opened("c"))
    assert world.refused() == "max_total"
    world.risk.on_fact(world.closed("c", "0"))
    assert world.refused() == ""


def test_polled_books_are_less_than_whole_ones():
    world = World(min_trust="unchecked")
    book = world.books[MEXC, BTC]
    world.books[MEXC, BTC] = type(book)(MEXC, BTC, _with_trust(book.feed, Trust.POLLED), world.now_ns)
    levels = ((99.0, 1.0),), ((100.0, 1.0),)
    world.books[MEXC, BTC].on_snapshot(BookSnapshot(MEXC, BTC, *levels, 1, 0, world.now_ns, 1))
    assert world.refused() == "min_trust"


@pytest.mark.parametrize(
    ("limits", "act", "expected"),
    [
        pytest.param({"max_trade": 99}, nothing, "the buy of BTC/USDT: 100 USDT is more than 99 USDT", id="trade"),
        pytest.param(
            {"max_venue": 200}, opened("c"), "gateio: 202 USDT, 101 USDT of it standing, is more than 200 USDT",
            id="venue",
        ),
        pytest.param({"max_book_age_ms": 50}, aged(70), "the book of mexc is BOOK_STALE, 70 ms old; 50 ms allowed",
                     id="age"),
        pytest.param({"price_collar_bps": 50}, nothing,
                     "BUY mexc@100 is -147.7833 bps off the 101.5 of 1 other; 50 bps allowed", id="collar"),
        pytest.param({}, clock(300), "the time of gateio is known to 300.0 ms; 250 ms allowed", id="clock"),
    ],
)  # fmt: skip
def test_a_refusal_tells_the_numbers(limits, act, expected):
    world = World(**limits)
    act(world)
    assert world.why() == expected


def _with_trust(feed, trust):
    return type(feed)(feed.name, feed.depth, feed.levels, feed.interval_ms, feed.rule, trust)
