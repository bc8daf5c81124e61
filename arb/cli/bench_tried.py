"""`arb bench tried`: what was chosen beside what it was chosen from. No part of `arb bench all`, it holds no budget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from arb.cli.bench import measurable
from arb.cli.codes import OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import start_logging

if TYPE_CHECKING:
    from arb.bench.tried import TriedReport


class BenchTried(msgspec.Struct, frozen=True):
    exchanges: list[str] | None
    rounds: int
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """Raises ConfigError for a venue that cannot be measured, ArbError where a client fails."""
        from arb.bench import tried

        start_logging(desk, "WARNING")
        modules = measurable(desk, self.exchanges)

        async def measure(_stop: asyncio.Event) -> TriedReport:
            return await tried.run(self.rounds, modules=modules, seed=self.seed)

        report, _ = run_until_stopped(measure, grace_s=0.0)
        if self.jsonl:
            told = {"schema": "arb.bench/1", "bench": "tried", **msgspec.to_builtins(report)}
            desk.line(msgspec.json.encode(told).decode())
        else:
            for line in tried.tried_lines(report):
                desk.line(line)
        return OK
