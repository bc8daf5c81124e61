"""What every path to every simulated venue knows of its markets, fees and networks, against the raw answers.

The suite reads the raw market lists with parsers of its own (`raw/`); what no public answer tells is held against the
books that the sim keeps.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from arb.app.factories import Factories
from arb.app.simulating import Environment
from arb.config import Credentials, Settings, VenueConfig
from arb.domain import CoinNetwork, FeeSchedule, FeeSource, Market, Symbol, VenueId
from arb.errors import Transient
from arb.interfaces import Statics
from tests.contract.raw.rules import Rules, parser
from tests.contract.venues import VENUES, WIRED, Column, World, every, world

pytestmark = pytest.mark.usefixtures("nothing_left", "hurried_ccxt")

LISTED = 30  # symbols; from 24 on the sim has every kind of restricted market among them
# the sim's own ids of chains -> the one name that each has on every venue
CHAINS = {"ETH": "ERC20", "BSC": "BEP20", "TRX": "TRC20", "ARB": "ARBITRUM", "AVAX": "AVAXC", "OP": "OPTIMISM"}


def rules_of(market: Market) -> tuple[object, ...]:
    """What the suite's parsers tell of a market, but for its fees."""
    return (
        market.native, market.base, market.quote, market.tick, market.step, market.min_qty, market.max_qty,
        market.min_notional, market.max_notional, market.buyable, market.sellable, market.contract,
    )  # fmt: skip


def rates(fee: FeeSchedule) -> tuple[Decimal, Decimal]:
    return fee.taker, fee.maker


async def load(made: World) -> Statics:
    statics = await made.factory.metadata().load()
    assert {fact.venue for facts in (statics.markets, statics.fees, statics.networks) for fact in facts} == {
        made.column.venue
    }
    return statics


# ---------------------------------------------------------------------------------------------- markets


@pytest.mark.parametrize("signed", [False, True], ids=["without keys", "with keys"])
@every(WIRED)
async def test_markets_are_what_the_raw_list_says_to_the_last_digit(column: Column, signed: bool) -> None:
    async with world(column, symbols=LISTED, signed=signed) as made:
        markets = {market.symbol: market for market in (await load(made)).markets}
    assert {symbol: rules_of(market) for symbol, market in markets.items()} == {
        Symbol(symbol): rules[:12] for symbol, rules in made.rules.items()
    }
    for market in markets.values():
        for number in (market.tick, market.step, market.min_qty, market.min_notional, market.max_notional):
            assert isinstance(number, Decimal)


@pytest.mark.parametrize("venue", VENUES)
async def test_the_raw_lists_hold_what_the_parsers_are_there_for(venue: VenueId) -> None:
    """Or the comparison above would prove little."""
    async with world(Column(venue, "native"), symbols=LISTED) as made:
        rules = made.rules.values()
    assert {market.buyable for market in rules} == {market.sellable for market in rules} == {True, False}
    assert len({market.tick for market in rules}) > 5
    assert len({market.step for market in rules}) > 5
    assert any(market.min_qty > market.step for market in rules)
    assert all(market.min_notional for market in rules)


@every(WIRED)
async def test_what_closes_a_market_is_told(column: Column) -> None:
    async with world(column, symbols=LISTED) as made:
        statics = await load(made)
    for market in statics.markets:
        assert bool(market.why) == (not (market.buyable and market.sellable)), market


@pytest.mark.parametrize("venue", VENUES)
async def test_both_paths_know_the_same(venue: VenueId) -> None:
    found = []
    async with world(Column(venue, "native"), symbols=LISTED, signed=True) as made:
        for path in ("native", "ccxt"):
            factory, close = made.make(path, signed=True)
            metadata = factory.metadata()
            statics = await metadata.load()
            found.append((statics, await metadata.account_fees([market.symbol for market in statics.markets[:5]])))
            await close()
    assert found[0] == found[1]


# ---------------------------------------------------------------------------------------------- fees


@every(WIRED)
async def test_without_keys_fees_are_the_markets(column: Column) -> None:
    async with world(column, symbols=LISTED) as made:
        fees = (await load(made)).fees
        assert await made.factory.metadata().account_fees([fee.symbol for fee in fees]) == ()
    assert {fee.symbol: rates(fee) for fee in fees} == {
        Symbol(symbol): (rules.taker, rules.maker) for symbol, rules in made.rules.items()
    }
    check_fees(column, fees, FeeSource.MARKET)


@every(WIRED)
async def test_with_keys_fees_are_the_accounts(column: Column) -> None:
    async with world(column, symbols=LISTED, signed=True) as made:
        loaded = {fee.symbol: rates(fee) for fee in (await load(made)).fees if fee.source is FeeSource.ACCOUNT}
        listings = [book.listing for book in made.sim.market.books(column.venue).values()]
        listings.sort(key=lambda listing: listing.own_taker == listing.taker)  # those with a fee of their own first
        asked = listings[:12]  # as many as a venue answers at once
        fees = await made.factory.metadata().account_fees([Symbol(listing.symbol) for listing in asked])
    assert len({listing.own_taker for listing in asked}) > 1
    own = {listing.symbol: parser(column.venue).account_fee(listing) for listing in asked}
    assert {fee.symbol: tuple(map(float, rates(fee))) for fee in fees} == own
    assert loaded.items() <= {fee.symbol: rates(fee) for fee in fees}.items(), "what is told at once is as true"
    check_fees(column, fees, FeeSource.ACCOUNT)


