"""The engine that is soaked: all of `arb run` on paper, in this process, at venues that play without end.

Three things are not as in a run. Backoff does not wait, so that thousands of reconnects fit into minutes. Fees are
none and every limit is beyond reach, so that whatever crosses is traded. Static facts come from the simulated
exchanges, which are gone when the books come from elsewhere: nothing asks for a book by REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

from arb.app.assembly import Engine, assemble
from arb.app.factories import Factories
from arb.app.operation import Side
from arb.app.rereading import reread
from arb.app.round_trips import RoundTrips
from arb.app.rules import Rules
from arb.app.scanners import make_scanner
from arb.app.scanning import Live, facts, keep_up, select
from arb.app.sides import run_sides
from arb.app.simulating import Environment
from arb.app.status import Counted
from arb.app.strategies import make_strategies
from arb.bench.rig import Unwatched
from arb.books import Books
from arb.clock import SystemClock
from arb.config import ExecutionConfig, PaperConfig, RiskConfig, ScanConfig, Settings, VenueConfig
from arb.domain import Depth, FeeCoin, Market, Trust, VenueId
from arb.interfaces import Statics
from arb.journal import SqliteJournal
from arb.paper import PaperTrading
from arb.recovery import keep_proving
from arb.sim.apart import Door

_MUCH = Decimal(10) ** 12
_ORDERS_PER_S = 100_000
_CLOCK = SystemClock()

T = TypeVar("T")


async def at_once(_seconds: float) -> None:
    """Instead of a wait: the others have their turn."""
    await asyncio.sleep(0)


class Soaked(msgspec.Struct, frozen=True):
    """A running engine. engine: its trading side, which trades only while `trader.open_for_business`; None: a scan."""

    live: Live
    books: Books
    counted: Counted
    engine: Engine | None = None


async def on_engine(
    doors: Mapping[str, Door], players: Mapping[str, str], folder: Path, play: Callable[[Soaked], Awaitable[T]]
) -> T:
    """What `play` makes of an engine; its journal is a file in `folder`.

    doors: where static facts are asked for, before anything else.   players: socket addresses, by venue.
    """
    settings = _settings(doors, players)
    world = Environment(settings, {}, simulated=True)
    async with AsyncExitStack() as stack:
        factories = Factories(world, _CLOCK, at_once)
        stack.push_async_callback(factories.close)
        statics = {venue: _free(each) for venue, each in (await facts(factories, world, _CLOCK)).items()}
        markets = select(statics, settings.scan.symbols, least_venues=2)
        books, rules, round_trips = Books(), Rules(statics.values()), RoundTrips(_CLOCK)
        journal = SqliteJournal(folder / "soak.sqlite", _CLOCK, mode="paper", run="soak")
        stack.callback(journal.close)
        sides = {
            v: Side(_paper(v, chosen, settings, rules, books, round_trips), "paper") for v, chosen in markets.items()
        }
        engine = assemble(
            settings, "paper", sides, books, rules, journal, _CLOCK, view=Unwatched(), observers=(), max_cycles=None
        )
        scanner = make_scanner(settings, statics, markets, books, _CLOCK, rejected=False)
        counted = Counted("soak", None, books, scanner, _CLOCK)
        live = Live(
            settings, factories, markets,
            books=books, scanner=scanner, counted=counted, clock=_CLOCK, tape=None,
            strategies=make_strategies(settings.run.strategy, settings), trader=engine.trader,
        )  # fmt: skip
        played: list[T] = []

        async def until_played() -> str:
            played.append(await play(Soaked(live, books, counted, engine)))
            return "played"

        extra = [
            keep_up(live, world, factories, statics, scanner, rules.refresh).run(),
            journal.run(),
            run_sides(engine.trading, engine.trader),
            reread(engine.trading, engine.trader),
            keep_proving(engine.executor, engine.trading, _CLOCK, engine.trader.on_event, asyncio.sleep),
        ]
        counted.started()
        await live.run(until_played, extra)
        return played[0]


def _settings(doors: Mapping[str, Door], players: Mapping[str, str]) -> Settings:
    return Settings(
        exchanges={name: VenueConfig(rest_url=door.rest_url, ws_url=players[name]) for name, door in doors.items()},
        scan=ScanConfig(symbols=("*/*",), depth=Depth.TWENTY, audit_s=0.0, max_age_ms=60_000, max_skew_ms=60_000),
        size={"USDT": Decimal(80), "USDC": Decimal(80), "BTC": Decimal("0.001")},
        execution=ExecutionConfig(slippage_bps=Decimal(0)),
        paper=PaperConfig(latency_ms=1, jitter_ms=1, depth_share=1.0, reject_share=0.01),
        risk=RiskConfig(
            max_trade=_MUCH, max_venue=_MUCH, max_coin=_MUCH, max_total=_MUCH, max_naked=_MUCH, max_naked_s=86_400,
            max_daily_loss=_MUCH, max_losses=1_000, cooldown_s=0.001, max_cycles=1_000, max_orders_per_min=100_000,
            price_collar_bps=Decimal(10_000), max_book_age_ms=60_000, max_skew_ms=60_000, min_trust=Trust.UNCHECKED,
            allow_unknown=("identity", "transfer"),
        ),
    )  # fmt: skip


def _paper(
    venue: VenueId, markets: tuple[Market, ...], settings: Settings, rules: Rules, books: Books, trips: RoundTrips
) -> PaperTrading:
    """Rich, and not held to a venue's budget of orders."""
    coins = {coin for market in markets for coin in (market.base, market.quote)}
    return PaperTrading(
        venue, markets=markets, fees=rules.fee, book=books.get, clock=_CLOCK, config=settings.paper,
        balances=dict.fromkeys(coins, _MUCH), rng=Random(f"soak {venue}"), round_trip_ns=partial(trips.of, venue),
        max_age_ns=60_000_000_000, orders_per_s=_ORDERS_PER_S,
    )  # fmt: skip


def _free(facts: Statics) -> Statics:
    """The same markets without fees."""
    fees = tuple(
        msgspec.structs.replace(
            fee, taker=Decimal(0), maker=Decimal(0), buy_coin=FeeCoin.QUOTE, sell_coin=FeeCoin.QUOTE
        )
        for fee in facts.fees
    )
    return msgspec.structs.replace(facts, fees=fees)
