"""`arb risk ...`. Imports little, for `--help`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from arb.cli import options as opt
from arb.cli.desk import Desk

Job = Callable[[Desk], int]

risk_app = typer.Typer(help="Put the risk gate to the test.", rich_markup_mode=None)


@risk_app.callback()
def risk() -> None:
    """Put the risk gate to the test."""


@risk_app.command()
def drill(
    config: opt.Config = None,
    seed: opt.Seed = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    log_level: opt.LogLevel = None,
    verbose: opt.Verbose = False,
) -> Job:
    """Trip every limit of the configuration on the simulated exchanges.

    Needs no keys and touches no venue. Exit code 1 if a limit does not trip.
    """
    from arb.cli import choices
    from arb.cli.drill import RiskDrill

    return RiskDrill(
        config=config,
        options=choices.settings_options(log_level=log_level, verbose=verbose),
        seed=1 if seed is None else seed,
        json=json,
    )
