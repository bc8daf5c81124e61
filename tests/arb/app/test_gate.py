"""Between a configuration and real orders: every step that can be missing is named, and none can be skipped."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from arb.app.gate import require_live
from arb.app.passes import Pass, doctor_pass, make_pass, record_pass
from arb.config import Credentials, Loaded, Options, load
from arb.errors import ConfigError

NOW = 1_700_000_000 * 10**9
HOUR = 3_600 * 10**9
LIVE = '[exchanges]\nmexc = {}\ngateio = {}\n[run]\nmode = "live"\n'
KEYS = {name: Credentials(name, f"{name}-key", "t0ps3cr3t") for name in ("mexc", "gateio")}


def loaded(folder: Path, text: str = LIVE, environ: Mapping[str, str] | None = None, **given: object) -> Loaded:
    (folder / "arb.toml").write_text(text)
    options: Options = given.get("options", {})  # type: ignore[assignment]
    return load(environ=environ or {}, cwd=folder, home=folder, options=options)


def passed(found: Loaded, *, age_ns: int = HOUR, unknown: tuple[str, ...] = ()) -> Pass:
    return make_pass(found.settings, KEYS, unknown, NOW - age_ns)


def refusal(found: Loaded, passed: Pass | None, *, flag: bool = True, keys: Mapping[str, Credentials] = KEYS) -> str:
    with pytest.raises(ConfigError) as caught:
        require_live(found, flag, keys, passed, NOW)
    message = str(caught.value)
    assert "\n" not in message
    assert "t0ps3cr3t" not in message
    return message


def test_all_steps_open_the_gate(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    require_live(found, True, KEYS, passed(found), NOW)


@pytest.mark.parametrize(
    ("text", "environ", "options"),
    [
        pytest.param("[exchanges]\nmexc = {}\n", {}, {}, id="not said at all"),
        pytest.param(LIVE.replace('"live"', '"paper"'), {}, {}, id="the file says paper"),
        pytest.param("[exchanges]\nmexc = {}\n", {"ARB__RUN__MODE": "live"}, {}, id="only the environment says it"),
        pytest.param(LIVE, {"ARB__RUN__MODE": "live"}, {}, id="the environment says it over the file"),
        pytest.param("[exchanges]\nmexc = {}\n", {}, {("run", "mode"): ("--mode", "live")}, id="only the command"),
    ],
)
def test_live_stands_in_the_file(tmp_path: Path, text: str, environ: dict[str, str], options: Options) -> None:
    found = loaded(tmp_path, text, environ, options=options)
    message = refusal(found, passed(found))
    assert message.startswith(f'live needs mode = "live" under [run] in {tmp_path}/arb.toml')


def test_live_is_said_on_the_command_too(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert "say --live too" in refusal(found, passed(found), flag=False)


def test_every_venue_has_a_key(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert "set ARB_GATEIO_KEY and ARB_GATEIO_SECRET" in refusal(found, passed(found), keys={"mexc": KEYS["mexc"]})


@pytest.mark.parametrize(
    ("age_ns", "says"),
    [
        pytest.param(24 * HOUR, "the last one is 24.0 hours old", id="a day is too old"),
        pytest.param(-HOUR, "the last one is of the future", id="a clock that was set back is no proof"),
    ],
)
def test_the_pass_is_recent(tmp_path: Path, age_ns: int, says: str) -> None:
    found = loaded(tmp_path)
    assert says in refusal(found, passed(found, age_ns=age_ns))
    assert "there is none: run 'arb doctor --live'" in refusal(found, None)
    require_live(found, True, KEYS, passed(found, age_ns=24 * HOUR - 1), NOW)


@pytest.mark.parametrize(
    "more",
    ["[risk]\nmax_trade = 900\n", "[execution]\nanswer_ms = 900\n", "[exchanges.gateio.options]\na = 1\n"],
)
def test_the_pass_is_of_this_configuration(tmp_path: Path, more: str) -> None:
    before = passed(loaded(tmp_path))
    text = LIVE.replace("gateio = {}\n", "") if "gateio" in more else LIVE
    assert "the configuration is another one" in refusal(loaded(tmp_path, text + more), before)


@pytest.mark.parametrize("more", ["[log]\nlevel = 'DEBUG'\n", "[size]\nBTC = 1\n", "[scan]\nsymbols = 'A/B'\n"])
def test_what_is_scanned_and_shown_may_change(tmp_path: Path, more: str) -> None:
    before = passed(loaded(tmp_path))
    require_live(loaded(tmp_path, LIVE + more), True, KEYS, before, NOW)


@pytest.mark.parametrize("field", ["key", "secret", "passphrase"])
def test_the_pass_is_of_these_keys(tmp_path: Path, field: str) -> None:
    found = loaded(tmp_path)
    other = KEYS | {"mexc": Credentials(**{"venue": "mexc", "key": "mexc-key", "secret": "t0ps3cr3t"} | {field: "new"})}
    assert "the key of mexc is another one" in refusal(found, passed(found), keys=other)


def test_untold_rights_are_acknowledged_without_another_pass(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    before = passed(found, unknown=("mexc",))
    assert "mexc does not tell whether its key may withdraw" in refusal(found, before)
    require_live(loaded(tmp_path, f"{LIVE}accept_unknown_rights = true\n"), True, KEYS, before, NOW)


def test_a_pass_is_kept_for_its_owner_and_tells_nothing_of_the_keys(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert doctor_pass(folder) is None
    before = passed(loaded(tmp_path), unknown=("mexc",))
    path = record_pass(folder, before)
    assert doctor_pass(folder) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(part in path.read_text() for part in ("t0ps3cr3t", "mexc-key"))
    again = passed(loaded(tmp_path))
    assert again.keys["mexc"] != before.keys["mexc"]  # another salt each time
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        doctor_pass(folder)
