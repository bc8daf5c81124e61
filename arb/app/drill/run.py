"""Starts the simulated exchanges, waits for live books and the accounts, holds every drill and takes all down again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, TypeVar, cast

from arb.app.drill.scenarios import drills
from arb.app.drill.stage import YOUNG_NS, Stage
from arb.app.scanners import NoScan
from arb.app.scanning import Live, facts, opened, select, unless
from arb.app.simulating import Environment, simulated
from arb.app.status import Counted
from arb.app.venues import native_venue
from arb.books import Books
from arb.config import RiskConfig, Settings
from arb.domain import Balance, BalancesRead, Coin, Depth, Market, PrivateUp, VenueId
from arb.errors import ConfigError, Transient
from arb.interfaces import Clock, PrivateCodec
from arb.inventory import Inventory
from arb.rows import DrillRow, SimOptions
from arb.units import plain
from arb.valuing import Valuer, mid
from fastpath.net.rest import Rest

T = TypeVar("T")

SYMBOLS = 8
READY_S = 20.0
LOOK_S = 0.05


async def risk_drill(settings: Settings, *, clock: Clock, seed: int, stop: asyncio.Event) -> Sequence[DrillRow]:
    """Every limit of `settings.risk`, one row each; empty where `stop` came first. Raises Transient, ConfigError."""
    return await unless(stop, on_stage(settings, run_drills, clock=clock, seed=seed)) or ()


async def on_stage(settings: Settings, play: Callable[[Stage], T], *, clock: Clock, seed: int) -> T:
    """What `play` returns on the simulated exchanges, once their books are live and their accounts are read.

    Raises Transient where that takes too long.
    """
    scan = settings.scan.model_copy(update={"symbols": ("*/*",), "depth": Depth.TWENTY, "audit_s": 0.0})
    own = {name: venue for name, venue in settings.exchanges.items() if name in simulated()}
    settings = settings.model_copy(update={"scan": scan, "exchanges": own})
    async with opened(settings, {}, SimOptions(seed=seed, symbols=SYMBOLS), clock) as (world, factories):
        markets = select(await facts(factories, world, clock), scan.symbols, least_venues=2)
        books = Books()
        counted = Counted("drill", None, books, None, clock)
        live = Live(
            world.settings, factories, markets, books=books, scanner=NoScan(), counted=counted, clock=clock, tape=None
        )
        played: list[T] = []

        async def until_played() -> str:
            inventory = await _accounts(world, markets, clock)
            played.append(play(await _stage(settings.risk, books, markets, inventory, clock)))
            return "played"

        await live.run(until_played)
        return played[0]


def run_drills(stage: Stage) -> Sequence[DrillRow]:
    """All of them at once, on the books as they are now."""
    rows = []
    for key, held in drills().items():
        attempt = stage.attempt(key, held.sets(stage))
        control = stage.attempt("", {}).verdict(stage.plan())
        got = held.act(attempt) if control == "approved" else f"a plan within every limit: {control}"
        setting = _shown(getattr(attempt.config, key, "-"))
        rows.append(DrillRow(key, setting, held.scenario, held.expected, got, got == held.expected))
    return rows


async def _stage(
    config: RiskConfig,
    books: Books,
    markets: Mapping[VenueId, Sequence[Market]],
    inventory: Inventory,
    clock: Clock,
) -> Stage:
    """Waits for a market of two venues with live books, whose quote can be valued. Raises Transient."""
    valuer = Valuer(books, Coin(config.currency), YOUNG_NS)
    ends_ns = clock.mono_ns() + round(READY_S * 1e9)
    while clock.mono_ns() < ends_ns:
        now_ns = clock.mono_ns()
        ready: dict[str, Market] = {}
        for market in (market for chosen in markets.values() for market in chosen):
            book = books.get((market.venue, market.symbol))
            if book is None or mid(book, now_ns, YOUNG_NS) is None or valuer.price(market.quote, now_ns) is None:
                continue
            other = ready.setdefault(market.symbol, market)
            if other is not market:
                return Stage(config, books, other, market, inventory, clock)
        await asyncio.sleep(LOOK_S)
    raise Transient("sim", f"no live books worth anything in {config.currency} within {READY_S:.0f} s")


async def _accounts(world: Environment, markets: Mapping[VenueId, Sequence[Market]], clock: Clock) -> Inventory:
    """What the simulated accounts hold, asked of each venue with its key. Raises VenueError."""
    inventory = Inventory()
    for venue in markets:
        inventory.on_event(PrivateUp(venue, clock.mono_ns()))
        inventory.on_event(await _balances(venue, world, clock))
    return inventory


async def _balances(venue: VenueId, world: Environment, clock: Clock) -> BalancesRead:
    made = getattr(native_venue(venue), "PrivateCodec", None)
    if made is None:
        raise ConfigError(f"{venue} has no private codec to ask its account with")
    keys = world.credentials[venue]
    codec = cast(type[PrivateCodec], made)({}, keys.key, keys.secret)
    call = codec.encode_balances(clock.wall_ns())
    if call.request is None:
        raise ConfigError(f"{venue} cannot be asked for its account over HTTP")
    refused = partial(codec.decode_error, call)
    base = world.settings.exchanges[venue].rest_url
    rest = Rest(venue, base, refused, clock=clock, sleep=asyncio.sleep, rng=Random())
    try:
        body = await rest.get(call.request)
    finally:
        await rest.close()
    now_ns = clock.mono_ns()
    told = codec.decode_answer(call, body, now_ns).events
    return BalancesRead(venue, tuple(event for event in told if isinstance(event, Balance)), now_ns)


def _shown(value: Any) -> str:
    """A setting as the file would say it."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_shown(each)}" for name, each in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    name = getattr(value, "name", None)
    return name.lower() if isinstance(name, str) else f"{value:g}" if isinstance(value, float) else str(value)
