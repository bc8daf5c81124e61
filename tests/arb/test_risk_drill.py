"""`arb risk drill`: every key has a drill, and each one trips its limit on the simulated exchanges, not by chance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from arb.app.drill import Stage, drills, on_stage, risk_drill, run_drills
from arb.clock import SystemClock
from arb.config import RiskConfig, Settings
from arb.domain import RiskState
from arb.limits import GATES, GUARDS, PARTS, Guard
from arb.limits.moment import Moment

T = TypeVar("T")

TIGHT = {
    "currency": "USDC", "max_trade": 3, "max_venue": 2, "max_coin": 9_000, "max_total": 1, "max_naked": "0.1",
    "max_naked_s": 0.5, "max_daily_loss": "0.01", "max_losses": 1, "cooldown_s": 0.1, "max_cycles": 1,
    "max_orders_per_min": 2, "price_collar_bps": 10_000, "max_book_age_ms": 1, "max_skew_ms": 1,
    "min_trust": "chained", "max_clock_error_ms": 1, "fee_coin_reserve": {"mexc:MX": 10},
    "allow_unknown": ["identity", "transfer"],
}  # fmt: skip


def staged(play: Callable[[Stage], T], **limits: object) -> T:
    settings = Settings(risk=RiskConfig.model_validate(limits))
    return asyncio.run(on_stage(settings, play, clock=SystemClock(), seed=3))


def test_every_key_of_the_configuration_has_a_drill():
    assert set(drills()) == {*RiskConfig.model_fields, "breaker", "refusal"}


@pytest.mark.parametrize(
    "limits", [pytest.param({}, id="the limits as they come"), pytest.param(TIGHT, id="whatever the limits are")]
)
def test_every_limit_trips(limits):
    rows = staged(run_drills, **limits)
    assert [(row.key, row.got) for row in rows if not row.ok] == []
    assert [row.key for row in rows] == list(drills())


def test_the_settings_are_those_of_the_configuration():
    shown = {row.key: row.setting for row in staged(run_drills, max_trade="12.50", max_naked_s=1.5)}
    assert (shown["max_trade"], shown["max_naked_s"], shown["min_trust"], shown["allow_unknown"]) == (
        "12.5", "1.5", "chained", "none",
    )  # fmt: skip


def test_the_reserve_is_held_against_the_simulated_account():
    (row,) = (row for row in staged(run_drills) if row.key == "fee_coin_reserve")
    venue, _, rest = row.setting.partition(":")
    coin, _, asked = rest.partition("=")
    assert (venue in ("mexc", "gateio"), coin in ("USDT", "USDC"), int(asked) > 10_000) == (True, True, True)


def test_a_limit_that_does_not_work_is_found_out(monkeypatch):
    def play(stage: Stage) -> dict[str, list[str]]:
        found = {}
        for key in (*GATES, *GUARDS):
            with monkeypatch.context() as broken:
                if key in GATES:
                    broken.setitem(GATES, key, lambda moment, plan: "")
                else:
                    broken.setitem(GUARDS, key, Guard(RiskState.ACTIVE, _silent, _silent))
                found[key] = [row.key for row in run_drills(stage) if not row.ok]
        return found

    parts = {whole: part for part, whole in PARTS.items()}
    assert staged(play) == {key: [key, *([parts[key]] if key in parts else [])] for key in (*GATES, *GUARDS)}


def test_a_gate_that_lets_nothing_pass_is_no_success(monkeypatch):
    monkeypatch.setitem(GATES, "max_cycles", lambda moment, plan: "never")
    rows = staged(run_drills)
    assert not any(row.ok for row in rows)
    assert {row.got for row in rows} == {"a plan within every limit: refused by max_cycles"}


async def test_it_stops_when_it_is_told_to():
    stop = asyncio.Event()
    stop.set()
    assert await risk_drill(Settings(), clock=SystemClock(), seed=1, stop=stop) == ()


def _silent(_moment: Moment) -> str:
    return ""
