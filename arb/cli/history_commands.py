"""The commands that read the journal. Imports little, for `--help`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from arb.cli import options as opt
from arb.cli.desk import Desk

Job = Callable[[Desk], int]

history_app = typer.Typer()  # has no name: its commands stand beside the others

Mode = Annotated[
    str | None, typer.Option("--mode", metavar="paper|sim|live", help="Whose journal; else that of the configuration.")
]
Journal = Annotated[
    Path | None, typer.Option("--journal", metavar="FILE", help="Read this one; needs no configuration.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="7d|2026-01-31", help="So long ago (m, h, d, w), or a UTC day.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@history_app.command()
def history(
    since: Since = None, json: Json = False, mode: Mode = None, journal: Journal = None, config: opt.Config = None
) -> Job:
    """The cycles: how each ended, and what it earned."""
    from arb.cli import choices
    from arb.cli.history import Cycles, Source
    from arb.cli.since import parse_since

    return Cycles(
        source=Source(config, choices.mode(mode), journal),
        since=choices.checked("--since", parse_since, since or ""),
        jsonl=json,
    )


@history_app.command()
def orders(
    open: Annotated[bool, typer.Option("--open", help="Only those that may still rest or fill.")] = False,
    since: Since = None,
    json: Json = False,
    mode: Mode = None,
    journal: Journal = None,
    config: opt.Config = None,
) -> Job:
    """Every order sent, and what became of it."""
    from arb.cli import choices
    from arb.cli.history import Orders, Source
    from arb.cli.since import parse_since

    return Orders(
        source=Source(config, choices.mode(mode), journal),
        only_open=open,
        since=choices.checked("--since", parse_since, since or ""),
        jsonl=json,
    )


@history_app.command()
def explain(
    cycle: Annotated[str, typer.Argument(metavar="CYCLE", help="Its name, or the beginning.", show_default=False)],
    json: Json = False,
    mode: Mode = None,
    journal: Journal = None,
    config: opt.Config = None,
) -> Job:
    """All evidence of one cycle.

    Plan and books, timeline by stage, every answer, and where realised and expected part.
    """
    from arb.cli import choices
    from arb.cli.history import Explain, Source

    return Explain(source=Source(config, choices.mode(mode), journal), cycle=cycle, jsonl=json)


@history_app.command()
def report(
    since: Since = None,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with a chart, of one file.")
    ] = None,
    mode: Mode = None,
    journal: Journal = None,
    config: opt.Config = None,
) -> Job:
    """Profit by pair, venue and day."""
    from arb.cli import choices
    from arb.cli.history import Report, Source
    from arb.cli.since import parse_since

    if csv and json:
        raise typer.BadParameter("is one format, --json another; choose one of them", param_hint="--csv")
    return Report(
        source=Source(config, choices.mode(mode), journal),
        since=choices.checked("--since", parse_since, since or ""),
        csv=csv,
        jsonl=json,
        html=html,
    )
