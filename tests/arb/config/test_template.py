"""The configurations that come with the project are right, and tell of every key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from arb.config import Settings, VenueConfig, load
from arb.config.template import TEMPLATE

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_file_in_configs_can_be_read(path: Path, tmp_path: Path) -> None:
    loaded = load(environ={}, cwd=tmp_path, home=tmp_path, config=path)
    assert len(loaded.settings.exchanges) >= 2


def test_the_example_is_what_init_writes() -> None:
    assert (CONFIGS / "live.example.toml").read_text() == TEMPLATE


def test_the_template_holds_the_defaults_and_every_key() -> None:
    tree = tomllib.loads(TEMPLATE)
    written = {section: table for section, table in tree.items() if section != "exchanges"}
    assert written == Settings().model_dump(mode="json", exclude={"exchanges"})
    assert [key for key in VenueConfig.model_fields if f"# {key} = " not in TEMPLATE] == []
