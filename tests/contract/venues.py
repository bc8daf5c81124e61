"""The columns of the contract suite, found and not listed, and the world that each of them is put into.

A venue that `fastpath/` speaks and `arb.sim` simulates gives two columns: its native path and its ccxt path, both made
as a run makes them. One more is the tests' own fake, so that what is tested with it rests on the same promises.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

import aiohttp
import pytest
from loguru import logger

from arb.app.factories import Factories
from arb.app.simulating import Environment, simulated
from arb.app.venues import native_specs
from arb.clock import ManualClock, SystemClock
from arb.config import Credentials, Settings, VenueConfig
from arb.domain import BookSnapshot, Coin, Market, NativeSymbol, Symbol, VenueId
from arb.interfaces import Statics, VenueFactory
from arb.sim import FaultPlan, FaultRule, SimExchanges, SimSettings, SimUrls
from tests.contract.door import Door
from tests.contract.raw.rules import Rules, parser
from tests.fakes import FakeFactory

if TYPE_CHECKING:
    from loguru import Message

MS = 1_000_000
GRID_MS = 100  # every push interval of the simulated venues divides it: at its end nothing is pending
PATIENCE_S = 20.0


class Column(NamedTuple):
    """path: "native", "ccxt" or "fake"."""

    venue: VenueId
    path: str

    @property
    def wired(self) -> bool:
        return self.path != "fake"


VENUES = tuple(VenueId(spec.name) for spec in native_specs() if spec.name in simulated())
WIRED = tuple(Column(venue, path) for venue in VENUES for path in ("native", "ccxt"))
COLUMNS = (*WIRED, Column(VENUES[0], "fake"))


def every(columns: Iterable[Column]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("column", columns, ids=lambda column: f"{column.venue}-{column.path}")


class OwnClock(SystemClock):
    """Runs as fast as the real one but shows another time: what it stamps cannot come from anywhere else."""

    @staticmethod
    def mono_ns() -> int:
        return SystemClock.mono_ns() + 10**18


class Turning(ManualClock):
    """The sim's: turned by hand, but clients sign by the wall clock, and so the sim goes by that one too."""

    @staticmethod
    def wall_ns() -> int:
        return SystemClock.wall_ns()


class Way(Protocol):
    """How a client reaches the venue, and how that is made hard for it."""

    def cut(self) -> None: ...

    def shut(self) -> None: ...

    async def open(self) -> None: ...


