"""People are told once, in time and in words; whatever a sink does stays with the sink."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import pytest
import respx
from loguru import logger

from adapters.alert_post import ATTEMPTS, MOST_LINES, MOST_WAITING
from adapters.alert_sinks import sinks_from
from adapters.alerts import Alerts
from arb.clock import ManualClock
from arb.config import AlertsConfig
from arb.domain import Mismatch, PrivateDown, PrivateUp, RiskMoved, RiskState, VenueId

S = 1_000_000_000
WALL = 1_700_000_000 * S
V = VenueId("mexc")
SECRET = "t0ken"
HOOK, SLACK = f"https://hook.example/{SECRET}", f"https://slack.example/services/{SECRET}"
BOT = f"https://api.telegram.org/bot{SECRET}/sendMessage"
ENVIRON = {"ARB_ALERT_WEBHOOK": HOOK}


class Turned:
    """Sleeping on a clock that only a test turns. naps: every wait that was asked for, in seconds."""

    def __init__(self) -> None:
        self.clock = ManualClock(1 * S, WALL)
        self.naps: list[float] = []
        self._due: list[tuple[int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        waiter = asyncio.get_running_loop().create_future()
        self._due.append((self.clock.mono_ns() + int(seconds * S), waiter))
        await waiter

    async def pass_(self, seconds: float) -> None:
        """Everything that is due within so many seconds happens, each at its time."""
        until = self.clock.mono_ns() + int(seconds * S)
        await settled()
        while due := sorted((at, i) for i, (at, waiter) in enumerate(self._due) if at <= until and not waiter.done()):
            at, i = due[0]
            self.clock.set(max(at, self.clock.mono_ns()))
            self._due.pop(i)[1].set_result(None)
            await settled()
        self.clock.set(until)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
def turned() -> Turned:
    return Turned()


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    kept: list[str] = []
    sink = logger.add(lambda message: kept.append(str(message)), level="WARNING", format="{message}")
    yield kept
    logger.remove(sink)


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def made(turned: Turned, environ: dict[str, str] = ENVIRON, flush_s: float = 5.0, **config: Any) -> Alerts:
    settings = AlertsConfig(**{"every_s": 5.0, **config})
    return Alerts(sinks_from(environ), settings, turned.clock, turned.sleep, Random(1), flush_s=flush_s)


@asynccontextmanager
async def running(alerts: Alerts) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(alerts.run())
    await settled()
    yield task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def halt(limit: str = "halt", why: str = "by hand") -> RiskMoved:
    return RiskMoved(RiskState.ACTIVE, RiskState.HALTED, limit, why, 0, 0)


def mismatch(n: int) -> Mismatch:
    return Mismatch(V, "USDT", str(n), "0", 0)


def posted(route: respx.Route) -> list[Any]:
    return [json.loads(call.request.content) for call in route.calls]


# ------------------------------------------------------------------------------------------- what arrives


async def test_what_a_loop_turn_brings_is_one_message_at_once(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        alerts.on_fact(mismatch(1))
        await turned.pass_(0)
        assert posted(route) == [
            {
                "source": "arb",
                "alerts": [
                    {"kind": "halt", "text": "HALTED by halt: by hand", "count": 1},
                    {"kind": "mismatch", "text": "mexc, USDT: ours 1, theirs 0", "count": 1},
                ],
                "left_out": 0,
            }
        ]


async def test_what_comes_within_the_interval_is_put_together_and_the_same_is_counted(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(1)
        for n in (1, 2, 1):
            alerts.on_fact(mismatch(n))
        alerts.on_fact(halt("max_daily_loss", "first"))
        alerts.on_fact(halt("max_daily_loss", "second"))
        await turned.pass_(3.9)
        assert len(posted(route)) == 1
        await turned.pass_(0.1)
        assert [(alert["text"], alert["count"]) for alert in posted(route)[1]["alerts"]] == [
            ("mexc, USDT: ours 1, theirs 0", 2),
            ("mexc, USDT: ours 2, theirs 0", 1),
            ("HALTED by max_daily_loss: second", 2),
        ]
        await turned.pass_(60)
        assert len(posted(route)) == 2


async def test_what_was_told_before_it_runs_is_not_lost(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned)
    alerts.on_fact(halt())
    async with running(alerts):
        await turned.pass_(0)
        assert len(posted(route)) == 1


async def test_only_what_the_configuration_names_is_told(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned, on=("mismatch",))
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(10)
        assert not posted(route)
        alerts.on_fact(mismatch(1))
        await turned.pass_(10)
        assert [alert["kind"] for alert in posted(route)[0]["alerts"]] == ["mismatch"]


async def test_a_flood_is_bounded_and_says_so(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned)
    async with running(alerts):
        for n in range(MOST_WAITING + 7):
            alerts.on_fact(mismatch(n))
        await turned.pass_(5.0 * MOST_WAITING / MOST_LINES + 60)
        messages = posted(route)
        assert [len(message["alerts"]) for message in messages] == [MOST_LINES] * (MOST_WAITING // MOST_LINES)
        assert [message["left_out"] for message in messages] == [7] + [0] * (len(messages) - 1)


# ------------------------------------------------------------------------------------------- lost private sides


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param([(0, "down"), (4, "up"), (30, "")], [], id="a reconnect is no news"),
        pytest.param(
            [(0, "down"), (9, "")], ["the private side of mexc is lost: cut"], id="one that lasts is told once"
        ),
        pytest.param(
            [(0, "down"), (9, "down"), (9, "")], ["the private side of mexc is lost: cut"],
            id="and counted from its beginning",
        ),
        pytest.param(
            [(0, "down"), (9, "up"), (9, "")], ["the private side of mexc is lost: cut", "mexc is back after 9 s"],
            id="so is its return",
        ),
        pytest.param(
            [(0, "down"), (4, "up"), (1, "down"), (4, "up"), (9, "")], [], id="two short ones are no long one"
        ),
    ],
)  # fmt: skip
async def test_a_private_side_that_stays_lost(turned, web, script, expected):
    route = web.post(HOOK).respond(200)
    alerts = made(turned, every_s=0.5)
    async with running(alerts):
        for seconds, what in script:
            await turned.pass_(seconds)
            if what:
                now_ns = turned.clock.mono_ns()
                alerts.on_fact(PrivateDown(V, "cut", now_ns) if what == "down" else PrivateUp(V, now_ns))
        await turned.pass_(1)
        assert [alert["text"] for message in posted(route) for alert in message["alerts"]] == expected


# ------------------------------------------------------------------------------------------- sinks that fail


@pytest.mark.parametrize(
    ("answers", "sent", "warned"),
    [
        pytest.param([500, 200], 2, "", id="a server error is tried again"),
        pytest.param([httpx.ConnectError("no"), 200], 2, "", id="so is a lost connection"),
        pytest.param([429, 429, 200], 3, "", id="and haste"),
        pytest.param([500] * 9, ATTEMPTS, "webhook are dropped: status 500", id="but only a few times"),
        pytest.param([httpx.ReadTimeout("slow")] * 9, ATTEMPTS, "ReadTimeout", id="a sink that never answers"),
        pytest.param([404] * 9, 1, "refused with status 404", id="a refusal is final"),
        pytest.param([302] * 9, 1, "refused with status 302", id="nobody is followed elsewhere"),
    ],
)
async def test_what_a_sink_answers(turned, web, warnings, answers, sent, warned):
    replies = [httpx.Response(answer) if isinstance(answer, int) else answer for answer in answers]
    route = web.post(HOOK).mock(side_effect=replies)
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(600)
        assert route.call_count == sent
        assert len(warnings) == bool(warned)
        assert warned in "".join(warnings)


async def test_a_dead_sink_is_one_warning_until_it_works_again(turned, web, warnings):
    route = web.post(HOOK).respond(404)
    alerts = made(turned)
    async with running(alerts):
        for status, expected in ((404, 1), (404, 1), (200, 1), (404, 2)):
            route.respond(status)
            alerts.on_fact(halt())
            await turned.pass_(60)
            assert len(warnings) == expected


@pytest.mark.parametrize(
    ("headers", "body", "at_least_s"),
    [
        pytest.param({"Retry-After": "120"}, {}, 120, id="seconds"),
        pytest.param({"Retry-After": "Tue, 14 Nov 2023 22:15:20 GMT"}, {}, 120, id="a date"),
        pytest.param({}, {"ok": False, "parameters": {"retry_after": 90}}, 90, id="Telegram's body"),
        pytest.param({"Retry-After": "soon"}, {}, 0, id="nonsense"),
        pytest.param({}, {"parameters": "none"}, 0, id="a body that means something else"),
        pytest.param({"Retry-After": "999999"}, {}, 3600, id="for ever is an hour"),
    ],
)
async def test_a_sink_that_asks_for_time_gets_it(turned, web, headers, body, at_least_s):
    replies = [httpx.Response(429, headers=headers, json=body), httpx.Response(200)]
    route = web.post(HOOK).mock(side_effect=replies)
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(max(0, at_least_s - 0.1))
        assert route.call_count == 1
        await turned.pass_(2)
        assert route.call_count == 2


async def test_a_sink_that_hangs_holds_up_no_other_and_nobody_else(turned, web):
    hanging = asyncio.Event()

    async def hang(_request: httpx.Request) -> httpx.Response:
        await hanging.wait()
        return httpx.Response(200)

    web.post(SLACK).mock(side_effect=hang)
    route = web.post(HOOK).respond(200)
    alerts = made(turned, {**ENVIRON, "ARB_ALERT_SLACK": SLACK}, flush_s=0.01)
    async with running(alerts):
        for n in range(3):
            alerts.on_fact(mismatch(n))
            await turned.pass_(10)
        assert len(posted(route)) == 3


async def test_a_sink_that_breaks_our_own_code_ends_alone(turned, web, warnings):
    web.post(SLACK).mock(side_effect=RuntimeError(f"{SLACK} is wrong"))
    route = web.post(HOOK).respond(200)
    alerts = made(turned, {**ENVIRON, "ARB_ALERT_SLACK": SLACK})
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(1)
        assert len(posted(route)) == 1
        assert warnings == ["a part of the alerts has ended: RuntimeError\n"]


# ------------------------------------------------------------------------------------------- the end


async def test_what_is_queued_is_sent_when_it_ends(turned, web):
    route = web.post(HOOK).respond(200)
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(1)
        alerts.on_fact(mismatch(1))
    assert [[alert["kind"] for alert in message["alerts"]] for message in posted(route)] == [["halt"], ["mismatch"]]


async def test_what_was_being_tried_again_is_sent_once_more(turned, web):
    route = web.post(HOOK).mock(side_effect=[httpx.Response(500), httpx.Response(200)])
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(0)
        assert route.call_count == 1
    assert route.call_count == 2
    assert posted(route)[0] == posted(route)[1]


async def test_a_sink_that_asked_for_time_is_left_alone_to_the_end(turned, web):
    route = web.post(HOOK).respond(429, headers={"Retry-After": "60"})
    alerts = made(turned)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(0)
    assert route.call_count == 1


async def test_stopping_takes_no_longer_than_it_may(turned, web):
    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    web.post(HOOK).mock(side_effect=hang)
    alerts = made(turned, flush_s=0.01)
    async with asyncio.timeout(5), running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(1)


# ------------------------------------------------------------------------------------------- addresses


async def test_no_address_is_ever_written_down(turned, web, warnings, caplog):
    caplog.set_level(logging.DEBUG)
    environ = {**ENVIRON, "ARB_ALERT_SLACK": SLACK, "ARB_ALERT_TELEGRAM_TOKEN": SECRET, "ARB_ALERT_TELEGRAM_CHAT": "1"}
    web.post(HOOK).respond(404)
    web.post(SLACK).mock(side_effect=httpx.ConnectError(f"cannot reach {SLACK}"))
    telegram = web.post(BOT).respond(200)
    alerts = made(turned, environ)
    async with running(alerts):
        alerts.on_fact(halt())
        await turned.pass_(600)
    assert telegram.call_count == 1
    assert len(warnings) == 2
    shown = "".join(warnings) + caplog.text + repr(alerts) + repr(sinks_from(environ)) + str(sinks_from(environ)[0])
    assert SECRET not in shown
