"""An app that does nothing but keep what it was asked, and facts to show."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from arb.cli import main
from arb.cli.desk import Desk
from arb.domain import (
    BookState,
    Check,
    Coin,
    FeeSource,
    Leg,
    Market,
    NativeSymbol,
    OppEvent,
    Opportunity,
    Reason,
    Symbol,
    Trust,
    VenueId,
)
from arb.errors import ConfigError
from arb.rows import DoctorReport, ExchangeRow, MarketRow, SimEndpoint, SimOptions
from arb.status import BookShot, ScanStatus, ScanSummary, Stage, VenueStatus

NATIVE = ("mexc", "gateio")
CCXT = ("kucoin", "bitmart")
MS = 1_000_000


def leg(venue: str, limit: str | None = "100.5", **changes: Any) -> Leg:
    fields: dict[str, Any] = {
        "venue": VenueId(venue),
        "limit": None if limit is None else Decimal(limit),
        "vwap": None if limit is None else Decimal(limit),
        "seq": 7,
        "age_ns": 3 * MS,
        "fee_rate": Decimal("0.0010"),
        "fee_source": FeeSource.MARKET,
    }
    return Leg(**(fields | changes))


def opportunity(event: OppEvent = OppEvent.OPEN, reason: Reason = Reason.OK, **changes: Any) -> Opportunity:
    fields: dict[str, Any] = {
        "id": "x000001",
        "event": event,
        "kind": "cross_venue",
        "symbol": Symbol("BTC/USDT"),
        "buy": leg("mexc", "100.10"),
        "sell": leg("gateio", "100.90", age_ns=40 * MS),
        "size": Decimal("0.500"),
        "gross_bps": Decimal("79.9201"),
        "net_bps": Decimal("12.3000"),
        "profit": Decimal("1.20"),
        "breakeven_size": Decimal("0.9"),
        "checks": (
            Check("tradable", True, "both sides"),
            Check("identity", None, "no contract is known"),
            Check("transfer", None, "mexc does not say"),
        ),
        "reason": reason,
        "recv_ns": 1_000,
        "decided_ns": 2_000,
        "life_ns": 1_500_000,
        "wall_ns": 1_700_000_000_000_000_000,
    }
    return Opportunity(**(fields | changes))


def rejected(event: OppEvent = OppEvent.OPEN, id: str = "x000009") -> Opportunity:
    checks = (Check("transfer", False, "no network is open on both", Reason.NO_COMMON_NETWORK),)
    return opportunity(event, Reason.NO_COMMON_NETWORK, id=id, checks=checks, symbol=Symbol("BAD/USDT"))


def status(*opps: Opportunity, **changes: Any) -> ScanStatus:
    venue = VenueStatus(
        VenueId("mexc"),
        True,
        "limit.depth",
        Trust.WHOLE,
        ((BookState.LIVE, 40), (BookState.SYNCING, 2)),
        messages=1200,
        messages_per_s=240.4,
        gaps=1,
        live_share=0.995,
        not_live_s=1.25,
    )
    fields: dict[str, Any] = {
        "uptime_s": 5.0,
        "venues": (venue,),
        "funnel": (Stage("listed", 50, 50), Stage("OK", 2, 9)),
        "rejected": ((Reason.NO_NET_EDGE, 12),),
        "latency_p50_us": 23.4,
        "latency_p99_us": 120.6,
        "open": opps,
    }
    return ScanStatus(**(fields | changes))


def summary(command: str = "scan", ended: str = "duration", **changes: Any) -> ScanSummary:
    fields: dict[str, Any] = {"wall_ns": 5, "status": status(), "opened": 3, "updated": 10, "closed": 3}
    return ScanSummary(command, ended, **(fields | changes))


def shot(**changes: Any) -> BookShot:
    fields: dict[str, Any] = {
        "venue": VenueId("mexc"),
        "symbol": Symbol("BTC/USDT"),
        "native": NativeSymbol("BTCUSDT"),
        "state": BookState.LIVE,
        "trust": Trust.CHAINED,
        "seq": 42,
        "frame": 3,
        "exch_ns": 1_700_000_000_000_000_000,
        "recv_ns": 5_000_000,
        "bids": ((100.5, 0.25), (100.0, 1000.0)),
        "asks": ((101.0, 1e-07),),
    }
    return BookShot(**(fields | changes))


MARKET = Market(
    VenueId("mexc"),
    Symbol("BTC/USDT"),
    NativeSymbol("BTCUSDT"),
    Coin("BTC"),
    Coin("USDT"),
    Decimal("0.01"),
    Decimal("0.000001"),
    min_notional=Decimal(1),
    sellable=False,
    why="sells are closed",
)


class FakeApp:
    """calls: what was asked, by the name of the function.   tell: the opportunities or shots a view is given.

    fails: raised instead of running.   closed: raised by the gate to live.   waits: run until told to stop.
    report: what the doctor finds.   trade_summary: how a trading run ends.
    """

    def __init__(self) -> None:
        self.calls: dict[str, SimpleNamespace] = {}
        self.tell: list[Any] = []
        self.fails: BaseException | None = None
        self.waits = False
        self.on_wait: Callable[[], None] = lambda: None
        self.report = DoctorReport(())
        self.trade_summary: Any = ...  # ...: one of its own
        self.closed: BaseException | None = None

    def canonical(self, name: str) -> str:
        return {"gate": "gateio"}.get(name, name)

    def check_venue(self, name: str, fastpath: bool | None) -> None:
        if name not in (*NATIVE, *CCXT):
            raise ConfigError(f"nobody serves {name}; see 'arb exchanges'")
        if fastpath and name not in NATIVE:
            raise ConfigError(f"{name} has no native codec; leave fastpath out to use ccxt")

    def simulated(self) -> tuple[str, ...]:
        return NATIVE

    def exchanges(self) -> Sequence[ExchangeRow]:
        return (
            ExchangeRow("gateio", True, True, True, ("obu", "book_ticker"), ("gate",)),
            ExchangeRow("tinyex", False, True, False),
        )

    async def scan(self, settings: Any, **given: Any) -> ScanSummary:
        return await self._run("scan", settings=settings, **given)

    async def watch(self, settings: Any, venue: Any, symbol: Any, **given: Any) -> ScanSummary:
        return await self._run("book", settings=settings, venue=venue, symbol=symbol, **given)

    async def record(self, settings: Any, out: Path, **given: Any) -> ScanSummary:
        return await self._run("record", settings=settings, out=out, **given)

    async def verify(self, settings: Any, venue: Any, **given: Any) -> Any:
        from tests.arb.control.fake_paths import AGREES

        self._note("verify", settings=settings, venue=venue, **given)
        return AGREES

    def check_live(self, loaded: Any, live_flag: bool, credentials: Any, data: Path, wall_ns: int) -> None:
        self._note("live", loaded=loaded, live_flag=live_flag, credentials=credentials, data=data)
        if self.closed is not None:
            raise self.closed

    async def trade(self, settings: Any, **given: Any) -> Any:
        from tests.arb.cli.trading_facts import trade_summary

        call = self._note("trade", settings=settings, **given)
        call.view.started(self)
        for fact in self.tell:
            if isinstance(fact, tuple):
                call.view.closed(*fact)
            else:
                call.view.moved(fact)
        if self.waits:
            self.on_wait()
            await call.stop.wait()
        if self.trade_summary is None:
            return None
        ended = "interrupted" if call.stop.is_set() else "duration"
        end = trade_summary(ended) if self.trade_summary is ... else self.trade_summary
        call.view.finished(end)
        return end

    def engine(self) -> Any:
        from tests.arb.control.fakes import FakeEngine

        return FakeEngine().status()

    async def markets(self, settings: Any, **given: Any) -> Sequence[MarketRow]:
        self._note("markets", settings=settings, **given)
        return (MarketRow(MARKET, Decimal("0.0005"), None, "market"),)

    async def doctor(self, settings: Any, **given: Any) -> DoctorReport:
        self._note("doctor", settings=settings, **given)
        return self.report

    async def simulate(
        self,
        options: SimOptions,
        *,
        port: int,
        ready: Callable[[Mapping[str, SimEndpoint]], None],
        duration_s: float | None,
        stop: asyncio.Event,
    ) -> None:
        self._note("simulate", options=options, port=port, duration_s=duration_s)
        ready({"mexc": SimEndpoint("http://127.0.0.1:1", "ws://127.0.0.1:2/ws")})

    def replay(self, settings: Any, path: Path, **given: Any) -> ScanSummary:
        return self._play("replay", settings=settings, path=path, **given)

    def replay_books(self, settings: Any, path: Path, **given: Any) -> ScanSummary:
        return self._play("replay_books", settings=settings, path=path, **given)

    def _note(self, name: str, **given: Any) -> SimpleNamespace:
        if self.fails is not None:
            raise self.fails
        self.calls[name] = SimpleNamespace(**given)
        return self.calls[name]

    async def _run(self, name: str, **given: Any) -> ScanSummary:
        call = self._note(name, **given)
        view = given.get("view")
        self._show(view)
        if self.waits:
            self.on_wait()
            await call.stop.wait()
        return self._end(view, name, "interrupted" if call.stop.is_set() else "duration")

    def _play(self, name: str, **given: Any) -> ScanSummary:
        call = self._note(name, **given)
        self._show(call.view)
        if self.waits:
            self.on_wait()
        return self._end(call.view, "replay", "interrupted" if call.stop() else "end")

    def status(self) -> ScanStatus:
        return status(*self.tell)

    def _show(self, view: Any) -> None:
        if hasattr(view, "started"):
            view.started(self)
        for fact in self.tell:
            (view.book if isinstance(fact, BookShot) else view.opportunity)(fact)

    def _end(self, view: Any, command: str, ended: str) -> ScanSummary:
        end = summary(command, ended)
        if view is not None:
            view.finished(end)
        return end


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


class Shell:
    """Runs the command line as a process would, but here. After a run: `out` and `err`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.app = FakeApp()
        self.environ: dict[str, str] = {}
        self.stdout: io.StringIO = io.StringIO()
        self.stderr: io.StringIO = io.StringIO()

    def __call__(self, *arguments: str) -> int:
        self.stdout, self.stderr = type(self.stdout)(), io.StringIO()
        desk = Desk(
            environ=self.environ,
            cwd=self.folder,
            home=self.home,
            stdout=self.stdout,
            stderr=self.stderr,
            load_app=lambda: self.app,
        )
        return main(arguments, desk)

    def write(self, text: str, name: str = "arb.toml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def err(self) -> str:
        return self.stderr.getvalue()
