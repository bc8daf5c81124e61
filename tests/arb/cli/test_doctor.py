"""`arb doctor`: what the app is asked, what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arb.config import Credentials
from arb.rows import DoctorReport, DoctorRow, Health, SimOptions
from tests.arb.cli.fakes import Shell

OK = DoctorRow("clock", "mexc", Health.OK, "it is noon")
WARN = DoctorRow("key", "gateio", Health.WARN, "it works from anywhere", "name an address")
UNKNOWN = DoctorRow("key", "mexc", Health.UNKNOWN, "nobody tells")


def failing(area: str) -> DoctorRow:
    return DoctorRow(area, "mexc", Health.FAIL, "bad", "mend it")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param((OK, WARN, UNKNOWN), 0, id="nothing fails"),
        pytest.param((OK, failing("key")), 4, id="a key"),
        pytest.param((failing("config"),), 4, id="the configuration"),
        pytest.param((failing("disk"),), 4, id="the disk"),
        pytest.param((failing("network"), OK), 5, id="a venue cannot be reached"),
        pytest.param((failing("book"),), 5, id="no book"),
        pytest.param((failing("clock"),), 5, id="its time is not known well enough"),
        pytest.param((failing("network"), failing("key")), 4, id="what can be mended here comes first"),
    ],
)
def test_exit_code(shell: Shell, rows: tuple[DoctorRow, ...], code: int) -> None:
    shell.app.report = DoctorReport(rows)
    assert shell("doctor", "--exchanges", "mexc") == code


def test_in_words(shell: Shell) -> None:
    shell.app.report = DoctorReport((OK, WARN), Path("/data/doctor.json"))
    shell("doctor", "--exchanges", "mexc,gateio")
    assert shell.out.splitlines() == [
        "OK       clock    mexc    it is noon",
        "WARN     key      gateio  it works from anywhere -> name an address",
        "1 OK, 1 WARN",
        "a pass is recorded in /data/doctor.json: live asks for one under 24 h old",
    ]


def test_as_json(shell: Shell) -> None:
    shell.app.report = DoctorReport((WARN,))
    shell("doctor", "--exchanges", "mexc", "--json")
    assert json.loads(shell.out) == {
        "schema": "arb.doctor/1",
        "area": "key",
        "venue": "gateio",
        "health": "WARN",
        "found": "it works from anywhere",
        "cure": "name an address",
    }


def test_what_the_app_is_asked(shell: Shell) -> None:
    path = shell.write('[exchanges]\nmexc = {}\n[run]\nmode = "live"\n')
    keys = shell.write("[mexc]\nkey = 'k'\nsecret = 's'\n", "home/.config/arb/keys.toml")
    for folder in (keys, keys.parent, keys.parent.parent):
        folder.chmod(0o600 if folder is keys else 0o700)
    assert shell("doctor", "--live") == 0
    call = shell.app.calls["doctor"]
    assert (call.live, call.sim, call.credentials) == (True, None, {"mexc": Credentials("mexc", "k", "s")})
    data = shell.home / ".local" / "share" / "arb"
    assert call.files.config == path
    assert call.files.keys == keys
    assert (call.files.data, call.files.journal) == (data, data / "journal-live.sqlite")


def test_the_simulated_exchanges_need_no_file_and_no_keys(shell: Shell) -> None:
    shell.environ["ARB_MEXC_KEY"] = "half a pair"
    shell.environ["ARB_KEYS_FILE"] = "nowhere"
    assert shell("doctor", "--sim") == 0
    call = shell.app.calls["doctor"]
    assert (list(call.settings.exchanges), call.credentials, call.sim) == (["mexc", "gateio"], {}, SimOptions())


def test_a_file_of_keys_that_others_can_read_is_one_line(shell: Shell) -> None:
    keys = shell.write("[mexc]\nkey = 'k3y'\nsecret = 's'\n", "home/.config/arb/keys.toml")
    keys.chmod(0o644)
    assert shell("doctor", "--exchanges", "mexc") == 4
    assert shell.err == f"error: {keys} can be read by others (mode 0644); run: chmod 600 {keys}\n"


def test_without_venues_it_says_how_to_start(shell: Shell) -> None:
    assert shell("doctor") == 4
    assert "no configuration file was found" in shell.err
