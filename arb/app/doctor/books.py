"""What a venue lists and sends: the source of its fees, and one book until it is LIVE."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loguru import logger

from arb.app.doctor import verdicts
from arb.app.factories import Factories, catalog
from arb.app.scanners import NoScan
from arb.app.scanning import Live
from arb.app.simulating import Environment
from arb.app.statics import StaticFacts
from arb.app.status import Counted
from arb.books import Books
from arb.config import Settings
from arb.config.values import matches
from arb.domain import BookChange, BookState, Market, VenueId
from arb.errors import ArbError
from arb.interfaces import Clock
from arb.rows import DoctorRow, Health

PATIENCE_S = 15.0
_USUAL = ("BTC/USDT", "ETH/USDT", "BTC/USDC")  # a book that moves, where there is a choice


async def examine_market(
    venue: VenueId, world: Environment, factories: Factories, clock: Clock, *, signed: bool
) -> Sequence[DoctorRow]:
    """signed: there is a key, so that the account's own fees can be asked for."""
    loader = StaticFacts(
        None if world.simulated else catalog(world.settings, clock),
        world.settings,
        lambda text: logger.warning("{}", text),
    )
    try:
        statics = await loader.one(factories[venue])
        market = _choice(statics.markets, world.settings.scan.symbols)
        if market is None:
            cure = "see 'arb markets'; [scan] symbols decides"
            why = f"no market that can be traded matches {', '.join(world.settings.scan.symbols)}"
            return [DoctorRow("config", venue, Health.FAIL, why, cure)]
        if signed:
            statics = await loader.with_account_fees(factories[venue], statics, [market.symbol])
    except ArbError as exc:
        return [DoctorRow("network", venue, Health.FAIL, f"its markets cannot be read: {exc}", "try again")]
    fee = next((fee for fee in statics.fees if fee.symbol == market.symbol), None)
    return [verdicts.fees(venue, fee, signed), await _first_book(market, world.settings, factories, clock)]


def _choice(markets: Sequence[Market], patterns: Sequence[str]) -> Market | None:
    fit = {m.symbol: m for m in markets if matches(m.symbol, patterns) and m.buyable and m.sellable}
    return next((fit[name] for name in _USUAL if name in fit), next(iter(fit.values()), None))  # type: ignore[index]


async def _first_book(market: Market, settings: Settings, factories: Factories, clock: Clock) -> DoctorRow:
    venue = market.venue
    became_live = asyncio.Event()

    def on_change(change: BookChange) -> None:
        if change.state is BookState.LIVE:
            became_live.set()

    books = Books(on_change=on_change)
    counted = Counted("doctor", None, books, None, clock)
    quiet = settings.model_copy(update={"scan": settings.scan.model_copy(update={"audit_s": 0.0})})
    live = Live(
        quiet, factories, {venue: (market,)}, books=books, scanner=NoScan(), counted=counted, clock=clock, tape=None
    )
    what = f"{market.symbol} by {live.data[venue].feed.name}"
    start_ns = clock.mono_ns()

    async def until_live() -> str:
        await became_live.wait()
        return "live"

    try:
        async with asyncio.timeout(PATIENCE_S):
            await live.run(until_live)
    except TimeoutError:
        return verdicts.first_book(venue, what, None, PATIENCE_S)
    except ArbError as exc:
        return DoctorRow("book", venue, Health.FAIL, f"{what}: {exc}", "'arb book' shows what comes")
    return verdicts.first_book(venue, what, (clock.mono_ns() - start_ns) / 1e9, PATIENCE_S)
