"""The tape of a run, with what a replay needs of the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from arb.config import Settings
from arb.domain import Market, VenueId
from arb.errors import ConfigError
from arb.interfaces import Clock, Statics, VenueFactory
from arb.tape import Run, TapedVenue, TapeWriter


def narrowed(statics: Statics, markets: Sequence[Market]) -> Statics:
    """What of a venue's facts is about these markets."""
    symbols = {market.symbol for market in markets}
    coins = {market.base for market in markets}
    return Statics(
        tuple(market for market in statics.markets if market.symbol in symbols),
        tuple(fee for fee in statics.fees if fee.symbol in symbols),
        tuple(network for network in statics.networks if network.coin in coins),
    )


def start_tape(
    path: Path,
    clock: Clock,
    factories: Mapping[VenueId, VenueFactory],
    markets: Mapping[VenueId, Sequence[Market]],
    statics: Mapping[VenueId, Statics],
    settings: Settings,
) -> TapeWriter:
    """The tape of a run, with what a replay needs of the facts. Raises ConfigError."""
    venues = []
    for venue, chosen in markets.items():
        factory = factories[venue]
        feed = factory.feed(settings.scan.depth)
        venues.append(TapedVenue(venue, factory.native, feed, narrowed(statics[venue], chosen)))
    secret = {"rest_url", "ws_url", "options"}  # addresses may hold a login, options anything
    kept = settings.model_dump(mode="json", exclude={"exchanges": dict.fromkeys(settings.exchanges, secret)})
    run = Run(clock.wall_ns(), clock.mono_ns(), tuple(venues), kept)
    try:
        return TapeWriter(path, clock, run)
    except FileExistsError as exc:
        raise ConfigError(f"{path} is there already; name another file or remove it") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from exc
