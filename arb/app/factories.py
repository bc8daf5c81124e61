"""The concrete venues of a run: native where there is a codec and the user wants it, else ccxt."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from loguru import logger
from msgspec.structs import replace

from adapters.ccxt_names import ccxt_ids, resolve
from adapters.ccxt_trading import AccountSettings
from adapters.ccxt_venue import CcxtFactory
from arb.app.simulating import Environment
from arb.app.venues import native_venue, own_metadata, private_codec, refiner
from arb.breakers import Breakers
from arb.catalog import Catalog
from arb.config import Settings, VenueConfig
from arb.domain import DataPath, Event, VenueId
from arb.engine import Engine
from arb.errors import ConfigError, VenueError
from arb.interfaces import Clock, NativeVenue, Tap, VenueFactory
from arb.supervise import Sleep
from fastpath.net.native import NativeFactory

MOST_COMPLAINTS = 1000  # remembered


class Factories:
    """One factory for each venue of the settings, by name. breakers: of all of them."""

    def __init__(self, world: Environment, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """sleep: how the venues' I/O waits. Raises ConfigError for a venue that nobody serves."""
        self._sleep = sleep
        self._complain = Complaints(clock)
        self.breakers = Breakers()
        self._made: dict[VenueId, VenueFactory] = {}
        self._orders: dict[VenueId, VenueFactory] = {}  # where orders take another path than the books
        self._beside: dict[VenueId, VenueFactory] = {}  # of the other path, where somebody has asked for it
        self._make: dict[VenueId, Callable[[bool], VenueFactory]] = {}  # by whether it is to be native
        self._inner: list[CcxtFactory] = []
        for name, config in world.settings.exchanges.items():
            venue, module = VenueId(name), native_venue(name)
            if module is None and (config.fastpath or config.orders == "native"):
                raise ConfigError(no_codec(name))
            native = module is not None and config.fastpath is not False
            by_path = partial(self._by_path, name, config, world, clock)
            self._made[venue] = by_path(native)
            self._make[venue] = by_path
            if config.orders is not None and (config.orders == "native") is not native:
                self._orders[venue] = by_path(not native)

    def __getitem__(self, venue: VenueId) -> VenueFactory:
        return self._made[venue]

    def all(self) -> Mapping[VenueId, VenueFactory]:
        return self._made

    def orders(self, venue: VenueId) -> VenueFactory:
        """Who makes the private side of a venue."""
        return self._orders.get(venue) or self._made[venue]

    def listen(self, listener: Callable[[VenueError], None]) -> None:
        """Have it told of every error that no event tells."""
        self._complain.listeners.append(listener)

    def by_path(self, venue: VenueId, path: DataPath) -> VenueFactory:
        """Who makes a venue's objects by this path, whichever is in use; made when it is first asked for.

        Raises ConfigError where the venue has no such path.
        """
        native = path is DataPath.NATIVE
        known = (self._made[venue], self._orders.get(venue), self._beside.get(venue))
        found = next((factory for factory in known if factory is not None and factory.native is native), None)
        if found is None:
            if native and native_venue(venue) is None:
                raise ConfigError(no_codec(venue))
            found = self._beside[venue] = self._make[venue](native)
        return found

    async def close(self) -> None:
        for factory in (*self._made.values(), *self._orders.values(), *self._beside.values(), *self._inner):
            await factory.close()

    def _by_path(self, name: str, config: VenueConfig, world: Environment, clock: Clock, native: bool) -> VenueFactory:
        return (self._native if native else self._ccxt)(name, config, world, clock)

    def _ccxt(self, name: str, config: VenueConfig, world: Environment, clock: Clock) -> CcxtFactory:
        return ccxt_factory(name, config, world, clock, self._complain, self._sleep, self.breakers)

    def _native(self, name: str, config: VenueConfig, world: Environment, clock: Clock) -> NativeFactory:
        module = native_venue(name)
        assert module is not None
        own = own_metadata(module)
        if own is not None:
            metadata = own(config.rest_url or module.SPEC.rest_url, clock)
        else:
            through_ccxt = ccxt_factory(name, config, world, clock, self._complain)
            self._inner.append(through_ccxt)
            metadata = through_ccxt.metadata()
        keys, settings = world.credentials.get(name), world.settings
        return NativeFactory(
            module,
            clock=clock,
            metadata=metadata,
            on_error=self._complain,
            rest_url=config.rest_url or None,
            ws_url=config.ws_url or None,
            feed_name=config.feed or None,
            key=keys.key if keys else "",
            secret=keys.secret if keys else "",
            answer_s=settings.execution.answer_ms / 1e3,
            max_clock_error_ms=settings.risk.max_clock_error_ms,
            sleep=self._sleep,
            breakers=self.breakers,
        )


