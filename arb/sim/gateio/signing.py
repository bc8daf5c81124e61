"""Who may ask: Gate's checks of key, signature and time, for REST, private channels and calls on the socket."""

from __future__ import annotations

import hmac
from hashlib import sha512
from typing import TYPE_CHECKING
from urllib.parse import unquote

from arb.sim.gateio.replies import Refused
from arb.sim.venue import Request

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

_CLOCK_S = 60
EXPIRED = Refused(401, "REQUEST_EXPIRED", f"gap between request Timestamp and server time exceeds {_CLOCK_S}")


def check_rest(venue: Venue, request: Request) -> None:
    """Headers, time, key, signature, in this order. Raises Refused."""
    for name in ("KEY", "Timestamp", "SIGN"):
        if not request.headers.get(name.lower()):
            raise Refused(401, "MISSING_REQUIRED_HEADER", f"Missing required header: {name}")
    stamp = request.headers["timestamp"]
    digest = sha512(request.body).hexdigest()
    signed = "\n".join((request.method, request.path, unquote(request.query), digest, stamp))
    _check(venue, request.headers["key"], stamp, signed, request.headers["sign"])
    expires = request.headers.get("x-gate-exptime")
    if expires is not None:
        check_expiry(venue, expires)


def check_channel(venue: Venue, channel: str, event: str, time: float, key: str, sign: str) -> None:
    """A private subscription: each is signed on its own. Raises Refused."""
    _check(venue, key, str(time), f"channel={channel}&event={event}&time={time}", sign)


def check_call(venue: Venue, channel: str, req_param: bytes, key: str, stamp: str, sign: str) -> None:
    """A login, or a call that is signed itself. req_param: as transmitted; b"" where absent. Raises Refused."""
    _check(venue, key, stamp, f"api\n{channel}\n{req_param.decode()}\n{stamp}", sign)


def check_expiry(venue: Venue, at_ms: str) -> None:
    """x-gate-exptime: too late is refused. Raises Refused."""
    if not at_ms.isdecimal():
        raise Refused(400, "INVALID_PARAM_VALUE", "Invalid x-gate-exptime header")
    if venue.world.clock.wall_ns() // 1_000_000 > int(at_ms):
        raise Refused(400, "REQUEST_EXPIRED", "request expired")


def _check(venue: Venue, key: str, stamp: str, signed: str, sign: str) -> None:
    try:
        gap_s = abs(venue.world.clock.wall_ns() / 1e9 - float(stamp))
    except ValueError as exc:
        raise Refused(400, "INVALID_PARAM_VALUE", "Invalid Timestamp header") from exc
    if not gap_s <= _CLOCK_S:
        raise EXPIRED
    if key != venue.key:
        raise Refused(401, "INVALID_KEY", "Invalid key provided")
    right = hmac.new(venue.secret.encode(), signed.encode(), sha512).hexdigest()
    if not hmac.compare_digest(right.encode(), sign.encode()):
        raise Refused(401, "INVALID_SIGNATURE", "Signature mismatch")
