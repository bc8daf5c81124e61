"""Whose codec a name in the config stands for: a file of `fastpath/`, an installed package's, or ccxt's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.ccxt_venue import CcxtFactory
from arb.app import venues
from arb.app.factories import Factories, check_venue
from arb.app.listing import exchanges
from arb.app.simulating import Environment
from arb.app.venues import canonical, native_specs, native_venue
from arb.clock import ManualClock
from arb.config import Settings, VenueConfig
from arb.errors import ConfigError
from fastpath.net.native import NativeFactory

MODULE = """
import msgspec
from fastpath.gateio import SPEC, Codec
SPEC = msgspec.structs.replace(SPEC, name={name!r}, ccxt_id="kraken", aliases=("cracken",))
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package beside ours: `install(kraken="their_module")` with entry points as a wheel would have them."""
    monkeypatch.syspath_prepend(tmp_path)

    def into_path(**points: str) -> None:
        folder = tmp_path / "their_venues-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: their-venues\nVersion: 1.0\n")
        lines = "\n".join(f"{name} = {module}" for name, module in points.items())
        (folder / "entry_points.txt").write_text(f"[{venues.GROUP}]\n{lines}\n")
        forget()

    def forget() -> None:
        for cached in (venues.native_specs, venues._native):
            cached.cache_clear()

    yield into_path
    forget()


@pytest.fixture
def module(tmp_path: Path) -> Callable[..., str]:
    """Writes a module of theirs; its name is different each time, since Python remembers what it has imported."""

    def write(name: str, text: str = MODULE) -> str:
        made = f"their_{name}_{abs(hash(tmp_path))}"
        (tmp_path / f"{made}.py").write_text(text.format(name=name))
        return made

    return write


def made_for(name: str, **config: bool) -> type:
    settings = Settings(exchanges={name: VenueConfig(**config)})
    return type(Factories(Environment(settings, {}), ManualClock())[name])


def test_an_installed_package_brings_a_venue(install: Install, module: Callable[..., str]) -> None:
    install(kraken=module("kraken"))
    found = native_venue("kraken")
    assert found is not None
    assert found.SPEC.name == "kraken"
    assert [spec.name for spec in native_specs()][-1] == "kraken"
    assert canonical("cracken") == "kraken"
    check_venue("kraken", True)
    assert made_for("kraken") is NativeFactory
    assert made_for("kraken", fastpath=True) is NativeFactory
    [row] = [row for row in exchanges() if row.name == "kraken"]
    assert (row.native, row.ccxt, row.aliases) == (True, True, ("cracken",))


def test_an_object_in_a_module_will_do(install: Install, module: Callable[..., str]) -> None:
    install(kraken=f"{module('kraken', MODULE + 'class Both: SPEC, Codec = SPEC, Codec')}:Both")
    found = native_venue("kraken")
    assert found is not None
    assert found.SPEC.name == "kraken"


def test_a_file_of_ours_comes_before_a_package(install: Install) -> None:
    install(mexc="nothing_of_the_kind")
    found = native_venue("mexc")
    assert found is not None
    assert found.__name__ == "fastpath.mexc"
    assert [spec.name for spec in native_specs()].count("mexc") == 1


def test_a_package_comes_before_ccxt_unless_the_user_says_otherwise(
    install: Install, module: Callable[..., str]
) -> None:
    assert made_for("kraken") is CcxtFactory
    install(kraken=module("kraken"))
    assert made_for("kraken") is NativeFactory
    assert made_for("kraken", fastpath=False) is CcxtFactory
    assert made_for("kucoin") is CcxtFactory


def test_without_any_package_the_rest_is_ccxts() -> None:
    assert native_venue("kraken") is None
    assert made_for("kraken") is CcxtFactory
    assert made_for("kraken", fastpath=False) is CcxtFactory


@pytest.mark.parametrize(
    ("name", "fastpath", "words"),
    [
        pytest.param("kraken", True, "kraken has no native codec", id="a fast path where there is none"),
        pytest.param("krakn", None, "did you mean kraken", id="a name that nobody serves"),
        pytest.param("Kraken", None, "no venue name", id="a name with a capital letter"),
        pytest.param("../mexc", None, "no venue name", id="a path"),
        pytest.param("", None, "no venue name", id="no name at all"),
        pytest.param("net", None, "a folder of arb itself", id="a helper folder"),
        pytest.param("wire", False, "a folder of arb itself", id="a helper folder, through ccxt"),
    ],
)
def test_names_that_stand_for_nothing(name: str, fastpath: bool | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_venue(name, fastpath)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("import nothing_of_the_kind", "cannot be loaded: No module named", id="it does not import"),
        pytest.param("SPEC = 1", "has no SPEC and Codec", id="half of it is missing"),
        pytest.param(MODULE.replace("{name!r}", "'other'"), "calls itself 'other'", id="it is somebody else's"),
    ],
)
def test_a_package_that_brings_no_venue(text: str, words: str, install: Install, module: Callable[..., str]) -> None:
    install(kraken=module("kraken", text))
    with pytest.raises(ConfigError, match=words):
        native_venue("kraken")


def test_an_entry_point_that_nobody_can_name_is_left_alone(install: Install) -> None:
    install(**{"No-Name": "nothing_of_the_kind", "net": "nothing_of_the_kind"})
    assert {spec.name for spec in native_specs()} == {"mexc", "gateio"}


def test_an_alias_is_the_venue_itself() -> None:
    assert canonical("gate") == "gateio"
    assert native_venue("gate") is native_venue("gateio")
    assert canonical("kraken") == "kraken"
