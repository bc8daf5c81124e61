"""Who is told stands in the environment, and what stands there is shown to nobody."""

from __future__ import annotations

import asyncio

import pytest

from adapters.alerts import alerts_from
from arb.clock import ManualClock
from arb.config import AlertsConfig
from arb.errors import ConfigError

SECRET = "t0ken"
HOOK, SLACK = f"https://hook.example/{SECRET}", f"https://slack.example/services/{SECRET}"
ENVIRON = {"ARB_ALERT_WEBHOOK": HOOK}


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        pytest.param({}, None, id="nobody to tell"),
        pytest.param({"ARB_ALERT_WEBHOOK": " "}, None, id="an empty one is none"),
        pytest.param({"ARB_ALERT_WEBHOOK": HOOK}, ("webhook",), id="a webhook"),
        pytest.param({"ARB_ALERT_SLACK": SLACK}, ("slack",), id="Slack"),
        pytest.param(
            {"ARB_ALERT_TELEGRAM_TOKEN": SECRET, "ARB_ALERT_TELEGRAM_CHAT": "1"}, ("telegram",), id="Telegram"
        ),
        pytest.param(
            {"ARB_ALERT_WEBHOOK": HOOK, "ARB_ALERT_SLACK": SLACK, "ARB_ALERT_TELEGRAM_TOKEN": SECRET,
             "ARB_ALERT_TELEGRAM_CHAT": "1"}, ("webhook", "slack", "telegram"), id="all that are set",
        ),
    ],
)  # fmt: skip
def test_who_is_told_stands_in_the_environment(environ, names):
    alerts = alerts_from(environ, AlertsConfig(), ManualClock(), asyncio.sleep)
    assert (alerts.sinks if alerts is not None else None) == names


def test_nothing_to_tell_is_nobody_to_tell():
    assert alerts_from(ENVIRON, AlertsConfig(on=()), ManualClock(), asyncio.sleep) is None


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        pytest.param({"ARB_ALERT_TELEGRAM_TOKEN": SECRET}, "set ARB_ALERT_TELEGRAM_CHAT", id="a token without a chat"),
        pytest.param({"ARB_ALERT_TELEGRAM_CHAT": "1"}, "set ARB_ALERT_TELEGRAM_TOKEN", id="a chat without a token"),
        pytest.param({"ARB_ALERT_SLACK": f"slack/{SECRET}"}, "ARB_ALERT_SLACK", id="an address that is none"),
        pytest.param({"ARB_ALERT_WEBHOOK": f"ftp://x/{SECRET}"}, "ARB_ALERT_WEBHOOK", id="one that nobody posts to"),
        pytest.param({"ARB_ALERT_WEBHOOK": f"https://x:port/{SECRET}"}, "ARB_ALERT_WEBHOOK", id="a port that is none"),
        pytest.param(
            {"ARB_ALERT_TELEGRAM_TOKEN": f"{SECRET} {SECRET}", "ARB_ALERT_TELEGRAM_CHAT": "1"}, "TELEGRAM_TOKEN",
            id="a token with a space",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said_without_the_secret(environ, says):
    with pytest.raises(ConfigError) as raised:
        alerts_from(environ, AlertsConfig(), ManualClock(), asyncio.sleep)
    assert says in str(raised.value)
    assert SECRET not in str(raised.value)
