"""The frames of Gate's private socket: one envelope for pushes, for channel answers and for the WebSocket API.

And what both ways say of the budgets that calls are counted in.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arb.errors import AuthFailed, Rejected, Transient, VenueError
from arb.interfaces import RateHint, RatePool, Verb
from fastpath.wire import gate_labels
from fastpath.wire.fields import Millis
from fastpath.wire.gate_messages import Failure
from fastpath.wire.gate_orders import VENUE

LOGIN, PLACE, AMEND, CANCEL, STATUS = (
    "spot.login", "spot.order_place", "spot.order_amend", "spot.order_cancel", "spot.order_status",
)  # fmt: skip
VERBS = {
    LOGIN: Verb.LOGIN,
    PLACE: Verb.PLACE,
    AMEND: Verb.AMEND,
    CANCEL: Verb.CANCEL,
    "spot.order_cancel_ids": Verb.CANCEL,
    "spot.order_cancel_cp": Verb.CANCEL,
    STATUS: Verb.QUERY,
    "spot.order_list": Verb.OPEN_ORDERS,
}
_LONGEST_WAIT_S = 60.0
_MS_FROM = 10**11  # REST does not say the unit of its reset: a number of milliseconds is larger, one of seconds is not
_NAMES = tuple(f"x-gate-ratelimit-{name}" for name in ("requests-remain", "limit", "reset-timestamp"))
_READS = (Verb.QUERY, Verb.OPEN_ORDERS, Verb.FILLS, Verb.BALANCES, Verb.DEADMAN, Verb.TIME)

# API v4, rate limits (2025): by user and market, by user, by user (time: by address) and endpoint. Whether orders over
# the socket share the first with REST is not documented; the code of their refusal is the same, so they do here.
POOLS = (
    RatePool("orders", 10, 1.0, {Verb.PLACE: 1, Verb.AMEND: 1}, "market", each=True, socket=True, told=True),
    RatePool("cancels", 200, 1.0, {Verb.CANCEL: 1}, each=True),
    RatePool("reads", 200, 10.0, dict.fromkeys(_READS, 1), "verb", told=True),
)


class Errs(msgspec.Struct, gc=False):
    label: str = ""
    message: str | None = None


class Data(msgspec.Struct, gc=False):
    result: msgspec.Raw = msgspec.Raw(b"null")
    errs: Errs | None = None


class Header(msgspec.Struct, gc=False):
    """status: like HTTP's, as text.   The misspelt name is the venue's; both are sent.

    requests_remain is left out where it is 0.
    """

    status: int
    channel: str = ""
    response_time: Millis = 0
    x_gate_ratelimit_requests_remain: int = 0
    x_gate_ratelimit_limit: int = 0
    x_gat_ratelimit_reset_timestamp: Millis = 0
    x_gate_ratelimit_reset_timestamp: Millis = 0

    @property
    def reset_ms(self) -> int:
        return self.x_gate_ratelimit_reset_timestamp or self.x_gat_ratelimit_reset_timestamp

    def rate(self) -> RateHint | None:
        """None for a call that is not counted."""
        if not self.x_gate_ratelimit_limit:
            return None
        remain = self.x_gate_ratelimit_requests_remain
        return RateHint(remain, self.x_gate_ratelimit_limit, self.reset_ms * 1_000_000)

    def wait_s(self) -> float:
        """Until the budget is whole again, by the venue's clock alone; 0 where it does not say."""
        if not self.reset_ms or not self.response_time:
            return 0.0
        return min(max(self.reset_ms - self.response_time, 0) / 1000, _LONGEST_WAIT_S)


class Frame(msgspec.Struct, gc=False):
    """Any frame. Answers of the WebSocket API have a header and no channel of their own."""

    channel: str = ""
    event: str | None = None
    error: Failure | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    header: Header | None = None
    request_id: str = ""
    ack: bool | None = None
    data: Data | None = None


class User(msgspec.Struct, gc=False):
    """Who logged in."""

    uid: str | int


class Time(msgspec.Struct, gc=False):
    server_time: Millis


class Deadman(msgspec.Struct, gc=False):
    """When it will fire: ms, as text or number; 0 once called off."""

    triggerTime: Millis


_errs = msgspec.json.Decoder(Errs)

frame = msgspec.json.Decoder(Frame, strict=False)
user = msgspec.json.Decoder(User, strict=False)
time = msgspec.json.Decoder(Time, strict=False)
deadman = msgspec.json.Decoder(Deadman, strict=False)


def rate_of(headers: Mapping[str, str]) -> RateHint | None:
    """The budget in the headers of a REST answer; names in lower case."""
    remain, limit, reset = (headers.get(name, "") for name in _NAMES)
    if not (_number(remain) and _number(limit)):
        return None
    reset_ns = 0
    if _number(reset):
        reset_ns = int(reset) * (1_000_000 if int(reset) > _MS_FROM else 1_000_000_000)
    return RateHint(int(remain), int(limit), reset_ns)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def refused_channel(failure: Failure) -> VenueError:
    """Why a private stream was not opened. The text of an authentication error is JSON in itself (recorded 2022)."""
    text = f"{failure.code} {failure.message}".strip()
    try:
        reason = _errs.decode(failure.message)
    except (ValueError, RecursionError):
        reason = Errs()
    if reason.label:
        return gate_labels.error_of(reason.label, reason.message or "", 401)
    if failure.code in (4, 6, 11):
        return AuthFailed(VENUE, text, str(failure.code))
    if failure.code == 3:
        return Transient(VENUE, text, code=str(failure.code))
    return Rejected(VENUE, text, str(failure.code))
