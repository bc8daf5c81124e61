"""The whole examination, on the simulated exchanges and on venues that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arb.app import doctor
from arb.app.doctor import local
from arb.app.passes import doctor_pass
from arb.clock import SystemClock
from arb.config import Credentials, Settings, VenueConfig
from arb.rows import DoctorFiles, Health, SimOptions
from arb.sim import SimExchanges


def files_in(folder: Path) -> DoctorFiles:
    return DoctorFiles(None, None, folder / "data", folder / "data" / "journal-paper.sqlite")


@pytest.mark.parametrize("fastpath", [None, False], ids=["native", "ccxt"])
async def test_the_simulated_exchanges_are_well(tmp_path: Path, fastpath: bool | None) -> None:
    settings = Settings(exchanges={name: VenueConfig(fastpath=fastpath) for name in ("mexc", "gateio")})
    report = await doctor(
        settings, credentials={}, clock=SystemClock(), sim=SimOptions(symbols=3), live=False, files=files_in(tmp_path)
    )
    assert [row for row in report.rows if row.health is Health.FAIL] == []
    for venue in ("mexc", "gateio"):
        areas = {row.area for row in report.rows if row.venue == venue}
        assert areas == {"network", "clock", "key", "fees", "book"}
    assert report.recorded is None
    assert os.listdir(tmp_path) == []


async def test_a_pass_is_recorded_for_real_venues_with_keys_when_nothing_fails(tmp_path: Path) -> None:
    sim = SimExchanges(SystemClock(), symbols=3, venues=("mexc",))
    await sim.start()
    urls = sim.urls["mexc"]
    settings = Settings(
        exchanges={"mexc": VenueConfig(rest_url=urls.rest_url, ws_url=urls.ws_url)},
        cache={"dir": str(tmp_path / "cache")},
    )
    keys = {"mexc": Credentials("mexc", *sim.keys["mexc"])}
    wrong = {"mexc": Credentials("mexc", sim.keys["mexc"][0], "wrong")}
    clock, files = SystemClock(), files_in(tmp_path)
    try:
        for credentials, recorded in ((wrong, None), (keys, files.data / "doctor.json")):
            report = await doctor(settings, credentials=credentials, clock=clock, sim=None, live=False, files=files)
            assert report.recorded == recorded
            if credentials is wrong:
                assert {row.area for row in report.rows if row.health is Health.FAIL} == {"key"}
    finally:
        await sim.stop()
    passed = doctor_pass(files.data)
    assert passed is not None
    assert passed.unknown_rights == ("mexc",)


async def test_a_venue_that_is_not_there_keeps_nothing_else_from_being_examined(tmp_path: Path) -> None:
    settings = Settings(exchanges={"mexc": VenueConfig(rest_url="http://127.0.0.1:9", ws_url="ws://127.0.0.1:9/ws")})
    report = await doctor(settings, credentials={}, clock=SystemClock(), sim=None, live=True, files=files_in(tmp_path))
    assert {row.area for row in report.rows if row.health is Health.FAIL} == {"key", "network"}
    assert {row.area for row in report.rows if row.health is Health.OK} == {"config", "disk"}


def test_files_that_others_can_change_or_read(tmp_path: Path) -> None:
    files = DoctorFiles(tmp_path / "arb.toml", None, tmp_path / "data", tmp_path / "data" / "j.sqlite")
    files.config.write_text("")  # type: ignore[union-attr]
    files.config.chmod(0o666)  # type: ignore[union-attr]
    files.data.mkdir(mode=0o755)
    rows = list(local.examine(Settings(), files))
    cures = [row.cure for row in rows if row.health is Health.WARN]
    assert cures == [
        f"others may change limits and mode; run: chmod go-w {files.config}",
        f"run: chmod go-rwx {files.data}",
    ]
