"""The simulated exchanges: embedded beside a run, or served on their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import msgspec

from arb.clock import SystemClock
from arb.config import Credentials, Settings, VenueConfig
from arb.errors import ConfigError
from arb.interfaces import Clock
from arb.rows import SimEndpoint, SimOptions

if TYPE_CHECKING:
    from arb.sim import FaultPlan


class Environment(msgspec.Struct, frozen=True):
    """Where a run goes and with which keys: the real venues, or the simulated ones, whose facts die with them."""

    settings: Settings
    credentials: Mapping[str, Credentials]
    simulated: bool = False


def simulated() -> tuple[str, ...]:
    """The venues that the simulator speaks: those with a wire of their own under arb/sim."""
    from arb import sim

    return tuple(sorted(m.name for m in iter_modules(sim.__path__) if m.ispkg and _is_venue(m.name)))


def _is_venue(name: str) -> bool:
    from importlib import import_module

    return hasattr(import_module(f"arb.sim.{name}"), "TRAITS")


@asynccontextmanager
async def environment(
    settings: Settings, credentials: Mapping[str, Credentials], sim: SimOptions | None, clock: Clock
) -> AsyncIterator[Environment]:
    """The world of a run. With `sim` every venue's addresses and keys are those of a simulated one, started here.

    Raises ConfigError for a venue that is not simulated, a bad fault file, or a truth file that cannot be written.
    """
    if sim is None:
        yield Environment(settings, credentials)
        return
    from arb.sim import SimExchanges

    names = tuple(settings.exchanges) or simulated()
    if unknown := [name for name in names if name not in simulated()]:
        raise ConfigError(f"{unknown[0]} is not simulated; --sim knows {', '.join(simulated())}")
    faults = _faults(sim.faults, embedded=True)
    try:
        exchanges = SimExchanges(
            clock, seed=sim.seed, symbols=sim.symbols, truth=sim.truth, faults=faults, venues=names
        )
        await exchanges.start()
    except OSError as exc:
        raise ConfigError(f"the simulated exchanges cannot start: {exc}") from exc
    try:
        tables = {
            name: (settings.exchanges.get(name) or VenueConfig()).model_copy(
                update={"rest_url": exchanges.urls[name].rest_url, "ws_url": exchanges.urls[name].ws_url}
            )
            for name in names
        }
        keys = {name: Credentials(name, *exchanges.keys[name]) for name in names}
        yield Environment(settings.model_copy(update={"exchanges": tables}), keys, simulated=True)
    finally:
        await exchanges.stop()


async def simulate(
    options: SimOptions,
    *,
    port: int,
    ready: Callable[[Mapping[str, SimEndpoint]], None],
    duration_s: float | None,
    stop: asyncio.Event,
) -> None:
    """Serve the simulated exchanges until `stop` or `duration_s`; `ready` is told where they listen. port 0: any."""
    from arb.sim import SimExchanges

    faults = _faults(options.faults, embedded=False)
    try:
        exchanges = SimExchanges(
            SystemClock(),
            seed=options.seed,
            symbols=options.symbols,
            truth=options.truth,
            faults=faults,
            venues=simulated(),
            port=port,
        )
        await exchanges.start()
    except OSError as exc:
        raise ConfigError(f"the simulated exchanges cannot start: {exc}; try another --port") from exc
    try:
        ready(
            {
                name: SimEndpoint(
                    urls.rest_url, urls.ws_url, exchanges.ca_file if urls.ws_url.startswith("wss:") else ""
                )
                for name, urls in exchanges.urls.items()
            }
        )
        try:
            async with asyncio.timeout(duration_s):
                await stop.wait()
        except TimeoutError:
            pass  # the time asked for is over
    finally:
        await exchanges.stop()


def _faults(path: Path | None, *, embedded: bool) -> FaultPlan | None:
    """The plan of a file. Raises ConfigError for one that is none, or that cannot be carried out here."""
    from arb.sim import FaultPlan

    plan = FaultPlan.load(path) if path is not None else None
    kinds = {rule.kind for rule in plan.rules} if plan is not None else set()
    if "dns_failure" in kinds:
        raise ConfigError(
            f"fault plan {path}: dns_failure happens where names are resolved, which is the client; for a venue that"
            " cannot be reached take refuse_connection"
        )
    if embedded and "tls_failure" in kinds:
        raise ConfigError(
            f"fault plan {path}: tls_failure needs 'arb sim' on its own, and SSL_CERT_FILE set to the ca_file it tells"
        )
    return plan


def writable(path: Path | None) -> Path | None:
    """The same path. Raises ConfigError where its folder is not there."""
    if path is not None and not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.absolute().parent}")
    return path
