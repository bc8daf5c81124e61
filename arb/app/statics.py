"""Static facts for a run: from the catalog while they are fresh, else from the venue; then the user's overrides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from arb.catalog import Catalog
from arb.config import Settings, VenueConfig
from arb.domain import FeeSchedule, FeeSource, Symbol, VenueId
from arb.errors import VenueError
from arb.interfaces import Statics, VenueFactory

Note = Callable[[str], None]


class StaticFacts:
    """catalog: None keeps nothing.   note: told what a person should know (old facts in use for want of an answer)."""

    def __init__(self, catalog: Catalog | None, settings: Settings, note: Note) -> None:
        self._catalog = catalog
        self._settings = settings
        self._note = note

    async def load(self, factories: Mapping[VenueId, VenueFactory]) -> dict[VenueId, Statics]:
        """All venues side by side. Raises the first venue's error where neither it nor the catalog has an answer."""
        async with asyncio.TaskGroup() as group:
            tasks = {venue: group.create_task(self.one(factory)) for venue, factory in factories.items()}
        return {venue: task.result() for venue, task in tasks.items()}

    async def one(self, factory: VenueFactory) -> Statics:
        """Facts of one venue. Fresh ones cost no request; old ones serve where the venue does not answer."""
        metadata = factory.metadata()
        entry = self._catalog.get(factory.venue, metadata.source) if self._catalog is not None else None
        if entry is not None and self._catalog is not None and self._catalog.fresh(entry):
            return self._over(factory, entry.statics)
        try:
            return await self.refresh(factory)
        except VenueError as exc:
            if entry is None:
                raise
            self._note(f"{exc}; using its facts of {entry.age_s / 3600:.1f} hours ago")
            return self._over(factory, entry.statics)

    async def refresh(self, factory: VenueFactory) -> Statics:
        """Ask the venue whatever the catalog holds. Raises VenueError."""
        metadata = factory.metadata()
        statics = await metadata.load()
        if self._catalog is not None:
            self._catalog.put(factory.venue, metadata.source, statics)
        return self._over(factory, statics)

    async def with_account_fees(self, factory: VenueFactory, statics: Statics, symbols: Sequence[Symbol]) -> Statics:
        """What the key in use pays, for the symbols of which only the market's rate is known; kept in the catalog."""
        asked = frozenset(symbols)
        public = [fee.symbol for fee in statics.fees if fee.source is FeeSource.MARKET and fee.symbol in asked]
        metadata = factory.metadata()
        told = {fee.symbol: fee for fee in await metadata.account_fees(public)} if public else {}
        if not told:
            return statics
        entry = self._catalog.get(factory.venue, metadata.source) if self._catalog is not None else None
        if entry is not None and self._catalog is not None:
            fees = tuple(told.get(fee.symbol, fee) for fee in entry.statics.fees)
            whole = msgspec.structs.replace(entry.statics, fees=fees)
            self._catalog.put(factory.venue, metadata.source, whole, entry.wall_ns)
        fees = tuple(told.get(fee.symbol, fee) for fee in statics.fees)
        return self._over(factory, msgspec.structs.replace(statics, fees=fees))

    def _over(self, factory: VenueFactory, statics: Statics) -> Statics:
        return overridden(statics, self._settings.exchanges[factory.venue])


def overridden(statics: Statics, config: VenueConfig) -> Statics:
    """The venue's facts under the user's word on its fees. Never goes to the catalog."""
    if (config.taker_fee, config.maker_fee, config.buy_fee_coin, config.sell_fee_coin) == (None, None, None, None):
        return statics
    return msgspec.structs.replace(statics, fees=tuple(_fee(fee, config) for fee in statics.fees))


def _fee(fee: FeeSchedule, config: VenueConfig) -> FeeSchedule:
    rated = config.taker_fee is not None or config.maker_fee is not None
    return msgspec.structs.replace(
        fee,
        taker=fee.taker if config.taker_fee is None else config.taker_fee,
        maker=fee.maker if config.maker_fee is None else config.maker_fee,
        source=FeeSource.OVERRIDE if rated else fee.source,
        buy_coin=fee.buy_coin if config.buy_fee_coin is None else config.buy_fee_coin,
        sell_coin=fee.sell_coin if config.sell_fee_coin is None else config.sell_fee_coin,
    )
