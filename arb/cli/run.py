"""`arb run`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, OK, RESIDUAL, RISK_LIMIT
from arb.cli.desk import Desk
from arb.cli.output import threaded
from arb.cli.running import run_until_stopped
from arb.cli.setup import check_venues, keys_of, read, start_logging
from arb.cli.views.trading import TradeLines, TradePicture, trade_summary_text
from arb.config import Credentials, Loaded, Options, override, require_exchanges
from arb.config.folders import control_path, data_dir, journal_path
from arb.errors import ConfigError
from arb.rows import SimOptions, TradeFiles
from arb.status import TradeSummary, TradeView

_REDRAW_S = 0.5
_GRACE_S = 30.0  # cycles that are open when a run is interrupted may end by themselves: longer than the app waits


class Run(msgspec.Struct, frozen=True):
    """mode: None takes that of the configuration.   orders: path by venue, "" for all that are not named.

    sim: the simulated exchanges, which mode "sim" implies.
    """

    config: Path | None
    exchanges: list[str] | None
    options: Options
    orders: Mapping[str, str]
    mode: str | None
    live: bool
    sim: SimOptions | None
    duration_s: float | None
    max_cycles: int | None
    accept_balances: bool
    journal: Path | None
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        exchanges = self.exchanges
        if exchanges is None and self.sim is not None:
            exchanges = list(desk.app.simulated())
        loaded = read(desk, config=self.config, exchanges=exchanges, options=self.options)
        require_exchanges(loaded, 2)
        loaded = self._with_order_paths(desk, loaded)
        mode = self.mode or loaded.settings.run.mode
        sim = self.sim or (SimOptions() if mode == "sim" else None)
        if sim is None:
            check_venues(desk, loaded)
        credentials = {} if sim is not None else keys_of(desk, loaded)
        if mode == "live":
            folder = data_dir(desk.environ, desk.home)
            desk.app.check_live(loaded, self.live, credentials, folder, desk.clock.wall_ns())
        start_logging(desk, loaded.settings.log.level)
        summary, interrupted = run_until_stopped(
            partial(self._run, desk, loaded, mode, sim, credentials), grace_s=_GRACE_S
        )
        if summary is None:
            return INTERRUPTED
        if summary.reported or summary.left_open:
            return RESIDUAL
        if summary.halted_by:
            return RISK_LIMIT
        return INTERRUPTED if interrupted else OK

    def _with_order_paths(self, desk: Desk, loaded: Loaded) -> Loaded:
        """`--orders`, for one venue or for all. Raises ConfigError for a venue that the run does not have."""
        venues = loaded.settings.exchanges
        paths = {desk.app.canonical(name): path for name, path in self.orders.items() if name}
        if strange := sorted(paths.keys() - venues.keys()):
            raise ConfigError(f"--orders: {strange[0]} is none of this run's exchanges ({', '.join(venues)})")
        if "" in self.orders:
            paths = dict.fromkeys(venues, self.orders[""]) | paths
        over: Options = {("exchanges", name, "orders"): ("--orders", path) for name, path in paths.items()}
        return msgspec.structs.replace(loaded, settings=override(loaded.settings, over)) if over else loaded

    async def _run(
        self,
        desk: Desk,
        loaded: Loaded,
        mode: str,
        sim: SimOptions | None,
        credentials: Mapping[str, Credentials],
        stop: asyncio.Event,
    ) -> TradeSummary | None:
        settings = loaded.settings
        journal = self.journal or journal_path(settings.journal.path, mode, desk.environ, desk.home)
        files = TradeFiles(desk.cwd / journal, control_path(mode, desk.environ, desk.home))
        async with self._view(desk, stop) as view:
            return await desk.app.trade(
                settings,
                mode=mode,
                credentials=credentials,
                clock=desk.clock,
                view=view,
                sim=sim,
                files=files,
                environ=desk.environ,
                duration_s=self.duration_s,
                max_cycles=self.max_cycles,
                accept_balances=self.accept_balances,
                stop=stop,
            )

    @asynccontextmanager
    async def _view(self, desk: Desk, stop: asyncio.Event) -> AsyncIterator[TradeView]:
        if desk.live and not self.jsonl:
            from arb.cli.views.live import drawn

            picture = TradePicture()
            async with drawn(desk, _REDRAW_S, picture.picture, picture.refresh):
                yield picture
            if picture.summary is not None:
                desk.line(trade_summary_text(picture.summary))
            return
        with threaded(desk.stdout, stop) as lines:
            yield TradeLines(lines, jsonl=self.jsonl)
