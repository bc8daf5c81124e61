"""Keys, secrets, listen keys and the tokens in alert addresses are in nothing that anything of ours writes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from arb.control import BALANCES, HALT, RESUME, STATUS
from arb.sim import FaultPlan, FaultRule
from tests.proof.live.stage import Stage, staged

SEED = int(os.environ.get("ARB_SEED", "20261122"))
TOKEN = "tok-7f3c9a51e0"
WRONG = "0ddba11" * 9 + "0"
TROUBLE = FaultPlan(
    (
        FaultRule(kind="garble", probability=0.02),
        FaultRule(kind="rate_limit", topic="order", probability=0.05, retry_after_s=1),
        FaultRule(kind="expired", topic="order", probability=0.05),
        FaultRule(kind="server_error", topic="order", probability=0.05),
        FaultRule(kind="error_after", topic="order", probability=0.05),
        FaultRule(kind="lost_answer", topic="order", probability=0.05),
        FaultRule(kind="close", at_ms=(9_000.0, 14_000.0)),
        FaultRule(kind="listen_key", at_ms=(7_000.0, 12_000.0)),
    ),
    seed=SEED,
)


@asynccontextmanager
async def webhook() -> AsyncIterator[tuple[str, list[str]]]:
    """Its address, with a token in it as such addresses have, and the alerts that were posted there."""
    posted: list[str] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.text())
        return web.Response(status=500 if len(posted) == 1 else 200)

    application = web.Application()
    application.router.add_post(f"/{TOKEN}", take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{TOKEN}", posted
    finally:
        await runner.cleanup()


@pytest.mark.timeout(180)
async def test_nothing_that_is_written_holds_a_secret(tmp_path: Path) -> None:
    print(f"ARB_SEED={SEED}")
    needles = {"the alert token": TOKEN, "a wrong secret": WRONG}
    async with webhook() as (address, alerts), staged(tmp_path, seed=SEED, faults=TROUBLE, gaps_hz=60.0) as stage:
        alarmed = {"ARB_ALERT_WEBHOOK": address, "ARB_ALERT_SLACK": f"http://127.0.0.1:9/{TOKEN}"}
        (tmp_path / "tmp").mkdir()
        stage.environ["TMPDIR"] = str(tmp_path / "tmp")
        for venue, (key, secret) in stage.sim.keys.items():
            needles |= {f"{venue}'s key": key, f"{venue}'s secret": secret}
        _keep_listen_keys(stage, needles)
        said: list[str] = []

        await stage.arb("doctor", "--live", "--verbose")  # in this trouble it need not pass
        await stage.arb("doctor", "--live", "--json")
        stage.passed()
        engine = await stage.run("--verbose", environ=alarmed)
        await stage.until(lambda: bool(engine.argv.read_text()), engine)  # the kernel has nothing to tell amid its exec
        assert "run" in engine.argv.read_text()
        said.append(engine.argv.read_text())
        await stage.status(engine, lambda status: status.cycles_closed >= 3, 60.0)
        for verb in (STATUS, BALANCES, HALT, RESUME, STATUS):
            said.append(repr(await stage.ask(verb)))
        for words in ("status", "balances", "halt", "resume", "cancel-all", "flatten"):
            said.append(repr(await stage.arb(words)))
        await stage.status(engine, lambda _: len(alerts) > 1 and "slack" in engine.told(), 60.0)
        engine.kill()
        await engine.ended()
        assert (tmp_path / "data" / "arb" / "journal-live.sqlite-wal").stat().st_size
        _found_nowhere(needles, tmp_path, [*said, *alerts])
        for words in (
            "config show --resolved", "config check", "history", "orders", "report --json", "report --csv",
            f"report --html {tmp_path / 'report.html'}", f"scan --duration 1 --tape {tmp_path / 'one.tape'} --verbose",
        ):  # fmt: skip
            done = await stage.arb(*words.split())
            assert done.code == 0, done
        assert (tmp_path / "one.tape").stat().st_size

        stage.through("ccxt")
        stage.passed()
        engine = await stage.run("--jsonl", "--log-level", "TRACE", environ=alarmed)
        await stage.status(engine, lambda status: status.cycles_closed >= 1, 60.0)
        lines = len(engine.told().splitlines())
        await stage.sim.stop()  # every venue is gone, and whoever cannot connect says to where
        await stage.until(lambda: len(engine.told().splitlines()) >= lines + 6, engine)
        engine.kill()
        await engine.ended()
        assert len(needles) > 6, "no listen key was seen"
        _found_nowhere(needles, tmp_path, [*said, *alerts])


@pytest.mark.parametrize("venue", ["mexc", "gateio"])
async def test_a_wrong_secret_is_one_clear_line(tmp_path: Path, venue: str) -> None:
    async with staged(tmp_path, seed=SEED) as stage:
        stage.environ[f"ARB_{venue.upper()}_SECRET"] = WRONG
        stage.passed()
        ended = await (await stage.run()).ended()
        assert ended.code == 4, ended
        assert ended.err.splitlines() == [
            f"error: the key of {venue} is another one than the doctor has passed: run 'arb doctor --live'"
        ]
        doctor = await stage.arb("doctor", "--live")
        assert doctor.code == 4, doctor
        (row,) = [line for line in doctor.out.splitlines() if line.startswith("FAIL")]
        assert venue in row
        assert "refused: " in row

        stage.passed({venue: WRONG})  # one that the venue has changed its mind about since
        ended = await (await stage.run()).ended()
        assert ended.code == 4, ended
        assert ended.err.splitlines()[-1].startswith(f"error: {venue}: ")
        assert [line for line in ended.err.splitlines() if "Traceback" in line] == []
        key, secret = stage.sim.keys[venue]
        _found_nowhere({"the wrong secret": WRONG, "the key": key, "the secret": secret}, tmp_path, [])


def _keep_listen_keys(stage: Stage, needles: dict[str, str]) -> None:
    """Every one that MEXC ever gives out."""
    venue = stage.sim.venues["mexc"]
    rest = venue.rest

    def heard(request):  # type: ignore[no-untyped-def]
        reply = rest(request)
        for key in venue.users._live():  # type: ignore[attr-defined]
            needles[f"listen key {key[:6]}"] = key
        return reply

    venue.rest = heard  # type: ignore[method-assign]


def _found_nowhere(needles: Mapping[str, str], folder: Path, texts: list[str]) -> None:
    """In no file below `folder`, whatever its name, and in none of the texts."""
    hay = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    hay |= {f"text {number}": text.encode() for number, text in enumerate(texts)}
    assert len(hay) > 5
    for what, needle in needles.items():
        for where, data in hay.items():
            assert needle.lower().encode() not in data.lower(), f"{what} is in {where}"


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}").write_bytes(b"nothing")
    _found_nowhere({"x": "Sesame"}, tmp_path, [])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "journal-wal").write_bytes(b"\x00open seSAME\x00")
    with pytest.raises(AssertionError, match=r"x is in .*journal-wal"):
        _found_nowhere({"x": "Sesame"}, tmp_path, [])
