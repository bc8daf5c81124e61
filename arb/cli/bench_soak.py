"""`arb bench soak`: is everything flat?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from arb.cli.bench import measurable
from arb.cli.codes import ERROR, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import start_logging

if TYPE_CHECKING:
    from arb.bench.soak.figures import SoakReport, StageReport

SEEDED, CCXT = 50, 100  # the slower ways to reconnect have one in so many


class Soak(msgspec.Struct, frozen=True):
    """None: as many as the full soak has."""

    frames: int | None
    reconnects: int | None
    cycles: int | None
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """OK only where nothing grows. Raises ArbError where a stage cannot be measured."""
        from arb.bench.machine import machine
        from arb.bench.soak.report import head, stage_lines, verdict
        from arb.bench.soak.run import Amounts, run

        start_logging(desk, "ERROR")  # each of the lost connections would be a warning
        full = Amounts()
        reconnects = full.reconnects if self.reconnects is None else self.reconnects
        amounts = Amounts(
            frames=full.frames if self.frames is None else self.frames, reconnects=reconnects,
            cycles=full.cycles if self.cycles is None else self.cycles, seeded=reconnects // SEEDED,
            ccxt=reconnects // CCXT,
        )  # fmt: skip
        modules = measurable(desk, None)

        def told(stage: StageReport) -> None:
            if not self.jsonl:
                for line in stage_lines(stage):
                    desk.line(line)

        async def measure(_stop: asyncio.Event) -> SoakReport:
            return await run(amounts, modules=modules, seed=self.seed, told=told)

        if not self.jsonl:
            for line in head(machine()):
                desk.line(line)

        report, _ = run_until_stopped(measure, grace_s=0.0)
        if self.jsonl:
            record = {"schema": "arb.bench/1", "bench": "soak", **msgspec.to_builtins(report)}
            desk.line(msgspec.json.encode(record).decode())
        else:
            desk.line(verdict(report))
        return OK if report.flat else ERROR
