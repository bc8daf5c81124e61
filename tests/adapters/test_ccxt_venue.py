"""The family as the engine gets it, against the simulated exchanges."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.ccxt_venue import CcxtFactory
from arb.app.venues import native_venue
from arb.clock import ManualClock, SystemClock
from arb.domain import Depth, Disconnected, FeeSource, Seed, Symbol, Trust
from arb.errors import ConfigError, Rejected
from arb.sim import SimExchanges
from tests.adapters.ccxt_fakes import Errors, Heard, turns, until

VENUES = ("mexc", "gateio")


def factory(name: str, **settings: Any) -> CcxtFactory:
    return CcxtFactory(name, clock=ManualClock(), on_error=Errors(), **settings)


@asynccontextmanager
async def simulated(name: str, errors: Errors, *, keys: bool = False) -> AsyncIterator[Callable[[], CcxtFactory]]:
    """Factories of one simulated venue; afterwards nothing of them is left."""
    sim = SimExchanges(SystemClock(), symbols=24, venues=(name,))
    await sim.start()
    module = native_venue(name)
    assert module is not None
    urls, (key, secret) = sim.urls[name], sim.keys[name] if keys else ("", "")
    factories = []

    def make() -> CcxtFactory:
        made = CcxtFactory(
            name,
            clock=SystemClock(),
            on_error=errors,
            spec=module.SPEC,
            rest_url=urls.rest_url,
            ws_url=urls.ws_url,
            api_key=key,
            secret=secret,
            options={"watchOrderBook": {"snapshotDelay": 1, "frequency": "10ms"}},
        )
        factories.append(made)
        return made

    try:
        yield make
    finally:
        for made in (*factories, *factories):  # once more does no harm
            await made.close()
        await sim.stop()
        await turns(3)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()


@pytest.mark.parametrize(
    ("name", "depth", "levels", "trust"),
    [
        pytest.param("gate", Depth.TOP, 1, Trust.UNCHECKED, id="top, streamed"),
        pytest.param("gate", Depth.TWENTY, 20, Trust.UNCHECKED, id="20, streamed"),
        pytest.param("gate", Depth.FULL, 0, Trust.UNCHECKED, id="full, streamed"),
        pytest.param("bitbank", Depth.FIVE, 5, Trust.POLLED, id="a venue that ccxt cannot stream"),
    ],
)
def test_feed(name: str, depth: Depth, levels: int, trust: Trust) -> None:
    feed = factory(name).feed(depth)
    assert (feed.depth, feed.levels, feed.trust, feed.rule.seed) == (depth, levels, trust, Seed.NONE)


def test_names() -> None:
    module = native_venue("gateio")
    assert module is not None
    ours = factory("gateio", spec=module.SPEC)
    assert (ours.venue, ours.native) == ("gateio", False)
    with pytest.raises(ConfigError, match="gateio"):
        factory("gateio")


def test_orders_need_keys() -> None:
    with pytest.raises(ConfigError, match=r"^gate: .*ARB_GATE_KEY and ARB_GATE_SECRET") as raised:
        factory("gate").trading(())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        pytest.param({}, {}, True, id="the same settings"),
        pytest.param({"rest_url": "http://127.0.0.1:1"}, {}, False, id="another address"),
        pytest.param({"api_key": "k", "secret": "s"}, {}, False, id="with and without keys"),
    ],
)
def test_sources_that_differ_have_different_names(here: dict[str, str], there: dict[str, str], same: bool) -> None:
    first, second = (factory("gate", **settings).metadata().source for settings in (here, there))
    assert (first == second) is same


def test_no_secret_in_a_source() -> None:
    source = factory("gate", api_key="key-0123", secret="secret-0123").metadata().source
    assert "0123" not in source


@pytest.mark.parametrize("name", VENUES)
async def test_with_keys_everything_static_is_known(name: str) -> None:
    errors = Errors()
    async with simulated(name, errors, keys=True) as make:
        metadata = make().metadata()
        statics = await metadata.load()
        fees = await metadata.account_fees([Symbol("BTC/USDT"), Symbol("ETH/USDT")])
    assert errors == []
    assert {fee.source for fee in fees} == {FeeSource.ACCOUNT}
    assert len(fees) == 2
    assert len(statics.fees) == len(statics.markets) > 20
    assert {market.base for market in statics.markets} <= {network.coin for network in statics.networks}
    found = {(n.coin, n.network): n for n in statics.networks}
    assert found["BTC", "BTC"].contract == ""
    assert found["BTC", "BTC"].deposit is True
    assert str(found["BTC", "BEP20"].contract).startswith("0x")
    assert str(found["USDT", "ERC20"].contract).startswith("0x")


async def test_without_keys_mexc_tells_no_networks_and_gate_does() -> None:
    known = {}
    for name in VENUES:
        errors = Errors()
        async with simulated(name, errors) as make:
            statics = await make().metadata().load()
        assert {fee.source for fee in statics.fees} == {FeeSource.MARKET}
        assert errors == []
        known[name] = bool(statics.networks)
    assert known == {"mexc": False, "gateio": True}


@pytest.mark.parametrize("name", VENUES)
async def test_books_are_those_of_the_venue(name: str) -> None:
    """A warm start: what streams has never seen a market list."""
    btc, eth, sol = symbols = [Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("SOL/USDT")]
    errors, heard = Errors(), Heard()
    async with simulated(name, errors) as make:
        markets = [m for m in (await make().metadata().load()).markets if m.symbol in symbols]
        data = make().market_data(markets, Depth.TWENTY)
        task = asyncio.create_task(data.run(symbols, heard))
        await until(lambda: {snap.symbol for snap in heard.books()} == set(symbols))
        seen = len(heard.books(btc))
        data.resync(btc)
        await until(lambda: len(heard.books(btc)) > seen)
        rest = await data.fetch_book(eth, 20)
        with pytest.raises(Rejected):
            await data.fetch_book(Symbol("NO/SUCH"), 20)
        task.cancel()
        await asyncio.wait({task})
    assert errors == []
    assert [event for event in heard.events if isinstance(event, Disconnected)] == []
    assert (data.counters["connects"], data.counters["resyncs"]) == (2, 1)
    for symbol in symbols:
        book = heard.books(symbol)[-1]
        assert book.bids == tuple(sorted(book.bids, reverse=True))
        assert book.asks == tuple(sorted(book.asks))
        assert book.bids[0][0] < book.asks[0][0]
        assert (len(book.bids), len(book.asks)) == (20, 20)
        assert book.seq > 0
    assert len(set(heard.books(eth)[-1].bids) & set(rest.bids)) > 10  # a moment apart
    assert len(heard.books(sol)) > 1
