"""The options that several commands share, as typer annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration; else ARB_CONFIG, ./arb.toml, the XDG config folder."),
]
Exchanges = Annotated[
    list[str] | None, typer.Option("--exchanges", "-e", metavar="A,B", help="Venues, as in mexc,gateio; needs no file.")
]
Symbols = Annotated[
    list[str] | None, typer.Option("--symbols", "-s", metavar="PATTERNS", help="As in 'BTC/USDT,*/USDT'.")
]
Size = Annotated[
    str | None, typer.Option("--size", metavar="AMOUNT", help="Most USDT spent on a buy, its fee included.")
]
MinEdge = Annotated[
    str | None, typer.Option("--min-edge-bps", metavar="BPS", help="Report no less than this, net of both fees.")
]
Depth = Annotated[str | None, typer.Option("--depth", metavar="top|5|20|full", help="Levels of each side.")]
Fastpath = Annotated[
    list[str] | None,
    typer.Option("--fastpath", metavar="VENUE=on|off", help="Take the native codec, or ccxt. Repeatable."),
]
Orders = Annotated[
    list[str] | None,
    typer.Option(
        "--orders", metavar="native|ccxt", help="Who carries orders and balances; VENUE=ccxt for one venue. Repeatable."
    ),
]
Sim = Annotated[bool, typer.Option("--sim", help="Simulated exchanges on this machine; needs no file and no keys.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of the simulated prices and gaps.")]
SimSymbols = Annotated[int | None, typer.Option("--sim-symbols", min=1, help="How many the simulation lists.")]
Truth = Annotated[
    Path | None, typer.Option("--truth", metavar="FILE", help="Where the simulation writes what it planted.")
]
Faults = Annotated[
    Path | None,
    typer.Option("--faults", metavar="FILE", help="TOML of the faults to simulate; see configs/faults.example.toml."),
]
Duration = Annotated[float | None, typer.Option("--duration", metavar="SECONDS", help="Stop after so long.")]
Spin = Annotated[bool, typer.Option("--spin", help="Never let the event loop sleep: for a core of its own.")]
Once = Annotated[
    bool, typer.Option("--once", help="Look at every pair once, then stop; exit code 6 if nothing is found.")
]
Show = Annotated[
    str | None, typer.Option("--show", metavar="rejected", help="Show refused opportunities too, with their reasons.")
]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line; the last one is the summary.")]
Levels = Annotated[int, typer.Option("--levels", min=1, max=5000, help="Levels of each side.")]
LogLevel = Annotated[str | None, typer.Option("--log-level", metavar="LEVEL", help="TRACE, DEBUG, INFO ... on stderr.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="The same as --log-level DEBUG.")]
