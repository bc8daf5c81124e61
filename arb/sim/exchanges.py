"""Simulated exchanges as one thing: start, step, stop."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from heapq import heappop, heappush
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from arb.errors import ConfigError
from arb.interfaces import Clock
from arb.sim.certificates import Certificates
from arb.sim.faults import Injector
from arb.sim.ledger import Ledger
from arb.sim.market import Market, PlantedGap, TruthLog, VenueTraits
from arb.sim.plan import ROAD_KINDS, FaultPlan, Injected
from arb.sim.relay import Relay
from arb.sim.site import Site
from arb.sim.venue import GRID_NS, MS, SimSettings, SimVenue, World

_PERIOD_S = 0.005  # of the task that steps in real time
_SUFFIX = ".sim.invalid"  # of a venue's name that only `resolve` knows
_BEHIND_NS = 300 * MS  # further behind than this, the market moves on without sending what was due


class SimUrls(NamedTuple):
    """Where one venue is served. rest_url replaces the venue's REST base, ws_url its socket address."""

    rest_url: str
    ws_url: str


class SimExchanges:
    """Simulated venues around one market, each on a port of its own (`port`, `port` + 1, ...; 0: free ones).

    Everything follows from `seed` and the clock: the same steps give the same frames. Sim time starts with `start`.
    symbols: markets that all venues list; from 24 on with special cases among them and some that only one venue has.
    truth: file for the planted gaps (see `market.truth`).   keys: venue -> (api key, secret) for the signed calls.
    counters: "<venue>.frames", "<venue>.<fault>", "<fault>".   injected: the faults that were carried out, in order.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 1,
        symbols: int = 60,
        truth: Path | None = None,
        faults: FaultPlan | None = None,
        venues: Sequence[str] = ("mexc", "gateio"),
        host: str = "127.0.0.1",
        port: int = 0,
        settings: SimSettings | None = None,
    ) -> None:
        settings = settings or SimSettings()
        modules = {name: _module(name) for name in venues}
        self._clock = clock
        self._host = host
        self._port = port
        self._truth = TruthLog(truth)
        traits = [traits for traits, _ in modules.values()]
        self.market = Market(seed, symbols, traits, self._truth, settings.gaps_hz, settings.activity)
        self._counters: Counter[str] = Counter()
        self._injector: Injector | None = None
        if faults is not None and faults.rules:
            self._injector = Injector(faults, tuple(venues), self._counters, lambda: self.market.now_ns)
        world = World(clock, self.market, seed, settings, self._counters, self._injector)
        self.venues: dict[str, SimVenue] = {name: make(world) for name, (_, make) in modules.items()}
        self._remember()
        self._plan = faults or FaultPlan()
        self._sites: list[Site] = []
        self._relays: dict[str, Relay] = {}
        self._certificates: Certificates | None = None
        self._task: asyncio.Task[None] | None = None
        self._grid_ns = 0  # the last grid point that was published
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waited = 0
        self.urls: Mapping[str, SimUrls] = {}
        self.keys: Mapping[str, tuple[str, str]] = {n: (v.key, v.secret) for n, v in self.venues.items()}
        self.counters: Mapping[str, int] = self._counters
        self.truth_log: Sequence[PlantedGap] = self._truth.gaps

    def ledger(self, venue: str) -> Ledger:
        """What the account of one venue owned, did and owns: the truth of every money test."""
        return self.venues[venue].ledger

    @property
    def ca_file(self) -> str:
        """Whom to trust where a venue is served over TLS, because a plan has that fail; else ""."""
        return str(self._certificates.ca_file) if self._certificates is not None else ""

    @property
    def injected(self) -> Sequence[Injected]:
        return self._injector.injected if self._injector is not None else ()

    def _remember(self) -> None:
        for rule in self._injector.lags if self._injector is not None else ():
            for name, venue in self.venues.items():
                for symbol, book in venue.books.items():
                    if rule.venue in ("", name) and rule.symbol in ("", symbol):
                        book.remember()

    async def start(self, *, drive: bool = True) -> None:
        """Bind the ports and let sim time begin. drive: step by a task, in real time.

        Raises ConfigError if a port is taken.
        """
        urls = {}
        for offset, name in enumerate(self.venues):
            port = self._port + offset if self._port else 0
            try:
                urls[name] = await self._open(name, port)
            except OSError as exc:
                await self.stop()
                raise ConfigError(f"simulated {name} cannot listen on {self._host}:{port}: {exc.strerror}") from exc
        self.urls = urls
        self.market.start(self._clock)
        if drive:
            self._task = asyncio.create_task(self._run(), name="sim")

    async def _open(self, name: str, port: int) -> SimUrls:
        """Serve one venue, behind a relay where its network is to misbehave."""
        venue, rules = self.venues[name], self._plan.of(name, ROAD_KINDS)
        site = Site(venue, self._wait)
        self._sites.append(site)
        kinds = {rule.kind for rule in rules}
        await site.start(self._host, 0 if rules else port)
        secured, outer = None, site.port
        if rules and self._injector is not None:
            if "tls_failure" in kinds:
                secured = self._certificates = self._certificates or Certificates(self._host)
            relay = self._relays[name] = Relay(name, self._injector, secured)
            await relay.start(self._host, port, site.port)
            outer = relay.port
        at = f"{name}{_SUFFIX}:{outer}" if "dns_failure" in kinds else f"{self._host}:{outer}"
        s = "s" if secured is not None else ""
        return SimUrls(f"http{s}://{at}{venue.rest_base}", f"ws{s}://{at}{venue.ws_path}")

    def resolve(self, host: str) -> str:
        """The address of a name, for a client that asks here. Raises what a resolver raises where a plan has it so."""
        name = host.removesuffix(_SUFFIX)
        if name == host or name not in self.venues:
            return host
        if self._injector is not None and self._injector.lasting("dns_failure", name) is not None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._host

    async def _run(self) -> None:
        while True:
            self.keep_up()
            await asyncio.sleep(_PERIOD_S)

    def keep_up(self) -> None:
        """`step`, but who has fallen far behind leaves out what was due meanwhile: else it would never catch up."""
        late_ns = self.market.sim_ns(self._clock.mono_ns()) - self._grid_ns
        if late_ns > _BEHIND_NS:
            self._skip(late_ns)
        self.step()

    def _skip(self, late_ns: int) -> None:
        """A venue that falls behind sends fewer, larger frames instead of ever later ones."""
        self._grid_ns += (late_ns // GRID_NS - 1) * GRID_NS
        self.market.advance(self._grid_ns)

    def step(self) -> None:
        """Let the market reach the clock's time, and send on every socket whatever fell due on the way."""
        now_ns = self.market.sim_ns(self._clock.mono_ns())
        due_ns = self._grid_ns + GRID_NS
        while due_ns <= now_ns:
            self.market.advance(due_ns)
            for name, venue in self.venues.items():
                if self._injector is not None:
                    venue.turn(self._injector.begun(name))
                    self._injector.tick(name, list(venue.conns), _symbol_of(venue), venue.notice, venue.end_keys)
                if name in self._relays:
                    self._relays[name].tick()
                venue.publish(due_ns)
            self._grid_ns = due_ns
            due_ns += GRID_NS
        self.market.advance(now_ns)
        for venue in self.venues.values():
            venue.flush()
        while self._waiting and self._waiting[0][0] <= now_ns:
            future = heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    async def _wait(self, until_ns: int) -> None:
        """Until sim time has come so far; only steps move it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waited += 1
        heappush(self._waiting, (until_ns, self._waited, future))
        await future

    async def stop(self) -> None:
        """Close every socket and end every task. Can be called twice."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for _, _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        for relay in self._relays.values():
            await relay.stop()
        self._relays.clear()
        for site in self._sites:
            await site.stop()
        self._sites.clear()
        if self._certificates is not None:
            self._certificates.close()
            self._certificates = None
        self._truth.close()


def _symbol_of(venue: SimVenue) -> Callable[[str], str]:
    """topic -> symbol, of what is subscribed at `venue`."""

    def find(topic: str) -> str:
        stream = venue.streams.get(topic)
        return stream.label.symbol if stream is not None else ""

    return find


def _module(name: str) -> tuple[VenueTraits, type[SimVenue]]:
    """`TRAITS` and `Venue` of arb/sim/<name>. Raises ConfigError for a venue that nobody simulates."""
    try:
        module = import_module(f"arb.sim.{name}")
        traits, venue = module.TRAITS, module.Venue
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"no simulated venue {name!r}") from exc
    if not isinstance(traits, VenueTraits) or not issubclass(venue, SimVenue):
        raise ConfigError(f"no simulated venue {name!r}")
    return traits, venue
