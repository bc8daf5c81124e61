"""What can be named and what is traded where: the rows of `arb exchanges` and `arb markets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.ccxt_names import ccxt_ids, has_stream
from arb.app.scanning import facts, opened
from arb.app.venues import native_specs
from arb.config import Credentials, Settings
from arb.config.values import matches
from arb.interfaces import Clock
from arb.rows import ExchangeRow, MarketRow, SimOptions


def exchanges() -> Sequence[ExchangeRow]:
    """Native venues first, then every other exchange that ccxt serves."""
    specs = native_specs()
    ours = [
        ExchangeRow(
            name=spec.name,
            native=True,
            ccxt=spec.ccxt_id in ccxt_ids(),
            stream=True,
            feeds=tuple(feed.name for feed in spec.feeds),
            aliases=spec.aliases,
        )
        for spec in specs
    ]
    taken = {name for spec in specs for name in (spec.name, spec.ccxt_id, *spec.aliases)}
    others = [ExchangeRow(name, False, True, has_stream(name)) for name in ccxt_ids() if name not in taken]
    return (*ours, *others)


async def markets(
    settings: Settings,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    patterns: Sequence[str],
    sim: SimOptions | None,
) -> Sequence[MarketRow]:
    """Every market that one of the patterns covers, by symbol, then venue."""
    async with opened(settings, credentials, sim, clock) as (world, factories):
        statics = await facts(factories, world, clock)
    rows = []
    for venue_statics in statics.values():
        fees = {fee.symbol: fee for fee in venue_statics.fees}
        for market in venue_statics.markets:
            if matches(market.symbol, patterns):
                fee = fees.get(market.symbol)
                rows.append(
                    MarketRow(
                        market,
                        fee.taker if fee else None,
                        fee.maker if fee else None,
                        fee.source.name.lower() if fee else None,
                    )
                )
    return sorted(rows, key=lambda row: (row.market.symbol, row.market.venue))
