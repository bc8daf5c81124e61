"""Files and variables that people write, or that something else has written over: one line of ours, or good values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import note
from hypothesis import strategies as st

from arb.app.passes import Pass, doctor_pass, require_pass
from arb.catalog import Catalog
from arb.clock import ManualClock
from arb.config import Credentials, Loaded, Settings, load, read_keys
from arb.config.show import lines
from arb.config.sources import ENV_PREFIX
from arb.config.template import TEMPLATE
from arb.control import Wish, read_wish
from arb.errors import ArbError, ConfigError
from arb.sim.faults import FaultPlan
from tests.arb.test_catalog import FACTS
from tests.conftest import ROOT
from tests.hostile.fuzzing import fuzz, on_a_leash, outcome
from tests.hostile.mutation import WORDS, Step, altered_json, altered_toml, damaged, steps

CONFIGS = (*((ROOT / "configs" / f"{name}.toml").read_text() for name in ("demo", "paper", "live.example")), TEMPLATE)
KEYS = "[mexc]\nkey = 'k3y'\nsecret = 't0ps3cr3t'\n[gate]\nkey = 'g'\nsecret = 's3cr3t'\npassphrase = 'p4ss'\n"
FAULTS = (
    "seed = 7\n[[rules]]\nkind = 'drop'\nprobability = 0.1\nvenue = 'mexc'\n"
    "[[rules]]\nkind = 'stall'\nat_ms = [5.0, 9]\nduration_ms = 100\nscope = 'socket'\n"
)
SETTINGS = Settings.model_validate({"exchanges": {"mexc": {}}})
FOUND = {"mexc": Credentials("mexc", "k", "s")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Owner-only, since keys are read from it."""
    folder = tmp_path_factory.mktemp("hostile")
    folder.chmod(0o700)
    return folder


def loaded_from(folder: Path, data: bytes, environ: dict[str, str] | None = None) -> Loaded:
    path = folder / "arb.toml"
    path.write_bytes(data)
    return load(environ=environ or {}, cwd=folder, home=folder, config=path)


def one_line(error: ArbError | None) -> None:
    """What a person is told."""
    text = str(error)
    assert text
    assert "\n" not in text
    assert len(text) < 2_000


# ------------------------------------------------------------------------------------------------- configuration


@fuzz(50, which=st.integers(0, len(CONFIGS) - 1), doing=steps)
def test_a_spoiled_configuration_is_refused_in_a_line_or_can_be_shown(
    folder: Path, which: int, doing: list[Step]
) -> None:
    data = altered_toml(CONFIGS[which], doing)
    note(f"{data[:3_000]!r}")
    found, error = outcome(ConfigError, lambda: loaded_from(folder, data))
    if error is not None:
        one_line(error)
    else:
        can_be_shown(folder, found)


def can_be_shown(folder: Path, found: Loaded | None) -> None:
    """And what is shown is the same configuration again."""
    assert found is not None
    shown = "\n".join(lines(found, {}, resolved=True))
    assert loaded_from(folder, shown.encode()).settings == found.settings


names = st.sampled_from(
    [
        *("SCAN__MIN_EDGE_BPS", "SIZE__USDT", "SIZE__", "EXCHANGES__MEXC__FASTPATH", "EXCHANGES__MEXC__OPTIONS__A__B"),
        *("EXCHANGES__MEXC", "EXCHANGES", "", "__", "SCAN", "SCAN__", "scan__depth", "SCAN__DEPTH", "RISK__CURRENCY"),
        *("EXECUTION__UNWIND", "PAPER__BALANCES", "PAPER__BALANCES__USDT", "CACHE__TTL_H", "LOG__LEVEL", "ALERTS__ON"),
        *(
            "EXCHANGES__MEXC__REST_URL",
            "EXCHANGES__É__FEED",
            "RISK__FEE_COIN_RESERVE",
            "SCAN__SYMBOLS",
            "JOURNAL__PATH",
        ),
    ]
)


@fuzz(
    60,
    said=st.dictionaries(names, st.integers(0, len(WORDS) - 1) | st.text(max_size=20), max_size=4),
)
def test_a_strange_environment_is_refused_in_a_line_or_can_be_shown(folder: Path, said: dict[str, int | str]) -> None:
    environ = {ENV_PREFIX + name: WORDS[word] if isinstance(word, int) else word for name, word in said.items()}
    found, error = outcome(ConfigError, lambda: load(environ=environ, cwd=folder / "empty", home=folder / "empty"))
    if error is not None:
        one_line(error)
    else:
        can_be_shown(folder, found)


