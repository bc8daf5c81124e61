"""`arb fastpath ...`. Imports little, for `--help`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from arb.cli import options as opt
from arb.cli.desk import Desk

Job = Callable[[Desk], int]

fastpath_app = typer.Typer(help="Native or ccxt: see and change the path of a venue.", rich_markup_mode=None)

Venue = Annotated[str, typer.Argument(metavar="VENUE", help="As in mexc.", show_default=False)]
Mode = Annotated[
    str | None,
    typer.Option("--mode", metavar="paper|sim|live|scan", help="Which run; else the engine of the configuration."),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept in the journal.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@fastpath_app.callback()
def fastpath() -> None:
    """Native or ccxt: see and change the path of a venue's market data."""


@fastpath_app.command()
def status(json: Json = False, mode: Mode = None, config: opt.Config = None) -> Job:
    """By which path each venue's market data comes, since whose word, and what runs beside it."""
    from arb.cli import choices
    from arb.cli.fastpath import PathStatus
    from arb.cli.operate import Target

    return PathStatus(target=Target(config, choices.run_mode(mode)), json=json)


@fastpath_app.command()
def on(venue: Venue, why: Why = "", mode: Mode = None, config: opt.Config = None) -> Job:
    """Move a venue of the running engine to its native path.

    Orders keep their own path. Exit code 1 where native does not carry every book that ccxt does.
    """
    return _turn(venue, True, why, mode, config)


@fastpath_app.command()
def off(venue: Venue, why: Why = "", mode: Mode = None, config: opt.Config = None) -> Job:
    """Move a venue of the running engine to ccxt, until `arb fastpath on` or the end of the run.

    Its books are `unchecked` then: [risk] min_trust says whether they are traded on. Orders keep their own path.
    """
    return _turn(venue, False, why, mode, config)


@fastpath_app.command()
def verify(
    venue: Venue,
    duration: opt.Duration = None,
    json: Json = False,
    mode: Mode = None,
    config: opt.Config = None,
    symbols: opt.Symbols = None,
    depth: opt.Depth = None,
    sim: opt.Sim = False,
    seed: opt.Seed = None,
    sim_symbols: opt.SimSymbols = None,
    faults: opt.Faults = None,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Run both paths side by side for a while (60 s) and tell where they differ.

    Beside the running engine; by itself with --sim, or where none runs. Exit code 1 where they differ.
    """
    from arb.cli import choices
    from arb.cli.fastpath import Verify
    from arb.cli.operate import Target

    return Verify(
        target=Target(config, choices.run_mode(mode)),
        venue=choices.venue("VENUE", venue),
        seconds=choices.duration(duration) or 60.0,
        json=json,
        options=choices.settings_options(symbols=symbols, depth=depth, log_level=log_level, verbose=verbose),
        sim=choices.simulation(sim=sim, seed=seed, sim_symbols=sim_symbols, truth=None, faults=faults),
    )


def _turn(venue: str, native: bool, why: str, mode: str | None, config: opt.Config) -> Job:
    from arb.cli import choices
    from arb.cli.fastpath import Turn
    from arb.cli.operate import Target

    target = Target(config, choices.run_mode(mode))
    return Turn(target=target, venue=choices.venue("VENUE", venue), native=native, why=why)
