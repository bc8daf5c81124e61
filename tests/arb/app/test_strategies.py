"""Strategies by name, from our folder or somebody else's package."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from arb.app import strategies
from arb.app.strategies import make_strategies
from arb.config import Settings
from arb.errors import ConfigError
from arb.strategies.cross_venue import CrossVenue


def test_ours_is_found_by_its_file_and_made_once():
    (made,) = make_strategies(("cross_venue", "cross_venue"), Settings())
    assert isinstance(made, CrossVenue)


def test_a_strategy_of_another_package_is_made_with_the_settings(monkeypatch):
    point = EntryPoint("theirs", "tests.arb.app.test_strategies:theirs", strategies.GROUP)
    monkeypatch.setattr(strategies, "entry_points", lambda group: [point] if group == strategies.GROUP else [])
    settings = Settings()
    assert make_strategies(("theirs",), settings) == (("theirs", settings),)


def theirs(settings):
    return "theirs", settings


def test_a_name_that_nobody_has_is_told_with_the_nearest_one():
    with pytest.raises(ConfigError, match="there is no strategy 'cros_venue'; did you mean 'cross_venue'"):
        make_strategies(("cros_venue",), Settings())