def ccxt_factory(
    name: str,
    config: VenueConfig,
    world: Environment,
    clock: Clock,
    complain: Callable[[VenueError], None],
    sleep: Sleep = asyncio.sleep,
    breakers: Breakers | None = None,
) -> CcxtFactory:
    """The ccxt path of a venue, native or not. Raises ConfigError where ccxt does not know it."""
    module = native_venue(name)
    keys = world.credentials.get(name)
    return CcxtFactory(
        name,
        clock=clock,
        spec=module.SPEC if module is not None else None,
        rest_url=config.rest_url,
        ws_url=config.ws_url,
        api_key=keys.key if keys else "",
        secret=keys.secret if keys else "",
        password=keys.passphrase if keys else "",
        options=config.options,
        refine=refiner(module),
        on_error=complain,
        account=_account(module, world.settings),
        sleep=sleep,
        breakers=breakers,
    )


def _account(module: NativeVenue | None, settings: Settings) -> AccountSettings:
    """What a venue forgets, and when, is the same through ccxt."""
    account = AccountSettings(
        answer_s=settings.execution.answer_ms / 1e3, max_clock_error_ms=settings.risk.max_clock_error_ms
    )
    codec = private_codec(module) if module is not None else None
    if codec is None:
        return account
    return replace(account, settle_s=codec.spec.settle_s, forget_s=codec.spec.forget_s)


def check_venue(name: str, fastpath: bool | None) -> None:
    """Raises ConfigError where nobody serves this name, or `fastpath` is asked of a venue without a codec."""
    module = native_venue(name)
    if module is not None and fastpath is not False:
        return
    if fastpath:
        raise ConfigError(no_codec(name))
    if module is not None:
        resolve(name, module.SPEC.ccxt_id, *module.SPEC.aliases)
    else:
        resolve(name)


def no_codec(name: str) -> str:
    cure = "leave fastpath out to use ccxt" if name in ccxt_ids() else "and ccxt does not serve it either"
    return f"{name} has no native codec (fastpath/{name}.py); {cure}"


def catalog(settings: Settings, clock: Clock) -> Catalog:
    """Where static facts are kept: [cache] dir, else the XDG cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "") or str(Path.home() / ".cache")
    return Catalog(Path(settings.cache.dir or Path(base) / "arb"), clock, settings.cache.ttl_h * 3600.0)


class Tapped:
    """A Sink before the engine that tapes the events of a path without frames."""

    def __init__(self, engine: Engine, tape: Tap, venue: VenueId) -> None:
        self._engine = engine
        self._tape = tape
        self._venue = venue

    def on_event(self, event: Event) -> None:
        self._tape.event(event, getattr(event, "recv_ns", 0))
        self._engine.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        self._tape.idle(self._venue, 0, recv_ns)
        self._engine.on_idle(recv_ns)


class Complaints:
    """Logs what no event tells; the same again only after a while, with how often it was meant meanwhile.

    listeners: told of every one.
    """

    def __init__(self, clock: Clock, every_s: float = 30.0) -> None:
        self._clock = clock
        self._every_ns = round(every_s * 1e9)
        self.listeners: list[Callable[[VenueError], None]] = []
        self._last: dict[str, tuple[int, int]] = {}  # when it was logged, and how often it was not since

    def __call__(self, error: VenueError) -> None:
        for listener in self.listeners:
            listener(error)
        text, now_ns = str(error), self._clock.mono_ns()
        at_ns, more = self._last.get(text, (now_ns - self._every_ns, 0))
        if now_ns - at_ns < self._every_ns:
            self._last[text] = (at_ns, more + 1)
            return
        if len(self._last) >= MOST_COMPLAINTS:
            self._last.clear()
        self._last[text] = (now_ns, 0)
        logger.warning("{}{}", text, f" ({more} times more since)" if more else "")
