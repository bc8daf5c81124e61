"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.orphans import Orphans

# The suite draws the same examples each time, so that it says the same of the same code. ARB_RANDOM=1 draws others.
settings.register_profile("suite", derandomize=True)
if not os.environ.get("ARB_RANDOM"):
    settings.load_profile("suite")

ROOT = Path(__file__).parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Orphans(), "orphans")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded sessions and protocol samples, which is not part of the project."""
    named = os.environ.get("ARB_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"ARB_SHARED is set to {named}, which is no folder")
    pytest.skip("no recorded data here: set ARB_SHARED to its folder")
