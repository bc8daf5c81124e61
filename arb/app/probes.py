"""Who can be asked about a venue before a run: its own codec where there is one, else ccxt."""

from __future__ import annotations

from adapters.ccxt_client import ClientSettings
from adapters.ccxt_names import resolve
from adapters.ccxt_probe import CcxtProbe
from arb.app.simulating import Environment
from arb.app.venues import native_venue, private_codec
from arb.config import Credentials
from arb.domain import VenueId
from arb.interfaces import Clock, NativeVenue, Probe
from fastpath.net.probe import NativeProbe


def make_probe(name: str, world: Environment, clock: Clock) -> Probe:
    """The way that the settings choose for this venue. Raises ConfigError where nobody serves it."""
    config = world.settings.exchanges[name]
    keys = world.credentials.get(name) or Credentials(name, "", "")
    module = native_venue(name)
    codec = private_codec(module) if module is not None and config.fastpath is not False else None
    if module is not None and codec is not None:
        url = config.rest_url or module.SPEC.rest_url
        return NativeProbe(VenueId(name), codec({}, keys.key, keys.secret), url, clock=clock)
    return CcxtProbe(VenueId(name), _settings(name, module, world, keys))


def _settings(name: str, module: NativeVenue | None, world: Environment, keys: Credentials) -> ClientSettings:
    config = world.settings.exchanges[name]
    spec = module.SPEC if module is not None else None
    return ClientSettings(
        ccxt_id=resolve(name, *((spec.ccxt_id, *spec.aliases) if spec is not None else ())),
        rest_url=config.rest_url,
        ws_url=config.ws_url,
        rest_base=spec.rest_url if spec is not None else "",
        ws_base=spec.ws_url if spec is not None else "",
        api_key=keys.key,
        secret=keys.secret,
        password=keys.passphrase,
        options=config.options,
    )
