"""The commands and their options. Each says what is wanted, as a job; `entry` runs it. Imports little, for `--help`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from arb.cli import options as opt
from arb.cli.desk import Desk
from arb.cli.engine_commands import engine_app
from arb.cli.fastpath_commands import fastpath_app
from arb.cli.history_commands import history_app
from arb.cli.risk_commands import risk_app

Job = Callable[[Desk], int]  # returns the exit code

_CODES = """\
\b
Exit codes:
  0    ok
  1    error
  2    usage: the command line is wrong
  4    configuration or credentials are wrong or missing
  5    a venue is unreachable, or did not answer in time
  6    --once found nothing
  7    stopped by a risk limit
  8    stopped with an unhedged residual
  9    our records and a venue disagree: nothing is traded before a person has looked
  130  interrupted
\b
stdout is data (a live table on a terminal, plain lines when piped, JSON with --jsonl); stderr is logs.
"""

app = typer.Typer(
    name="arb",
    help="Cross-exchange arbitrage: certified books, and evidence for every opportunity.",
    epilog=_CODES,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Check or show the configuration.", rich_markup_mode=None)
app.add_typer(config_app, name="config")
app.add_typer(engine_app)
app.add_typer(history_app)
app.add_typer(risk_app, name="risk")
app.add_typer(fastpath_app, name="fastpath")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"arb {version('arb')}")
        except PackageNotFoundError:
            typer.echo("arb, not installed: run from its sources")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


@app.command()
def scan(
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    symbols: opt.Symbols = None,
    size: opt.Size = None,
    min_edge_bps: opt.MinEdge = None,
    depth: opt.Depth = None,
    sim: opt.Sim = False,
    fastpath: opt.Fastpath = None,
    spin: opt.Spin = False,
    duration: opt.Duration = None,
    once: opt.Once = False,
    show: opt.Show = None,
    jsonl: opt.Jsonl = False,
    tape: Annotated[Path | None, typer.Option("--tape", metavar="FILE", help="Record everything meanwhile.")] = None,
    seed: opt.Seed = None,
    sim_symbols: opt.SimSymbols = None,
    truth: opt.Truth = None,
    faults: opt.Faults = None,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Find every executable gap between exchanges, until Ctrl-C."""
    from arb.cli import choices
    from arb.cli.scan import Scan

    return Scan(
        config=config,
        exchanges=choices.venues(exchanges),
        options=choices.settings_options(
            symbols=symbols,
            size=size,
            min_edge_bps=min_edge_bps,
            depth=depth,
            fastpath=fastpath,
            spin=spin,
            log_level=log_level,
            verbose=verbose,
        ),
        sim=choices.simulation(sim=sim, seed=seed, sim_symbols=sim_symbols, truth=truth, faults=faults),
        tape=None if tape is None else choices.fresh("--tape", tape),
        duration_s=choices.duration(duration),
        once=once,
        rejected=choices.show_rejected(show),
        jsonl=jsonl,
    )


