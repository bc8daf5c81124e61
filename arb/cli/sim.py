"""`arb sim`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import msgspec
from loguru import logger

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import start_logging
from arb.rows import SimEndpoint, SimOptions
from arb.schema import sim_line


class Simulate(msgspec.Struct, frozen=True):
    port: int
    options: SimOptions
    duration_s: float | None
    log_level: str

    def __call__(self, desk: Desk) -> int:
        start_logging(desk, self.log_level)
        _none, interrupted = run_until_stopped(partial(self._run, desk))
        logger.info("the simulated exchanges are closed")
        return INTERRUPTED if interrupted else OK

    async def _run(self, desk: Desk, stop: asyncio.Event) -> None:
        def ready(venues: Mapping[str, SimEndpoint]) -> None:
            desk.line(sim_line(venues).decode())
            desk.stdout.flush()

        await desk.app.simulate(self.options, port=self.port, ready=ready, duration_s=self.duration_s, stop=stop)
