"""What a command needs from outside. Tests hand in a fake app, another environment and other streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from arb.cli.ports import Application
    from arb.interfaces import Clock


class Desk:
    """stdout: data.   stderr: logs and errors.   The app and the clock are loaded when first asked for."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        cwd: Path,
        home: Path,
        stdout: TextIO,
        stderr: TextIO,
        load_app: Callable[[], Application],
    ) -> None:
        self.environ = environ
        self.cwd = cwd
        self.home = home
        self.stdout = stdout
        self.stderr = stderr
        self._load_app = load_app

    @cached_property
    def app(self) -> Application:
        return self._load_app()

    @cached_property
    def clock(self) -> Clock:
        from arb.clock import SystemClock

        return SystemClock()

    @property
    def live(self) -> bool:
        """Somebody watches stdout as it changes."""
        return self.stdout.isatty()

    @property
    def color(self) -> bool:
        return self.live and not self.environ.get("NO_COLOR")

    def line(self, text: str) -> None:
        """One line of data."""
        self.stdout.write(f"{text}\n")


def real_desk() -> Desk:
    if isinstance(sys.stdout, TextIOWrapper):  # a character that the terminal does not have must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")
    return Desk(
        environ=os.environ,
        cwd=Path.cwd(),
        home=Path.home(),
        stdout=sys.stdout,
        stderr=sys.stderr,
        load_app=_load_app,
    )


def _load_app() -> Application:
    import arb.app

    return arb.app