# ------------------------------------------------------------------------------------------------- keys


@fuzz(50, doing=steps)
def test_a_spoiled_file_of_keys_is_refused_without_a_word_of_it(folder: Path, doing: list[Step]) -> None:
    path = folder / "keys.toml"
    path.write_bytes(altered_toml(KEYS, doing))
    path.chmod(0o600)
    found, error = outcome(ConfigError, lambda: read_keys(path))
    if error is not None:
        one_line(error)
        assert not any(word in str(error) for word in ("k3y", "t0ps3cr3t", "s3cr3t", "p4ss"))
    for credentials in (found or {}).values():
        assert credentials.key
        assert credentials.secret
        assert credentials.secret not in repr(credentials) or len(credentials.secret) < 3


# ------------------------------------------------------------------------------------------------- what we wrote


def of_a_catalog(path: Path) -> object:
    """A cache that cannot be read is none: noted, and asked of the venue again."""
    notes: list[str] = []
    catalog = Catalog(path.parent, ManualClock(10**18), 3_600.0, notes.append)
    path.replace(catalog.path("v", "s"))
    entry = catalog.get("v", "s")
    assert entry is not None or len(notes) == 1
    assert all("\n" not in text and len(text) < 2_000 for text in notes)
    return entry


def of_a_pass(path: Path) -> object:
    path.replace(path.with_name("doctor.json"))
    return require_pass(doctor_pass(path.parent), SETTINGS, FOUND, 10**18)


def a_catalog(folder: Path) -> bytes:
    catalog = Catalog(folder, ManualClock(10**18), 3_600.0)
    catalog.put("v", "s", FACTS)
    return catalog.path("v", "s").read_bytes()


KINDS: dict[str, tuple[Callable[[Path], bytes], Callable[[Path], object]]] = {
    "catalog": (a_catalog, of_a_catalog),
    "wish": (lambda _: msgspec.json.encode(Wish("halt", "news", 10**18)), read_wish),
    "pass": (lambda _: msgspec.json.encode(Pass(10**18, "d", "00" * 16, {"mexc": "f"})), of_a_pass),
    "faults": (lambda _: b'{"seed":7,"rules":[{"kind":"drop","probability":0.5}]}', FaultPlan.load),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@fuzz(30, doing=steps)
def test_a_spoiled_file_of_ours_is_refused_in_a_line_or_read(folder: Path, kind: str, doing: list[Step]) -> None:
    make, read = KINDS[kind]
    data = (altered_json if doing[0][2] % 3 else damaged)(make(folder), doing)
    note(f"{data[:2_000]!r}")
    path = folder / "file.json"
    path.write_bytes(data)
    _, error = outcome(ArbError, lambda: read(path))
    if error is not None:
        one_line(error)


@fuzz(30, doing=steps)
def test_a_spoiled_plan_of_faults_is_refused_in_a_line_or_read(folder: Path, doing: list[Step]) -> None:
    path = folder / "faults.toml"
    path.write_bytes(altered_toml(FAULTS, doing))
    _, error = outcome(ConfigError, lambda: FaultPlan.load(path))
    if error is not None:
        one_line(error)


# ------------------------------------------------------------------------------------------------- too large

HUGE = 200 << 20  # of nothing: a file with a hole


def huge(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(HUGE)
    path.chmod(0o600)
    return path


READERS: dict[str, Callable[[Path], Any]] = {
    "configuration": lambda path: load(environ={}, cwd=path.parent, home=path.parent, config=path),
    "keys": read_keys,
    "faults": FaultPlan.load,
    "wish": read_wish,
    "pass": of_a_pass,
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_cannot_be_meant_is_not_read_whole(folder: Path, kind: str) -> None:
    path = huge(folder / f"{kind}.toml")
    with on_a_leash(cpu_s=2.0, more_bytes=64 << 20):
        _, error = outcome(ArbError, lambda: READERS[kind](path))
    one_line(error)
    assert "KiB" in str(error) or "MiB" in str(error)


def test_a_catalog_that_cannot_be_meant_is_not_read_whole(folder: Path) -> None:
    with on_a_leash(cpu_s=2.0, more_bytes=64 << 20):
        assert of_a_catalog(huge(folder / "file.json")) is None
