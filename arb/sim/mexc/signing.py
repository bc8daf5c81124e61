"""Who may ask: MEXC's check of key, signature and time."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from arb.sim.mexc.replies import fail
from arb.sim.venue import MS, Reply, Request

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)$")
EXPIRED = fail(700003, "Timestamp for this request is outside of the recvWindow.")


def refused(venue: Venue, request: Request) -> Reply | None:
    """Why a signed request is not answered: key, signature, time, in this order. None: it is."""
    key = request.headers.get("x-mexc-apikey")
    if not key:
        return fail(400, "api key required")
    if key != venue.key:
        return fail(10072, "Api key info invalid")
    body = request.body.decode("utf-8", "replace")
    in_query, in_body = _SIGNATURE.search(request.query), _SIGNATURE.search(body)
    if in_query is not None:
        signed, given = request.query[: in_query.start()] + body, in_query[1]
    elif in_body is not None:
        signed, given = request.query + body[: in_body.start()], in_body[1]
    else:
        return fail(44444, "Mandatory parameter 'signature' was not sent")
    right = hmac.new(venue.secret.encode(), signed.encode(), sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), given.encode()):
        return fail(700002, "Signature for this request is not valid.")
    given_type = request.headers.get("content-type", "application/json")
    if request.method != "GET" and not given_type.startswith("application/json"):
        return fail(700013, "Invalid Content-Type")
    params = parameters(request)
    try:
        sent_ms, window_ms = int(params["timestamp"]), int(params.get("recvWindow", "5000"))
    except (KeyError, ValueError):
        return fail(44444, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
    if window_ms > 60_000:
        return fail(700005, "recvWindow must less than 60000")
    now_ms = venue.world.clock.wall_ns() // MS
    if not (sent_ms < now_ms + 1000 and now_ms - sent_ms <= window_ms):
        return EXPIRED
    return None


def parameters(request: Request) -> dict[str, str]:
    """Of query and form body; the query wins."""
    body = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(body) | dict(parse_qsl(request.query, keep_blank_values=True))
