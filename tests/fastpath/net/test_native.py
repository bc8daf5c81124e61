"""fastpath.net.native: one family for one venue, made from nothing but its SPEC and Codec."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from arb.breakers import Breakers
from arb.clock import SystemClock
from arb.domain import BreakerState, Coin, Depth, Market, NativeSymbol, Part, Seed, Symbol, Trust
from arb.errors import ConfigError, Transient
from arb.interfaces import Feed, Lane, Statics, SyncRule
from fastpath import mexc
from fastpath.net.native import NativeFactory
from tests.fastpath.net.venue import Codec, Errors, Heard, V, Venue, running, spec

RULE = SyncRule(Seed.NONE)
FEEDS = (
    Feed("ticker", Depth.TOP, 1, 10, RULE, Trust.WHOLE),
    Feed("limit", Depth.TWENTY, 20, 100, RULE, Trust.WHOLE),
    Feed("aggre@10ms", Depth.FULL, 5000, 10, RULE, Trust.CHAINED),
    Feed("aggre@100ms", Depth.FULL, 5000, 100, RULE, Trust.CHAINED),
)
MARKET = Market(V, Symbol("A/USDT"), NativeSymbol("AUSDT"), Coin("A"), Coin("USDT"), Decimal("0.01"), Decimal("0.001"))


class Facts:
    source = "made up"

    async def load(self) -> Statics:
        return Statics()


def factory(**changes: Any) -> NativeFactory:
    module = SimpleNamespace(SPEC=spec(feeds=FEEDS), Codec=Codec)
    given: dict[str, Any] = {"clock": SystemClock(), "metadata": Facts(), "on_error": Errors().append}
    return NativeFactory(module, **(given | changes))


@pytest.mark.parametrize(
    ("depth", "name", "expected"),
    [
        pytest.param(Depth.TOP, None, "ticker", id="the only one"),
        pytest.param(Depth.FULL, None, "aggre@10ms", id="the preferred one"),
        pytest.param(Depth.FULL, "aggre@100ms", "aggre@100ms", id="the named one"),
        pytest.param(Depth.FIVE, None, "limit", id="the next deeper where the venue has none"),
        pytest.param(Depth.FIVE, "limit", "limit", id="by name there too"),
        pytest.param(Depth.TWENTY, "aggre@100ms", "aggre@100ms", id="a deeper one by name"),
    ],
)
def test_feed(depth: Depth, name: str | None, expected: str) -> None:
    assert factory(feed_name=name).feed(depth).name == expected


@pytest.mark.parametrize(
    ("depth", "name", "text"),
    [
        pytest.param(
            Depth.FULL,
            "agre@10ms",
            "fake: no feed 'agre@10ms' at depth full, did you mean 'aggre@10ms'? "
            "feeds: aggre@10ms (full), aggre@100ms (full)",
            id="a slip of the pen",
        ),
        pytest.param(
            Depth.TWENTY,
            "ticker",
            "fake: no feed 'ticker' at depth 20; feeds: limit (20), aggre@10ms (full), aggre@100ms (full)",
            id="one that is too shallow",
        ),
    ],
)
def test_an_unknown_feed_is_a_configuration_error(depth: Depth, name: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        factory(feed_name=name).feed(depth)
    assert str(caught.value) == text


def test_a_depth_nothing_reaches_is_a_configuration_error() -> None:
    module = SimpleNamespace(SPEC=spec(feeds=FEEDS[:1]), Codec=Codec)
    shallow = NativeFactory(module, clock=SystemClock(), metadata=Facts(), on_error=Errors().append)
    with pytest.raises(ConfigError, match="no feed has the depth 20; feeds: ticker \\(top\\)"):
        shallow.feed(Depth.TWENTY)


@pytest.mark.parametrize(
    ("key", "url"),
    [("ws_url", "http://127.0.0.1"), ("ws_url", "wss://"), ("rest_url", "127.0.0.1"), ("rest_url", "ws://127.0.0.1")],
)
def test_an_address_that_is_none_is_refused_before_anything_connects(key: str, url: str) -> None:
    with pytest.raises(ConfigError, match=f"fake: {key} must begin with"):
        factory(**{key: url})


def test_orders_have_no_native_path_without_a_private_codec() -> None:
    with pytest.raises(ConfigError, match="fake: its native path reads markets only"):
        factory(key="a", secret="b").trading([MARKET])


@pytest.mark.parametrize("keys", [{}, {"key": "a"}, {"secret": "b"}], ids=["none", "no secret", "no key"])
def test_orders_need_keys(keys: dict[str, str]) -> None:
    made = NativeFactory(mexc, clock=SystemClock(), metadata=Facts(), on_error=Errors().append, **keys)
    with pytest.raises(ConfigError, match="mexc: orders need keys; set ARB_MEXC_KEY and ARB_MEXC_SECRET"):
        made.trading([MARKET])


async def test_a_private_side_is_made_of_what_the_factory_was_given() -> None:
    made = NativeFactory(mexc, clock=SystemClock(), metadata=Facts(), on_error=Errors().append, key="a", secret="b")
    trading = made.trading([MARKET])
    assert (trading.venue, trading.settle_ns, trading.forget_ns) == ("mexc", 5_000_000_000, 0)
    assert trading.refusal(1, Lane.ORDER) == "not running"
    assert trading.clock_error_ns() is None
    await made.close()


async def test_metadata_comes_from_outside() -> None:
    made = factory()
    assert made.native
    assert (await made.metadata().load(), made.metadata().source) == (Statics(), "made up")


async def test_market_data_speaks_to_the_overrides_with_the_markets_symbols(venue: Venue) -> None:
    heard = Heard()
    made = factory(ws_url=venue.url, rest_url=venue.rest_url)
    data = made.market_data([MARKET], Depth.TOP, heard)
    assert (data.venue, data.feed.name) == ("fake", "ticker")
    async with running(data.run([MARKET.symbol], heard)):
        await heard.until(lambda: ("opened", 1) in heard.all)
        await venue.until(lambda: venue.asked("on") == [MARKET.symbol])
    await data.fetch_book(MARKET.symbol, 5)
    await made.close()
    await made.close()
    with pytest.raises(Transient):
        await data.fetch_book(MARKET.symbol, 5)


async def test_the_codec_gets_the_symbol_table() -> None:
    tables: list[dict[NativeSymbol, Symbol]] = []

    class Curious(Codec):
        def __init__(self, natives: dict[NativeSymbol, Symbol]) -> None:
            super().__init__(natives)
            tables.append(natives)

    module = SimpleNamespace(SPEC=spec(feeds=FEEDS), Codec=Curious)
    made = NativeFactory(module, clock=SystemClock(), metadata=Facts(), on_error=Errors().append)
    made.market_data([MARKET], Depth.TOP)
    assert tables[-1] == {NativeSymbol("AUSDT"): Symbol("A/USDT")}
    await asyncio.sleep(0)


async def test_whoever_made_the_breakers_sees_streams_and_requests_fail() -> None:
    breakers, opened = Breakers(), asyncio.Event()
    breakers.listen(lambda moved: opened.set() if moved.part is Part.STREAM else None)

    async def soon(_seconds: float) -> None:
        await asyncio.sleep(0.001)

    dead = {"rest_url": "http://127.0.0.1:9", "ws_url": "ws://127.0.0.1:9"}
    made = factory(breakers=breakers, sleep=soon, **dead)
    data = made.market_data((MARKET,), Depth.TOP)
    async with running(data.run([MARKET.symbol], Heard())):
        async with asyncio.timeout(5):
            await opened.wait()
        for _ in range(5):
            with pytest.raises(Transient):
                await data.fetch_book(MARKET.symbol, 5)
    await made.close()
    assert breakers.state(V, Part.PUBLIC) is BreakerState.OPEN
    assert "cannot connect to ws://127.0.0.1:9" in breakers.why_not(V, Part.STREAM, 0)
    assert breakers.state(V, Part.PRIVATE) is BreakerState.CLOSED