@app.command()
def book(
    target: Annotated[str, typer.Argument(metavar="VENUE:SYMBOL", help="As in mexc:BTC/USDT.", show_default=False)],
    levels: opt.Levels = 10,
    jsonl: opt.Jsonl = False,
    compare: Annotated[
        str | None, typer.Option("--compare", metavar="ccxt", help="Show ccxt's book of the same market beside it.")
    ] = None,
    config: opt.Config = None,
    depth: opt.Depth = None,
    fastpath: opt.Fastpath = None,
    sim: opt.Sim = False,
    duration: opt.Duration = None,
    seed: opt.Seed = None,
    sim_symbols: opt.SimSymbols = None,
    faults: opt.Faults = None,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Watch one book live: its levels, state, sequence and age."""
    from arb.cli import choices
    from arb.cli.book import Watch

    venue, symbol = choices.target(target)
    return Watch(
        venue=venue,
        symbol=symbol,
        levels=levels,
        jsonl=jsonl,
        compare=choices.compare(compare),
        config=config,
        options=choices.settings_options(depth=depth, fastpath=fastpath, log_level=log_level, verbose=verbose),
        sim=choices.simulation(sim=sim, seed=seed, sim_symbols=sim_symbols, truth=None, faults=faults),
        duration_s=choices.duration(duration),
    )


@app.command()
def exchanges(jsonl: opt.Jsonl = False) -> Job:
    """List the venues that can be named."""
    from arb.cli.listings import Exchanges

    return Exchanges(jsonl=jsonl)


@app.command()
def markets(
    pattern: Annotated[
        str | None, typer.Argument(metavar="[PATTERN]", help="As in '*/USDT'; else every market.")
    ] = None,
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    sim: opt.Sim = False,
    jsonl: opt.Jsonl = False,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """List markets: ticks, steps, minimums, fees."""
    from arb.cli import choices
    from arb.cli.listings import Markets

    return Markets(
        patterns=choices.patterns("PATTERN", [pattern or "*/*"]),
        config=config,
        exchanges=choices.venues(exchanges),
        options=choices.settings_options(log_level=log_level, verbose=verbose),
        sim=choices.simulation(sim=sim, seed=None, sim_symbols=None, truth=None, faults=None),
        jsonl=jsonl,
    )


@config_app.command("check")
def config_check(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Else what --config would take.")] = None,
    config: opt.Config = None,
) -> Job:
    """Say ok, or what is wrong in one line."""
    from arb.cli.configure import Check

    return Check(config=file or config)


@config_app.command("show")
def config_show(
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    symbols: opt.Symbols = None,
    size: opt.Size = None,
    min_edge_bps: opt.MinEdge = None,
    depth: opt.Depth = None,
    fastpath: opt.Fastpath = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Every value, the defaults too.")] = False,
) -> Job:
    """Print the settings as TOML, each with where it came from; secrets are masked."""
    from arb.cli import choices
    from arb.cli.configure import Show

    return Show(
        config=config,
        exchanges=choices.venues(exchanges),
        options=choices.settings_options(
            symbols=symbols, size=size, min_edge_bps=min_edge_bps, depth=depth, fastpath=fastpath
        ),
        resolved=resolved,
    )


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="Where to.", show_default=True)] = Path("arb.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> Job:
    """Write a commented configuration."""
    from arb.cli.configure import Init

    return Init(path=path, force=force)


@app.command()
def record(
    what: Annotated[
        list[str],
        typer.Argument(metavar="OUT | VENUE SYMBOLS [OUT]", help="As in 'kucoin BTC/USDT'.", show_default=False),
    ],
    config: opt.Config = None,
    exchanges: opt.Exchanges = None,
    symbols: opt.Symbols = None,
    depth: opt.Depth = None,
    fastpath: opt.Fastpath = None,
    sim: opt.Sim = False,
    duration: opt.Duration = None,
    seed: opt.Seed = None,
    sim_symbols: opt.SimSymbols = None,
    truth: opt.Truth = None,
    faults: opt.Faults = None,
    jsonl: opt.Jsonl = False,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Write what venues send, raw, to a tape."""
    from arb.cli import choices
    from arb.cli.record import Record

    plan = choices.recording(what, exchanges, symbols)
    return Record(
        out=plan.out,
        config=config,
        exchanges=plan.exchanges,
        options=choices.settings_options(
            symbols=plan.symbols, depth=depth, fastpath=fastpath, log_level=log_level, verbose=verbose
        ),
        sim=choices.simulation(sim=sim, seed=seed, sim_symbols=sim_symbols, truth=truth, faults=faults),
        duration_s=choices.duration(duration),
        jsonl=jsonl,
    )


@app.command()
def replay(
    tape: Annotated[Path, typer.Argument(metavar="TAPE", help="A tape, or a recorded session.", show_default=False)],
    books: Annotated[bool, typer.Option("--books", help="The books alone: a line for every change.")] = False,
    levels: opt.Levels = 10,
    venue: Annotated[str | None, typer.Option("--venue", metavar="NAME", help="Whose session it is.")] = None,
    config: opt.Config = None,
    symbols: opt.Symbols = None,
    size: opt.Size = None,
    min_edge_bps: opt.MinEdge = None,
    show: opt.Show = None,
    jsonl: opt.Jsonl = False,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Play a recording as if it were live.

    The same codecs, books and scanner, as fast as they go, on a hand-turned clock.
    """
    from arb.cli import choices
    from arb.cli.replay import Replay

    return Replay(
        tape=choices.existing("TAPE", tape),
        books=books,
        levels=levels,
        venue=None if venue is None else choices.venue("--venue", venue),
        config=config,
        options=choices.settings_options(
            symbols=symbols, size=size, min_edge_bps=min_edge_bps, log_level=log_level, verbose=verbose
        ),
        rejected=choices.show_rejected(show),
        jsonl=jsonl,
    )


@app.command()
def sim(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The first one; 0: any free ones.")] = 0,
    seed: opt.Seed = None,
    symbols: Annotated[int | None, typer.Option("--symbols", min=1, help="How many to list.")] = None,
    truth: opt.Truth = None,
    faults: opt.Faults = None,
    duration: opt.Duration = None,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Serve the simulated exchanges.

    The first line of stdout is JSON with their URLs. What a file of --faults may hold is shown by
    configs/faults.example.toml.
    """
    from arb.cli import choices
    from arb.cli.sim import Simulate

    return Simulate(
        port=port,
        options=choices.sim_options(seed=seed, symbols=symbols, truth=truth, faults=faults),
        duration_s=choices.duration(duration),
        log_level=choices.log_level_of(log_level, verbose),
    )


@app.command()
def bench(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[all|decode|wire|order|cycle|journal|tape|evenness|scale|alloc|start|tried|soak]",
            help="What to measure.",
        ),
    ] = "decode",
    exchanges: opt.Exchanges = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=100, help="Of each venue (20000); of a soak (10000000).")
    ] = None,
    reconnects: Annotated[
        int | None, typer.Option("--reconnects", min=20, help="Connections lost in a soak (10000).")
    ] = None,
    cycles: Annotated[
        int | None, typer.Option("--cycles", min=20, help="Written down (1000), run (30) on each path; soaked (10000).")
    ] = None,
    orders: Annotated[int, typer.Option("--orders", min=20, help="Sent by each client.")] = 2_000,
    ticks: Annotated[
        int, typer.Option("--ticks", min=0, help="With 'order': that each client orders on, a round and venue.")
    ] = 10,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Every path in turn, so many times.")] = 5,
    seed: opt.Seed = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="With 'all': write a page with a chart too.")
    ] = None,
    jsonl: opt.Jsonl = False,
) -> Job:
    """Measure, with a rival in the same run.

    all: everything below, then each budget as MET or MISSED; exit code 1 unless all are met (ten minutes).
    decode: native against ccxt on the same frames, from bytes to checked, updated book.
    wire: a frame on the socket to the book's watcher and to the decision, against ccxt.pro and others.
    journal: orders written down before they leave, with and without waiting for the disk.
    evenness: frame to decision at 500 a second, with the garbage collector settled and left alone.
    tape: what a taped frame costs the loop and the tape's thread, and its bytes in the file.
    order: a signed order and its answer over loopback, by HTTP and over Gate's socket, against aiohttp, httpx and
    ccxt; then a tick on a venue's socket to the signed order at its venue, against ccxt.pro (a minute).
    cycle: from the risk gate's word to both legs accounted, native against ccxt, at 0 and 10 ms one way (minutes).
    scale: cost of a frame and memory of a book as symbols, venues and rate grow.
    alloc: memory blocks that book updates take, and keep.
    start: process start to the first LIVE book and decision, cold and warm; and --help.
    tried: every part beside the alternatives it was chosen from (no part of all).
    soak: millions of frames, thousands of reconnects and cycles: exit code 1 unless nothing grows (half an hour).
    """
    from arb.cli import choices
    from arb.cli.bench import Bench, BenchCycle, BenchJournal, BenchOrder
    from arb.cli.bench_soak import Soak
    from arb.cli.bench_suite import BenchAll, BenchOne
    from arb.cli.bench_tried import BenchTried

    venues, seeded = choices.venues(exchanges), 1 if seed is None else seed
    if choices.benchmark(what) == "all":
        return BenchAll(exchanges=venues, rounds=rounds, seed=seeded, html=html, jsonl=jsonl)
    if html is not None:
        raise typer.BadParameter("a page is made of everything; use it with 'all'", param_hint="--html")
    if what == "soak":
        return Soak(frames=frames, reconnects=reconnects, cycles=cycles, seed=seeded, jsonl=jsonl)
    if reconnects is not None:
        raise typer.BadParameter("connections are lost in a soak only; use it with 'soak'", param_hint="--reconnects")
    count = 20_000 if frames is None else frames
    if what in ("wire", "tape", "evenness", "scale", "alloc", "start"):
        return BenchOne(name=what, exchanges=venues, frames=count, rounds=rounds, seed=seeded, jsonl=jsonl)
    if what == "journal":
        return BenchJournal(cycles=cycles or 1_000, rounds=rounds, jsonl=jsonl)
    if what == "cycle":
        return BenchCycle(cycles=cycles or 30, rounds=rounds, seed=seeded, jsonl=jsonl)
    if what == "tried":
        return BenchTried(exchanges=venues, rounds=rounds, seed=seeded, jsonl=jsonl)
    if what == "order":
        return BenchOrder(exchanges=venues, orders=orders, ticks=ticks, rounds=rounds, seed=seeded, jsonl=jsonl)
    return Bench(exchanges=venues, frames=count, rounds=rounds, seed=seeded, jsonl=jsonl)
