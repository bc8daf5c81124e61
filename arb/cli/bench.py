"""`arb bench`: one job for each thing that is measured."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from arb.cli.codes import OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import start_logging
from arb.errors import ConfigError

if TYPE_CHECKING:
    from arb.bench.cycle import CycleReport
    from arb.bench.decode import Report
    from arb.bench.order import OrderReport
    from arb.interfaces import NativeVenue


class Bench(msgspec.Struct, frozen=True):
    exchanges: list[str] | None
    frames: int
    rounds: int
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """Raises ConfigError for a venue without a codec, or without a simulation to record frames of."""
        from arb.bench import decode, lines

        start_logging(desk, "WARNING")
        modules = measurable(desk, self.exchanges)

        async def measure(_stop: asyncio.Event) -> Report:
            return await decode(modules, frames=self.frames, rounds=self.rounds, seed=self.seed)

        report, _ = run_until_stopped(measure, grace_s=0.0)  # half a measurement is none: Ctrl-C ends it at once
        if self.jsonl:
            desk.line(msgspec.json.encode({"schema": "arb.bench/1", **msgspec.to_builtins(report)}).decode())
        else:
            for line in lines(report):
                desk.line(line)
        return OK


class BenchJournal(msgspec.Struct, frozen=True):
    """In the folder where journals are kept, where there is one: what a commit costs is its disk's affair."""

    cycles: int
    rounds: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        from arb.bench import journal, journal_lines
        from arb.config.folders import data_dir

        folder = data_dir(desk.environ, desk.home)
        report = journal(folder if folder.is_dir() else None, cycles=self.cycles, rounds=self.rounds)
        if self.jsonl:
            desk.line(msgspec.json.encode({"schema": "arb.bench/1", **msgspec.to_builtins(report)}).decode())
        else:
            for line in journal_lines(report):
                desk.line(line)
        return OK


class BenchOrder(msgspec.Struct, frozen=True):
    """ticks: of each client on each venue, a round; 0: none."""

    exchanges: list[str] | None
    orders: int
    ticks: int
    rounds: int
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """Raises ConfigError for a venue without a codec, or without a simulation to take an order."""
        from arb.bench import order, order_lines

        start_logging(desk, "WARNING")
        modules = measurable(desk, self.exchanges)

        async def measure(_stop: asyncio.Event) -> OrderReport:
            return await order(modules, orders=self.orders, rounds=self.rounds, ticked=self.ticks, seed=self.seed)

        report, _ = run_until_stopped(measure, grace_s=0.0)
        if self.jsonl:
            desk.line(msgspec.json.encode({"schema": "arb.bench/1", **msgspec.to_builtins(report)}).decode())
        else:
            for line in order_lines(report):
                desk.line(line)
        return OK


class BenchCycle(msgspec.Struct, frozen=True):
    """Journals are written where they are kept, where there is such a folder."""

    cycles: int
    rounds: int
    seed: int
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        """Raises ArbError where a cycle cannot be started or does not end."""
        from arb.bench import cycle, cycle_lines
        from arb.config.folders import data_dir

        start_logging(desk, "WARNING")
        folder = data_dir(desk.environ, desk.home)

        async def measure(_stop: asyncio.Event) -> CycleReport:
            where = folder if folder.is_dir() else None
            return await cycle(where, cycles=self.cycles, rounds=self.rounds, seed=self.seed)

        report, _ = run_until_stopped(measure, grace_s=0.0)
        if self.jsonl:
            desk.line(msgspec.json.encode({"schema": "arb.bench/1", **msgspec.to_builtins(report)}).decode())
        else:
            for line in cycle_lines(report):
                desk.line(line)
        return OK


def measurable(desk: Desk, names: list[str] | None) -> list[NativeVenue]:
    """The venues of these names; None: all that can be measured. Raises ConfigError for one that cannot."""
    return [_module(desk, name) for name in names or desk.app.simulated()]


def _module(desk: Desk, name: str) -> NativeVenue:
    from arb.app.venues import native_venue

    venue = desk.app.canonical(name)
    module = native_venue(venue) if venue in desk.app.simulated() else None
    if module is None:
        known = ", ".join(desk.app.simulated())
        raise ConfigError(f"{name} cannot be measured, which needs a native codec and a simulation; use {known}")
    return module