def check_fees(column: Column, fees: tuple[FeeSchedule, ...], source: FeeSource) -> None:
    assert {fee.source for fee in fees} == {source}
    assert {(fee.buy_coin, fee.sell_coin) for fee in fees} == {parser(column.venue).FEE_COINS}


# ---------------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize("signed", [False, True], ids=["without keys", "with keys"])
@every(WIRED)
async def test_networks_are_known_as_far_as_the_venue_tells(column: Column, signed: bool) -> None:
    async with world(column, symbols=LISTED, signed=signed) as made:
        networks = (await load(made)).networks
    if parser(column.venue).NETWORKS_NEED_KEYS and not signed:
        assert networks == ()
        return
    assert {(n.coin, n.network): (n.deposit, n.withdraw) for n in networks} == {
        (coin, name_of(chain.chain)): (chain.deposit, chain.withdraw)
        for coin, chains in made.sim.market.catalogue.networks[column.venue].items()
        for chain in chains
    }
    assert {flag for n in networks for flag in (n.deposit, n.withdraw)} == {True, False}
    check_contracts(made, networks)


def check_contracts(made: World, networks: tuple[CoinNetwork, ...]) -> None:
    """Hexadecimal addresses are the same in any letter case; no address belongs to a chain's own coin."""
    told: dict[tuple[str, str], str | None] = {(n.coin, n.network): n.contract for n in networks}
    for coin, chains in made.sim.market.catalogue.networks[made.column.venue].items():
        for chain in chains:
            contract = chain.contract.lower() if chain.contract.startswith("0x") else chain.contract
            assert told[coin, name_of(chain.chain)] == contract, (coin, chain)


def name_of(chain: str) -> str:
    return CHAINS.get(chain, chain)


async def test_a_network_has_one_name_on_all_venues() -> None:
    found = []
    for venue in VENUES:
        async with world(Column(venue, "native"), symbols=LISTED, signed=True) as made:
            found.append({network.network for network in (await load(made)).networks})
    assert all(names == found[0] for names in found)


# ---------------------------------------------------------------------------------------------- where it comes from


@every(WIRED)
async def test_the_source_tells_the_address_and_whether_there_were_keys_but_not_the_keys(column: Column) -> None:
    sources = []
    for signed in (False, True):
        async with world(column, signed=signed) as made:
            sources.append(made.factory.metadata().source)
            assert made.urls.rest_url in sources[-1]
            assert made.rest.entered == 0
            for secret in made.sim.keys[column.venue]:
                assert secret not in sources[-1]
    assert "with keys" in sources[1]
    assert "with keys" not in sources[0]


@every(WIRED)
async def test_a_venue_that_is_away_is_a_transient_error(column: Column) -> None:
    async with world(column) as made:
        made.rest.shut()
        with pytest.raises(Transient, match=column.venue):
            await made.factory.metadata().load()
        await made.rest.open()
        assert len((await load(made)).markets) == len(made.rules)


@every(WIRED)
async def test_keys_that_are_refused_cost_only_what_they_open(column: Column) -> None:
    async with world(column, symbols=LISTED) as made:
        venue = column.venue
        key, secret = made.sim.keys[venue][0], "0123456789abcdef" * 2
        config = VenueConfig(fastpath=column.path == "native", rest_url=made.urls.rest_url, ws_url=made.urls.ws_url)
        keys: dict[str, Credentials] = {venue: Credentials(venue, key, secret)}
        factories = Factories(Environment(Settings(exchanges={venue: config}), keys), made.clock)
        try:
            metadata = factories[venue].metadata()
            statics = await metadata.load()
            assert await metadata.account_fees([market.symbol for market in statics.markets]) == ()
        finally:
            await factories.close()
        assert {market.symbol for market in statics.markets} == set(made.rules)
        assert {fee.source for fee in statics.fees} == {FeeSource.MARKET}
        assert bool(statics.networks) == (not parser(venue).NETWORKS_NEED_KEYS)
        assert made.errors
        assert not [text for text in made.errors if key in text or secret in text]


@every(WIRED)
async def test_two_who_ask_at_once_get_the_same(column: Column) -> None:
    async with world(column) as made:
        first, second = await asyncio.gather(load(made), load(made))
        assert first == second
        assert msgspec.json.decode(msgspec.json.encode(first), type=Statics) == first


def test_rules_and_markets_are_compared_field_by_field() -> None:
    """`rules_of` and the parsers' `Rules` name the same things in the same order."""
    assert Rules._fields[:12] == (
        "native", "base", "quote", "tick", "step", "min_qty", "max_qty", "min_notional", "max_notional", "buyable",
        "sellable", "contract",
    )  # fmt: skip
