"""The configurations that come with the project are right, and tell of every key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from arb.config import Settings, VenueConfig, load
from arb.config.template import TEMPLATE

CONFIGS = Path(__file__).parents[3] / "configs"


FAULTS = CONFIGS / "faults.example.toml"  # for `arb sim --faults`, and read by its tests


@pytest.mark.parametrize("path", sorted({*CONFIGS.glob("*.toml")} - {FAULTS}), ids=lambda path: path.name)
def test_every_file_in_configs_can_be_read(path: Path, tmp_path: Path) -> None:
    loaded = load(environ={}, cwd=tmp_path, home=tmp_path, config=path)
    assert len(loaded.settings.exchanges) >= 2


def test_the_example_is_what_init_writes_but_for_the_mode() -> None:
    example = (CONFIGS / "live.example.toml").read_text()
    assert tomllib.loads(example)["run"]["mode"] == "live"
    assert example.replace('mode = "live"   ', 'mode = "paper"  ') == TEMPLATE


@pytest.mark.parametrize(("name", "mode"), [("demo", "paper"), ("paper", "paper"), ("live.example", "live")])
def test_each_file_in_configs_is_for_what_its_name_says(name: str, mode: str, tmp_path: Path) -> None:
    loaded = load(environ={}, cwd=tmp_path, home=tmp_path, config=CONFIGS / f"{name}.toml")
    assert loaded.settings.run.mode == mode
    assert loaded.settings.run.accept_unknown_rights is False


def test_the_template_holds_the_defaults_and_every_key() -> None:
    tree = tomllib.loads(TEMPLATE)
    written = {section: table for section, table in tree.items() if section != "exchanges"}
    assert written == Settings().model_dump(mode="json", exclude={"exchanges"})
    assert [key for key in VenueConfig.model_fields if f"# {key} = " not in TEMPLATE] == []
