"""What `make audit` would notice: a planted secret, a distribution that is not pinned, a known hole."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEYS = {  # put together here, so that this file holds none
    "an exchange's key": "secret_key = '" + "8f3a9c1d" + "e7b24f60a5d9c8e1f2b3a4c5" + "'",  # pragma: allowlist secret
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an access key": "AKIA" + "QWERTYUIOPASDFGH",
    "a bot's token": "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX",  # pragma: allowlist secret
    "a login in an address": "url = 'https://joe:"
    + "hunter2hunter2"
    + "@api.example.com/'",  # pragma: allowlist secret
}


def test_a_planted_secret_is_found_where_it_stands_and_not_shown(audit: ModuleType, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for number, text in enumerate(KEYS.values()):
        (tmp_path / f"f{number}.py").write_text(f"x = 1\n{text}\n")
    (tmp_path / "innocent.py").write_text("key = 'k'\nname = 'BTC/USDT'\n")
    (tmp_path / "untracked.py").write_text(KEYS["an access key"])
    subprocess.run(["git", "add", "innocent.py", *(f"f{n}.py" for n in range(len(KEYS)))], cwd=tmp_path, check=True)
    names = audit.tracked(tmp_path)
    assert "untracked.py" not in names
    found = audit.secrets_in(tmp_path, names)
    assert {line.split(":")[0] for line in found} == {f"f{number}.py" for number in range(len(KEYS))}
    assert all(line.split(":")[1] == "2" for line in found)
    assert not any(part in "".join(found) for part in ("8f3a9c1d", "QWERTY", "AAHdq", "hunter2"))


def test_every_distribution_of_this_venv_is_pinned(audit: ModuleType) -> None:
    assert list(audit.unpinned(distributions(), audit.pins((ROOT / "constraints.txt").read_text()))) == []


def test_what_is_not_pinned_is_named(audit: ModuleType) -> None:
    pinned = audit.pins("# a comment\nmsgspec==0.0.1  # old\n\n")
    lines = [line for line in audit.unpinned(distributions(), pinned) if "msgspec" in line or "typer" in line]
    assert [line.partition(" is installed and ")[2] for line in lines] == ["pinned to 0.0.1", "not pinned"]


@pytest.mark.parametrize(
    ("report", "holes", "said"),
    [
        pytest.param({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, [], [], id="nothing known"),
        pytest.param(
            {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]},
            ["a 1: X-1, mended in 2"], [], id="a known hole",
        ),
        pytest.param(
            {"dependencies": [{"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []}]},
            [], ["pip-audit: the service could not tell of 1 of 2 distributions"], id="one that it does not know",
        ),
    ],
)  # fmt: skip
def test_a_report_is_read(audit: ModuleType, report: object, holes: list[str], said: list[str]) -> None:
    assert audit.read_report(json.dumps(report), "") == (holes, said)


def test_a_report_that_is_none_is_a_failure(audit: ModuleType) -> None:
    assert audit.read_report("", "Traceback\nValueError: x\n") == (["pip-audit has failed: ValueError: x"], [])


def test_without_the_service_one_line_says_so_in_time(audit: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(audit, "PROBE_S", 0.2)
    assert audit.known_holes(ROOT / "constraints.txt") == (
        [],
        ["pip-audit: the service with the known holes cannot be reached: nothing was asked"],
    )