class World:
    """Simulated exchanges on a hand-turned clock, and the factory of one column in front of them.

    For the market, time only passes in `turn`.
    rules: the venue's own market list as the suite reads it.   clock: the column's.
    rest, ws: the doors of the venue, which the fake does not use.   urls: of the doors.
    errors: what the column's parts complained of.
    """

    def __init__(self, sim: SimExchanges, turning: Turning, column: Column) -> None:
        self.sim = sim
        self.column = column
        self.clock = OwnClock()
        self.rules: Mapping[str, Rules] = {}
        self.rest = Door()
        self.ws = Door()
        self.urls = SimUrls("", "")
        self.errors: list[str] = []
        self.factory: VenueFactory
        self.close: Callable[[], Awaitable[None]]
        self._turning = turning

    def make(self, path: str, *, signed: bool) -> tuple[VenueFactory, Callable[[], Awaitable[None]]]:
        """A factory for one path to the venue, and how it is closed."""
        venue = self.column.venue
        if path == "fake":
            fake = FakeFactory(venue, clock=self.clock, statics=Statics(self.markets), book=self.snapshot)
            return fake, fake.close
        config = VenueConfig(fastpath=path == "native", rest_url=self.urls.rest_url, ws_url=self.urls.ws_url)
        keys: dict[str, Credentials] = {venue: Credentials(venue, *self.sim.keys[venue])} if signed else {}
        environment = Environment(Settings(exchanges={venue: config}), keys, simulated=True)
        factories = Factories(environment, self.clock)
        return factories[venue], factories.close

    def hear(self, message: Message) -> None:
        """What was logged."""
        self.errors.append(message.record["message"])

    @property
    def markets(self) -> tuple[Market, ...]:
        """Facts to stream with, from the suite's own parser: no path's metadata has a hand in them."""
        return tuple(_market(self.column.venue, symbol, rules) for symbol, rules in self.rules.items())

    @property
    def way(self) -> Way:
        return self.factory if isinstance(self.factory, FakeFactory) else self.ws

    async def turn(self, ms: int) -> None:
        """Let sim time pass; in whole `GRID_MS`, so that the market stands still afterwards with everything sent."""
        assert ms % GRID_MS == 0
        for _ in range(ms // 10):
            self.tick()
            if isinstance(self.factory, FakeFactory):
                self.factory.show()
            await asyncio.sleep(0.0005)

    def tick(self) -> None:
        """10 ms pass at once."""
        self._turning.advance(10 * MS)
        self.sim.step()

    async def until(self, wanted: Callable[[], object], what: Callable[[], str] | str) -> None:
        """Let time pass until something is so."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted():
                    await self.turn(GRID_MS)
        except TimeoutError:
            told = what if isinstance(what, str) else what()
            pytest.fail(f"never {told}; {self.errors[:3]}")

    async def still(self, wanted: Callable[[], object]) -> bool:
        """Whether something becomes so while the market stands still: what was sent may yet be on its way."""
        for _ in range(150):
            if wanted():
                return True
            await asyncio.sleep(0.01)
        return False

    def levels(self, symbol: Symbol, count: int) -> list[list[tuple[float, float]]]:
        """The market's own best bids and asks."""
        book = self.sim.market.books(self.column.venue)[symbol]
        prices, amounts = book.listing.price_decimals, book.listing.qty_decimals

        def number(units: int, decimals: int) -> float:
            return float(Decimal(units).scaleb(-decimals))

        return [
            [(number(abs(key), prices), number(book.lots[key], amounts)) for key in side[:count]]
            for side in (book.bids, book.asks)
        ]

    def snapshot(self, symbol: Symbol) -> BookSnapshot | None:
        """What the fake venue holds: the simulated one's books."""
        book = self.sim.market.books(self.column.venue).get(symbol)
        if book is None:
            return None
        bids, asks = self.levels(symbol, len(book.lots))
        exch_ns = self.sim.market.wall_ns(book.changed_ns)
        return BookSnapshot(self.column.venue, symbol, tuple(bids), tuple(asks), book.version, exch_ns, 0)


@asynccontextmanager
async def world(
    column: Column, *rules: FaultRule, symbols: int = 4, signed: bool = False, activity: float = 1.0
) -> AsyncIterator[World]:
    """rules: faults.   signed: whether the column has the venue's made-up keys.   activity: 0: nobody trades but us."""
    turning = Turning(5_000 * MS)
    settings = SimSettings(gaps_hz=0.0, activity=activity)
    sim = SimExchanges(turning, symbols=symbols, faults=FaultPlan(rules), venues=VENUES, settings=settings)
    made = World(sim, turning, column)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(sim.stop)
        await sim.start(drive=False)
        urls = sim.urls[column.venue]
        made.rules = await read(column.venue, urls.rest_url)
        for door, url in ((made.rest, urls.rest_url), (made.ws, urls.ws_url)):
            stack.callback(door.shut)
            await door.start(_port(url))
        made.urls = SimUrls(_moved(urls.rest_url, made.rest.port), _moved(urls.ws_url, made.ws.port))
        stack.callback(logger.remove, logger.add(made.hear, level="WARNING"))
        made.factory, made.close = made.make(column.path, signed=signed)
        stack.push_async_callback(made.close)
        yield made


async def read(venue: VenueId, rest_url: str) -> Mapping[str, Rules]:
    """The raw market list, read without the project's code."""
    parse = parser(venue)
    async with aiohttp.ClientSession() as session, session.get(rest_url + parse.PATH) as reply:
        return parse.markets(await reply.json())


def _market(venue: VenueId, symbol: str, rules: Rules) -> Market:
    return Market(
        venue, Symbol(symbol), NativeSymbol(rules.native), Coin(rules.base), Coin(rules.quote), rules.tick, rules.step
    )


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _moved(url: str, port: int) -> str:
    return urlsplit(url)._replace(netloc=f"127.0.0.1:{port}").geturl()
