"""Colour is for terminals whose owner wants it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from arb.cli.desk import Desk
from tests.arb.cli.fakes import FakeApp, Terminal


@pytest.mark.parametrize(
    ("stream", "environ", "live", "color"),
    [
        pytest.param(Terminal(), {}, True, True, id="a terminal"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, True, False, id="a terminal with NO_COLOR"),
        pytest.param(Terminal(), {"NO_COLOR": ""}, True, True, id="an empty NO_COLOR says nothing"),
        pytest.param(io.StringIO(), {}, False, False, id="a pipe"),
    ],
)
def test_colour(stream: io.StringIO, environ: dict[str, str], live: bool, color: bool) -> None:
    desk = Desk(environ=environ, cwd=Path(), home=Path(), stdout=stream, stderr=stream, load_app=FakeApp)
    assert (desk.live, desk.color) == (live, color)


def test_the_app_is_loaded_once_and_late() -> None:
    loaded: list[FakeApp] = []

    def load() -> FakeApp:
        loaded.append(FakeApp())
        return loaded[-1]

    desk = Desk(environ={}, cwd=Path(), home=Path(), stdout=io.StringIO(), stderr=io.StringIO(), load_app=load)
    assert loaded == []
    assert desk.app is desk.app
    assert len(loaded) == 1
