"""Where alerts go, as values: an address that nobody gets to see, and a message in the words of the service.

Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (a JSON object with `text`; &, < and >
are written as entities). Telegram: https://core.telegram.org/bots/api#sendmessage (4096 characters at most; a refusal
for haste tells `parameters.retry_after` in its body). Both read in 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import msgspec

from arb.errors import ConfigError

TELEGRAM = "https://api.telegram.org"
MOST_TEXT = 4_000  # characters of one message

WEBHOOK_NAME, SLACK_NAME = "ARB_ALERT_WEBHOOK", "ARB_ALERT_SLACK"
TOKEN_NAME, CHAT_NAME = "ARB_ALERT_TELEGRAM_TOKEN", "ARB_ALERT_TELEGRAM_CHAT"


class Line(msgspec.Struct, frozen=True):
    """One alert of a message. count: how often it came."""

    kind: str
    text: str
    count: int


class Sink(msgspec.Struct, frozen=True):
    """body: lines and how many were left out -> the JSON to post."""

    name: str
    address: str
    body: Callable[[Sequence[Line], int], Mapping[str, Any]]

    def __repr__(self) -> str:
        """Not the address: its path or query is what lets one write there."""
        return f"Sink({self.name})"

    __str__ = __repr__


def sinks_from(environ: Mapping[str, str]) -> tuple[Sink, ...]:
    """Those that the environment names. Raises ConfigError for half a Telegram, or an address that is none."""
    sinks = []
    webhook, slack, token, chat = (
        environ.get(name, "").strip() for name in (WEBHOOK_NAME, SLACK_NAME, TOKEN_NAME, CHAT_NAME)
    )
    if webhook:
        sinks.append(Sink("webhook", _address(WEBHOOK_NAME, webhook), webhook_body))
    if slack:
        sinks.append(Sink("slack", _address(SLACK_NAME, slack), slack_body))
    if token or chat:
        if not token or not chat:
            missing = CHAT_NAME if token else TOKEN_NAME
            raise ConfigError(f"alerts to Telegram are incomplete: set {missing} too, or unset the other")
        address = _address(TOKEN_NAME, f"{TELEGRAM}/bot{token}/sendMessage")
        sinks.append(Sink("telegram", address, lambda lines, left_out: telegram_body(chat, lines, left_out)))
    return tuple(sinks)


def webhook_body(lines: Sequence[Line], left_out: int) -> Mapping[str, Any]:
    return {"source": "arb", "alerts": [msgspec.structs.asdict(line) for line in lines], "left_out": left_out}


def slack_body(lines: Sequence[Line], left_out: int) -> Mapping[str, Any]:
    text = told(lines, left_out)
    return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def telegram_body(chat: str, lines: Sequence[Line], left_out: int) -> Mapping[str, Any]:
    return {"chat_id": chat, "text": told(lines, left_out), "link_preview_options": {"is_disabled": True}}


def told(lines: Sequence[Line], left_out: int) -> str:
    """A line an alert, no longer than any service takes."""
    rows = [f"[{line.kind}] {line.text}" + (f" ({line.count} times)" if line.count > 1 else "") for line in lines]
    if left_out:
        rows.append(f"and {left_out} more that found no room")
    text = "arb: " + "\n".join(rows)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."


def _address(variable: str, text: str) -> str:
    """Raises ConfigError, which does not show it."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or any(char.isspace() for char in text):
        raise ConfigError(f"what {variable} holds makes no address; it is not shown since it is a secret")
    return text
