"""Drawing goes on beside a run, and its failure does not end the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from loguru import logger
from rich.console import Console
from rich.text import Text

from arb.cli.desk import Desk
from arb.cli.views.live import drawn
from tests.arb.cli.fakes import FakeApp, Terminal


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    streams = Terminal(), Terminal()
    return Desk(environ={}, cwd=tmp_path, home=tmp_path, stdout=streams[0], stderr=streams[1], load_app=FakeApp)


async def test_the_last_picture_is_of_the_end(desk: Desk) -> None:
    state = ["begun"]
    async with drawn(desk, 3600.0, lambda _console: Text(state[0])):
        state[0] = "ended"
    assert "ended" in desk.stdout.getvalue()  # type: ignore[attr-defined]  # a Terminal


async def test_a_picture_that_fails_is_told_and_forgotten(desk: Desk) -> None:
    told: list[str] = []
    sink = logger.add(lambda message: told.append(str(message)), format="{message}")

    def picture(_console: Console) -> Text:
        raise ValueError("no colours left")

    try:
        async with drawn(desk, 0.0, picture):
            pass
    finally:
        logger.remove(sink)
    assert ["no colours left" in line for line in told] == [True]
