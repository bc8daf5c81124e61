"""Signed requests to the simulated venues, written from the venues' own descriptions."""

from __future__ import annotations

import hmac
from hashlib import sha256, sha512
from typing import Any
from urllib.parse import urlencode

import msgspec
from yarl import URL

from arb.sim import SimSettings
from arb.sim.market import SimBook, text
from tests.arb.sim.support import Client, World

STILL = SimSettings(activity=0, gaps_hz=0)
PRIVATE = {
    "orders": "spot@private.orders.v3.api.pb",
    "deals": "spot@private.deals.v3.api.pb",
    "account": "spot@private.account.v3.api.pb",
}


def book(w: World, venue: str, symbol: str = "BTC/USDT") -> SimBook:
    return w.sim.market.books(venue)[symbol]


def price(b: SimBook, ticks: int) -> str:
    return text(ticks, b.listing.price_decimals)


def qty(b: SimBook, lots: int) -> str:
    return text(lots, b.listing.qty_decimals)


async def mexc(w: World, method: str, path: str, **params: object) -> tuple[int, Any]:
    """Status and body."""
    key, secret = w.sim.keys["mexc"]
    query = urlencode({**params, "timestamp": w.clock.wall_ns() // 10**6})
    sign = hmac.new(secret.encode(), query.encode(), sha256).hexdigest()
    url = f"{w.sim.urls['mexc'].rest_url}/api/v3/{path}?{query}&signature={sign}"
    headers = {"X-MEXC-APIKEY": key, "Content-Type": "application/json"}
    async with w.http.request(method, URL(url, encoded=True), headers=headers) as reply:
        return reply.status, msgspec.json.decode(await reply.read())


async def gate(
    w: World, method: str, path: str, query: str = "", body: object = None, **extra: str
) -> tuple[int, Any, dict[str, str]]:
    """Status, body, headers in lower case."""
    data = b"" if body is None else msgspec.json.encode(body)
    full = f"/api/v4/{path}"
    stamp = str(w.clock.wall_ns() // 10**9)
    signed = "\n".join((method, full, query, sha512(data).hexdigest(), stamp))
    headers = {
        "KEY": w.sim.keys["gateio"][0],
        "Timestamp": stamp,
        "SIGN": gate_sign(w, signed),
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in extra.items()},
    }
    url = w.sim.urls["gateio"].rest_url + f"/{path}" + (f"?{query}" if query else "")
    async with w.http.request(method, url, headers=headers, data=data) as reply:
        made = await reply.read()
        found = msgspec.json.decode(made) if reply.content_type == "application/json" else made
        return reply.status, found, {k.lower(): v for k, v in reply.headers.items()}


def gate_sign(w: World, text_to_sign: str) -> str:
    return hmac.new(w.sim.keys["gateio"][1].encode(), text_to_sign.encode(), sha512).hexdigest()


def gate_channel(w: World, channel: str, payload: list[str] | None = None, event: str = "subscribe") -> dict[str, Any]:
    now_s = w.clock.wall_ns() // 10**9
    sign = gate_sign(w, f"channel={channel}&event={event}&time={now_s}")
    auth = {"method": "api_key", "KEY": w.sim.keys["gateio"][0], "SIGN": sign}
    made: dict[str, Any] = {"time": now_s, "id": 7, "channel": channel, "event": event, "auth": auth}
    return made if payload is None else made | {"payload": payload}


def gate_login(w: World) -> dict[str, Any]:
    stamp = str(w.clock.wall_ns() // 10**9)
    payload = {
        "req_id": "login",
        "api_key": w.sim.keys["gateio"][0],
        "timestamp": stamp,
        "signature": gate_sign(w, f"api\nspot.login\n\n{stamp}"),
    }
    return {"time": int(stamp), "channel": "spot.login", "event": "api", "payload": payload}


def gate_call(w: World, name: str, param: object, req_id: str = "r-1", **header: str) -> dict[str, Any]:
    payload: dict[str, Any] = {"req_id": req_id, "req_param": param}
    if header:
        payload["req_header"] = {k.replace("_", "-"): v for k, v in header.items()}
    return {"time": w.clock.wall_ns() // 10**9, "channel": f"spot.{name}", "event": "api", "payload": payload}


async def mexc_private(w: World, *topics: str) -> tuple[Client, str]:
    """A socket that listens to these private topics (all of them if none is named), and its listen key."""
    _, made = await mexc(w, "POST", "userDataStream")
    key = made["listenKey"]
    socket = await w.http.ws_connect(f"{w.sim.urls['mexc'].ws_url}?listenKey={key}", max_msg_size=0, autoping=False)
    client = Client("mexc", socket)
    wanted = [PRIVATE[t] for t in topics] or list(PRIVATE.values())
    answer = await client.ask({"method": "SUBSCRIPTION", "params": wanted})
    assert answer["msg"] == ",".join(wanted)
    return client, key


async def gate_private(w: World, *channels: str) -> Client:
    """A logged-in socket that listens to these private channels (orders, trades and balances if none is named)."""
    client = await w.connect("gateio")
    assert (await client.ask(gate_login(w)))["header"]["status"] == "200"
    for channel in channels or ("spot.orders", "spot.usertrades", "spot.balances"):
        answer = await client.ask(gate_channel(w, channel, None if channel == "spot.balances" else ["!all"]))
        assert answer["result"] == {"status": "success"}
    return client


async def answers(client: Client) -> list[dict[str, Any]]:
    """Answers to calls that have come up to now."""
    return [msgspec.json.decode(f) for f in await client.drain() if isinstance(f, str) and '"request_id"' in f]
