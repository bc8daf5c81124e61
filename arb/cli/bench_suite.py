"""`arb bench all`, and those of its benches that have no options of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from arb.cli.bench import measurable
from arb.cli.codes import ERROR, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import start_logging
from arb.errors import ConfigError

if TYPE_CHECKING:
    from arb.bench.suite import Outcome, Suite


class BenchOne(msgspec.Struct, frozen=True):
    name: str
    exchanges: list[str] | None
    frames: int
    rounds: int
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """Raises ConfigError for a venue that cannot be measured, ArbError where the bench fails."""
        from arb.bench import suite

        start_logging(desk, "WARNING")
        options = suite.Options(
            modules=measurable(desk, self.exchanges), frames=self.frames, paced=2_000, rounds=self.rounds,
            calm_rounds=self.rounds, calm_venues=None, seed=self.seed,
        )  # fmt: skip

        async def measure(_stop: asyncio.Event) -> Outcome:
            return await suite.one(self.name, options)

        outcome, _ = run_until_stopped(measure, grace_s=0.0)
        if self.jsonl:
            _as_json(desk, outcome)
        else:
            for line in outcome.lines:
                desk.line(line)
        return OK


class BenchAll(msgspec.Struct, frozen=True):
    """html: where the page goes; None: nowhere."""

    exchanges: list[str] | None
    rounds: int
    seed: int
    html: Path | None
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """OK only where every budget is met. Raises ConfigError for a venue or a file that cannot be used."""
        from arb.bench import suite
        from arb.bench.budgets import BUDGETS
        from arb.config.folders import data_dir

        start_logging(desk, "WARNING")
        folder = data_dir(desk.environ, desk.home)
        options = suite.Options(
            modules=measurable(desk, self.exchanges), folder=folder if folder.is_dir() else None, rounds=self.rounds,
            seed=self.seed,
        )  # fmt: skip

        async def measure(_stop: asyncio.Event) -> Suite:
            return await suite.run(options, BUDGETS)

        made, _ = run_until_stopped(measure, grace_s=0.0)
        if self.html is not None:
            _write(self.html, made)
        if self.jsonl:
            for outcome in made.outcomes:
                _as_json(desk, outcome)
            budgets = [{**msgspec.to_builtins(verdict), "met": verdict.met} for verdict in made.verdicts]
            desk.line(
                msgspec.json.encode(
                    {"schema": "arb.bench/1", "bench": "all", "machine": made.machine, "date": made.date,
                     "core": made.core, "took_s": made.took_s, "budgets": budgets}
                ).decode()
            )  # fmt: skip
        else:
            for line in suite.suite_lines(made):
                desk.line(line)
        return OK if made.met else ERROR


def _as_json(desk: Desk, outcome: Outcome) -> None:
    told = msgspec.to_builtins(outcome.report) if outcome.report is not None else {"failed": outcome.failed}
    desk.line(msgspec.json.encode({"schema": "arb.bench/1", "bench": outcome.name, **told}).decode())


def _write(path: Path, made: Suite) -> None:
    from arb.bench.page import page

    try:
        path.write_text(page(made), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from exc
