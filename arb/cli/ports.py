"""What the command line asks of `arb.app`. The module itself satisfies `Application`; tests hand in a fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arb.domain import Symbol, VenueId
from arb.pathstatus import PathReport
from arb.rows import DoctorFiles, DoctorReport, DrillRow, ExchangeRow, MarketRow, SimEndpoint, SimOptions, TradeFiles
from arb.status import BookView, ScanSummary, ScanView, TradeSummary, TradeView

if TYPE_CHECKING:
    from arb.config import Credentials, Loaded, Options, Settings
    from arb.interfaces import Clock


class SimReady(Protocol):
    def __call__(self, venues: Mapping[str, SimEndpoint]) -> None: ...


class Application(Protocol):
    """Every function raises only ArbErrors for what can go wrong outside the program, and tells its view the end."""

    def canonical(self, name: str) -> str:
        """The name we use for a venue: "gate" -> "gateio"; a name nobody knows as an alias comes back unchanged."""

    def check_venue(self, name: str, fastpath: bool | None) -> None:
        """Raises ConfigError where nobody serves this name, or `fastpath` is asked of a venue without a codec."""

    def simulated(self) -> tuple[str, ...]:
        """The venues that the simulator speaks."""

    def exchanges(self) -> Sequence[ExchangeRow]: ...

    async def scan(
        self,
        settings: Settings,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        view: ScanView,
        sim: SimOptions | None,
        tape: Path | None,
        duration_s: float | None,
        once: bool,
        rejected: bool,
        stop: asyncio.Event,
        control: Path | None,
    ) -> ScanSummary:
        """Find gaps until `stop`, `duration_s`, or with `once` until every book has been looked at.

        rejected: gaps that do not survive fees or minimums are episodes too.   control: where it can be asked.
        """

    async def verify(
        self,
        settings: Settings,
        venue: VenueId,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        seconds: float,
        sim: SimOptions | None,
        stop: asyncio.Event,
    ) -> PathReport | None:
        """Native and ccxt of one venue side by side; None where `stop` came first."""

    def check_live(
        self,
        loaded: Loaded,
        live_flag: bool,
        credentials: Mapping[str, Credentials],
        data: Path,
        wall_ns: int,
    ) -> None:
        """Raises ConfigError with the first step to real orders that is missing. data: where doctor's passes are."""

    async def trade(
        self,
        settings: Settings,
        *,
        mode: str,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        view: TradeView,
        sim: SimOptions | None,
        files: TradeFiles,
        environ: Mapping[str, str],
        duration_s: float | None,
        max_cycles: int | None,
        accept_balances: bool,
        stop: asyncio.Event,
    ) -> TradeSummary | None:
        """Trade until `stop`, `duration_s` or `max_cycles`; None where it was stopped before it began."""

    async def watch(
        self,
        settings: Settings,
        venue: VenueId,
        symbol: Symbol,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        view: BookView,
        levels: int,
        compare: bool,
        sim: SimOptions | None,
        duration_s: float | None,
        stop: asyncio.Event,
    ) -> ScanSummary:
        """Keep one book and tell of every change; `compare`: the same market through ccxt beside it."""

    async def markets(
        self,
        settings: Settings,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        patterns: Sequence[str],
        sim: SimOptions | None,
    ) -> Sequence[MarketRow]:
        """Every market that one of the patterns covers, by symbol, then venue."""

    async def record(
        self,
        settings: Settings,
        out: Path,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        sim: SimOptions | None,
        duration_s: float | None,
        stop: asyncio.Event,
    ) -> ScanSummary:
        """Write everything raw that the venues of `settings` send about `settings.scan.symbols`."""

    async def doctor(
        self,
        settings: Settings,
        *,
        credentials: Mapping[str, Credentials],
        clock: Clock,
        sim: SimOptions | None,
        live: bool,
        files: DoctorFiles,
    ) -> DoctorReport:
        """Examine everything a run needs; what fails is a row. live: judged as a live run would be."""

    def replay(
        self,
        settings: Settings,
        path: Path,
        *,
        options: Options | None,
        view: ScanView,
        venue: str | None,
        rejected: bool,
        stop: Callable[[], bool],
    ) -> ScanSummary:
        """Codecs, books and scanner over a tape or a session, on a hand-turned clock.

        options: None decides with `settings` as they are; else a tape's own settings come first, with these over them.
        venue: whose session it is.
        """

    def replay_books(
        self,
        settings: Settings,
        path: Path,
        *,
        view: BookView,
        venue: str | None,
        levels: int,
        stop: Callable[[], bool],
    ) -> ScanSummary:
        """Codecs and books alone. levels: of each side, in a shot."""

    async def simulate(
        self, options: SimOptions, *, port: int, ready: SimReady, duration_s: float | None, stop: asyncio.Event
    ) -> None:
        """Serve the simulated exchanges; `ready` is told where they listen. port 0: any free one."""

    async def risk_drill(
        self, settings: Settings, *, clock: Clock, seed: int, stop: asyncio.Event
    ) -> Sequence[DrillRow]:
        """Trip every limit of `settings.risk` on the simulated exchanges; empty where `stop` came first."""
