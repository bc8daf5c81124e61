"""The commands that start an engine and steer it, and `arb doctor`. Imports little, for `--help`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from arb.cli import options as opt
from arb.cli.desk import Desk

Job = Callable[[Desk], int]

engine_app = typer.Typer()  # has no name: its commands stand beside the others

Mode = Annotated[
    str | None, typer.Option("--mode", metavar="paper|sim|live", help="Which engine; else that of the configuration.")
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept in the journal.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@engine_app.command()
def run(
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    mode: Annotated[
        str | None,
        typer.Option("--mode", metavar="paper|sim|live", help="paper fills against live books; else that of the file."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Really send real orders: one of the steps that needs.")] = False,
    symbols: opt.Symbols = None,
    size: opt.Size = None,
    depth: opt.Depth = None,
    sim: opt.Sim = False,
    fastpath: opt.Fastpath = None,
    orders: opt.Orders = None,
    spin: opt.Spin = False,
    duration: opt.Duration = None,
    max_cycles: Annotated[
        int | None, typer.Option("--max-cycles", min=1, metavar="N", help="Stop after so many cycles.")
    ] = None,
    accept_balances: Annotated[
        bool, typer.Option("--accept-balances", help="Take what the venues hold for right, whatever we expected.")
    ] = False,
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="Where the run is recorded.")
    ] = None,
    jsonl: opt.Jsonl = False,
    seed: opt.Seed = None,
    sim_symbols: opt.SimSymbols = None,
    truth: opt.Truth = None,
    faults: opt.Faults = None,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Trade what a scan finds, until Ctrl-C. Paper money unless told otherwise in several places."""
    from arb.cli import choices
    from arb.cli.run import Run

    chosen = choices.mode(mode)
    return Run(
        config=config,
        exchanges=choices.venues(exchanges),
        options=choices.settings_options(
            symbols=symbols,
            size=size,
            depth=depth,
            fastpath=fastpath,
            spin=spin,
            log_level=log_level,
            verbose=verbose,
        ),
        orders=choices.order_paths(orders),
        mode=chosen,
        live=choices.going_live(chosen, live=live, sim=sim),
        sim=choices.simulation(
            sim=sim or chosen == "sim", seed=seed, sim_symbols=sim_symbols, truth=truth, faults=faults
        ),
        duration_s=choices.duration(duration),
        max_cycles=max_cycles,
        accept_balances=accept_balances,
        journal=journal,
        jsonl=jsonl,
    )


@engine_app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, until Ctrl-C.")] = False,
    books: Annotated[bool, typer.Option("--books", help="How long each book was LIVE, the worst first.")] = False,
    json: Json = False,
    mode: Mode = None,
    config: opt.Config = None,
) -> Job:
    """What the running engine is doing: state, cycles, P&L, exposure, venues."""
    from arb.cli import choices
    from arb.cli.operate import Status, Target

    return Status(target=Target(config, choices.mode(mode)), watch=watch, jsonl=json, books=books)


@engine_app.command()
def halt(why: Why = "", mode: Mode = None, config: opt.Config = None) -> Job:
    """Send nothing more but cancels, until `arb resume`.

    At once, and also after a restart; where no engine runs, its next start begins halted.
    """
    from arb.cli import choices
    from arb.cli.operate import Decide, Target

    return Decide(target=Target(config, choices.mode(mode)), verb="halt", why=why)


@engine_app.command()
def resume(why: Why = "", mode: Mode = None, config: opt.Config = None) -> Job:
    """Trade again after a halt or a limit."""
    from arb.cli import choices
    from arb.cli.operate import Decide, Target

    return Decide(target=Target(config, choices.mode(mode)), verb="resume", why=why)


@engine_app.command("cancel-all")
def cancel_all(mode: Mode = None, config: opt.Config = None) -> Job:
    """Cancel every open order of ours; others' orders in the same account stay."""
    from arb.cli import choices
    from arb.cli.operate import CancelAll, Target

    return CancelAll(target=Target(config, choices.mode(mode)))


@engine_app.command()
def flatten(mode: Mode = None, config: opt.Config = None) -> Job:
    """Trade back what cycles have left behind (the exposure ledger)."""
    from arb.cli import choices
    from arb.cli.operate import Flatten, Target

    return Flatten(target=Target(config, choices.mode(mode)))


@engine_app.command()
def balances(json: Json = False, mode: Mode = None, config: opt.Config = None) -> Job:
    """What the running engine holds: free, locked and reserved, by venue and coin."""
    from arb.cli import choices
    from arb.cli.operate import Balances, Target

    return Balances(target=Target(config, choices.mode(mode)), jsonl=json)


@engine_app.command()
def doctor(
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    symbols: opt.Symbols = None,
    fastpath: opt.Fastpath = None,
    live: Annotated[
        bool, typer.Option("--live", help="Judge as a live run would: keys are needed, and a pass is recorded.")
    ] = False,
    sim: opt.Sim = False,
    json: Json = False,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Examine everything a run needs.

    Configuration, clock, DNS and round trips, first book, key rights, fee source, disk.
    """
    from arb.cli import choices
    from arb.cli.doctor import Doctor

    return Doctor(
        config=config,
        exchanges=choices.venues(exchanges),
        options=choices.settings_options(symbols=symbols, fastpath=fastpath, log_level=log_level, verbose=verbose),
        live=live,
        sim=choices.simulation(sim=sim, seed=None, sim_symbols=None, truth=None, faults=None),
        jsonl=json,
    )
