"""`arb status`, `halt`, `resume`, `cancel-all`, `flatten` and `balances`: a person and a running engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.views import operating
from arb.config.folders import control_path, journal_path
from arb.control import (
    BALANCES,
    CANCEL_ALL,
    FLATTEN,
    HALT,
    PATHS,
    RESUME,
    STATUS,
    UPTIME,
    Verb,
    ask,
    record_wish,
    wish_path,
)
from arb.control.wishes import Wanted
from arb.errors import ConfigError, ControlError, NotRunning
from arb.schema import balances_line, engine_line, uptime_line

MODES = ("paper", "sim", "live")
WATCH_S = 1.0
_LOOK_S = 1.0  # for an engine that is not the one that was meant

R = TypeVar("R")


class Target(msgspec.Struct, frozen=True):
    """Which engine is meant. mode: None takes that of the configuration."""

    config: Path | None
    mode: str | None

    def mode_of(self, desk: Desk) -> str:
        """ "scan" is no mode of trading: it is what `arb scan` can be reached by."""
        return self.mode if self.mode == "scan" else self.of(desk)[0]

    def of(self, desk: Desk) -> tuple[str, Path]:
        """Its mode and its journal. A configuration that is broken must not keep anybody from halting, by --mode."""
        from arb.config import load

        try:
            settings = load(environ=desk.environ, cwd=desk.cwd, home=desk.home, config=self.config).settings
        except ConfigError as exc:
            if self.mode is None:
                raise ConfigError(f"{exc}; or say --mode {'|'.join(MODES)}") from None
            return self.mode, journal_path("", self.mode, desk.environ, desk.home)
        mode = self.mode or settings.run.mode
        return mode, desk.cwd / journal_path(settings.journal.path, mode, desk.environ, desk.home)


class Status(msgspec.Struct, frozen=True):
    """books: of every book by itself how long it was LIVE, instead of the engine."""

    target: Target
    watch: bool
    jsonl: bool
    books: bool = False

    def __call__(self, desk: Desk) -> int:
        mode, _journal = self.target.of(desk)

        async def look() -> None:
            if self.books:
                rows = (await asked(desk, mode, UPTIME)).rows
                for line in [uptime_line(mode, rows).decode()] if self.jsonl else operating.uptime_lines(rows):
                    desk.line(line)
                return
            status = await asked(desk, mode, STATUS)
            desk.line(engine_line(status).decode() if self.jsonl else operating.status_text(status))

        async def keep_looking(stop: asyncio.Event) -> None:
            while not stop.is_set():
                if desk.live and not self.jsonl:
                    desk.stdout.write("\x1b[H\x1b[2J")  # home, and nothing below
                await look()
                desk.stdout.flush()
                with suppress(TimeoutError):
                    async with asyncio.timeout(WATCH_S):
                        await stop.wait()

        if not self.watch:
            return once(look)
        _none, interrupted = run_until_stopped(keep_looking, grace_s=0.0)
        return INTERRUPTED if interrupted else OK


class Decide(msgspec.Struct, frozen=True):
    """`arb halt` and `arb resume`: said to the running engine, or kept for the next one."""

    target: Target
    verb: Wanted
    why: str

    def __call__(self, desk: Desk) -> int:
        mode, journal = self.target.of(desk)

        async def decide() -> None:
            try:
                await say()
            except NotRunning:
                kept = wish_path(journal)
                record_wish(kept, self.verb, self.why, desk.clock.wall_ns())
                try:  # one that was starting meanwhile may have looked for a wish before it was written
                    await say()
                except NotRunning:
                    outcome = "HALTED" if self.verb == "halt" else "no longer halted"
                    desk.line(f"no {mode} engine is running: its next start will be {outcome} (kept in {kept})")
                    if others := await running(desk, mode):
                        desk.stderr.write(f"warning: {others}\n")

        async def say() -> None:
            verb = HALT if self.verb == "halt" else RESUME
            reply = await ask(control_path(mode, desk.environ, desk.home), verb, why=self.why)
            desk.line(operating.risk_text(mode, reply))

        return once(decide)


class CancelAll(msgspec.Struct, frozen=True):
    target: Target

    def __call__(self, desk: Desk) -> int:
        mode, _journal = self.target.of(desk)

        async def cancel() -> None:
            for line in operating.cancel_lines(mode, await asked(desk, mode, CANCEL_ALL)):
                desk.line(line)

        return once(cancel)


class Flatten(msgspec.Struct, frozen=True):
    target: Target

    def __call__(self, desk: Desk) -> int:
        mode, _journal = self.target.of(desk)

        async def flatten() -> None:
            for line in operating.flatten_lines(mode, await asked(desk, mode, FLATTEN)):
                desk.line(line)

        return once(flatten)


class Balances(msgspec.Struct, frozen=True):
    target: Target
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        mode, _journal = self.target.of(desk)

        async def read() -> None:
            rows = (await asked(desk, mode, BALANCES)).rows
            for line in [balances_line(mode, rows).decode()] if self.jsonl else operating.balance_lines(rows):
                desk.line(line)

        return once(read)


async def asked(desk: Desk, mode: str, verb: Verb[R]) -> R:
    """What the engine of this mode answers. Raises NotRunning with a hint where another one runs."""
    try:
        return await ask(control_path(mode, desk.environ, desk.home), verb)
    except NotRunning as exc:
        others = await running(desk, mode, scans=verb is PATHS)
        raise NotRunning(f"no {mode} engine is running{f': {others}' if others else ''}") from exc


async def running(desk: Desk, mode: str, *, scans: bool = False) -> str:
    """Which engines of other modes run, and how to name them; "" where none does. scans: also what only looks."""
    found = []
    probes: list[tuple[str, Verb[Any]]] = [(each, STATUS) for each in MODES]
    if scans:
        probes.append(("scan", PATHS))
    for other, verb in probes:
        with suppress(ControlError):
            if other != mode:
                await ask(control_path(other, desk.environ, desk.home), verb, _LOOK_S)
                found.append(other)
    return f"one runs in {' and '.join(found)} mode; say --mode {found[0]}" if found else ""


def once(work: Callable[[], Awaitable[None]]) -> int:
    async def main(_stop: asyncio.Event) -> bool:
        await work()
        return True

    _done, interrupted = run_until_stopped(main, grace_s=0.0)
    return INTERRUPTED if interrupted else OK
