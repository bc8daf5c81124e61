"""Faults that hold for a while, as a raw client meets them."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any, get_args

import aiohttp
import msgspec
import pytest
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper

from arb.app import simulating
from arb.errors import ConfigError
from arb.rows import SimEndpoint, SimOptions
from arb.sim import FaultPlan, FaultRule
from arb.sim.plan import Kind
from tests.arb.sim.support import World, world

EXAMPLE = Path(__file__).parents[3] / "configs" / "faults.example.toml"
OBU = {"time": 1, "channel": "spot.obu", "event": "subscribe", "payload": ["ob.BTC_USDT.50"]}
DEPTH = {"method": "SUBSCRIPTION", "params": ["spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"]}
SUBSCRIBE = {"mexc": DEPTH, "gateio": OBU}
BOOKS = {
    "mexc": "/api/v3/depth?symbol=BTCUSDT&limit=5",
    "gateio": "/spot/order_book?currency_pair=BTC_USDT&limit=5&with_id=true",
}
VENUES = ("mexc", "gateio")
SOON_S = 0.3  # real time in which an answer would have come


def during(kind: str, **more: Any) -> FaultPlan:
    """From half a second on, for one second."""
    return FaultPlan((FaultRule(**({"kind": kind, "at_ms": (500.0,), "duration_ms": 1000.0} | more)),))


def test_the_example_can_be_loaded_and_every_rule_of_it_means_something() -> None:
    plan = FaultPlan.load(EXAMPLE)
    text = EXAMPLE.read_text()
    assert len(plan.rules) > 15
    assert {rule.kind for rule in plan.rules} <= set(get_args(Kind))
    documented = FaultRule.__doc__ or ""
    kinds = {word for kind in get_args(Kind) for word in (get_args(kind) or (kind,))}
    assert {kind for kind in kinds if kind not in documented} == set()
    for shown in ("half_open", "slow", "refuse_connection", "ban", "maintenance", "html", "unknown_fields",
                  "sequence_reset", "clock_jump", "delisting", "fee_change", "precision_change"):  # fmt: skip
        assert shown in text


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("kind", "status", "header"),
    [
        pytest.param("ban", 418, "9", id="418, and how long"),
        pytest.param("html", 200, None, id="a page"),
        pytest.param("maintenance", None, None, id="maintenance"),
    ],
)
async def test_a_closed_door_turns_calls_and_handshakes_away_and_opens_again(
    venue: str, kind: str, status: int | None, header: str | None
) -> None:
    async with world(faults=during(kind, retry_after_s=9)) as w:
        assert (await w.get(venue, BOOKS[venue]))[0] == 200
        w.turn(600)
        found, body, headers = await w.get(venue, BOOKS[venue])
        assert status in (None, found)
        assert headers.get("retry-after") == header
        said = body.decode() if isinstance(body, bytes) else str(body)
        assert {"html": "<html>", "ban": "blocked", "maintenance": "maintenance"}[kind] in said
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await w.connect(venue)
        w.turn(1000)
        assert (await w.get(venue, BOOKS[venue]))[0] == 200
        await w.connect(venue)


async def test_maintenance_closes_the_sockets_that_stand() -> None:
    async with world(faults=during("maintenance")) as w:
        await w.connect("mexc")
        w.turn(600)
        assert not [conn for conn in w.sim.venues["mexc"].conns if not conn.gone]


@pytest.mark.parametrize("venue", VENUES)
async def test_unknown_fields_are_in_frames_and_answers_and_nothing_else_changes(venue: str) -> None:
    async with world(faults=during("unknown_fields")) as plain, world() as other:
        frames = []
        for w in (plain, other):
            client = await w.connect(venue)
            await client.ask(SUBSCRIBE[venue])
            w.turn(1200)
            frames.append(await client.drain())
        twisted, untwisted = frames
        assert len(twisted) == len(untwisted)
        assert twisted != untwisted
        _, body, _ = await plain.get(venue, BOOKS[venue])
        assert "unheard_of" in body
        if venue == "mexc":
            read = [PushDataV3ApiWrapper.FromString(f) for f in twisted]  # type: ignore[arg-type]
            assert [r.publicAggreDepths.toVersion for r in read] == [
                PushDataV3ApiWrapper.FromString(f).publicAggreDepths.toVersion
                for f in untwisted  # type: ignore[arg-type]
            ]


@pytest.mark.parametrize("venue", VENUES)
async def test_a_renamed_channel_is_pushed_under_the_new_name_and_refused_under_the_old(venue: str) -> None:
    async with world(faults=during("renamed_channel")) as w:
        client = await w.connect(venue)
        await client.ask(SUBSCRIBE[venue])
        w.turn(400)
        before = await client.drain()
        w.turn(500)
        after = await client.drain()
        name = (lambda f: PushDataV3ApiWrapper.FromString(f).channel) if venue == "mexc" else _channel
        assert {name(f) for f in before}.isdisjoint({name(f) for f in after[len(after) // 2 :]})
        other = await w.connect(venue)
        answer = await other.ask(SUBSCRIBE[venue])
        assert "Blocked" in str(answer) or "error" in str(answer)


def _channel(frame: Any) -> str:
    return str(msgspec.json.decode(frame)["channel"])


@pytest.mark.parametrize("venue", VENUES)
async def test_counters_begin_anew(venue: str) -> None:
    async with world(faults=FaultPlan((FaultRule(kind="sequence_reset", at_ms=(500.0,)),))) as w:
        _, before, _ = await w.get(venue, BOOKS[venue])
        w.turn(1000)
        _, after, _ = await w.get(venue, BOOKS[venue])
        number = "lastUpdateId" if venue == "mexc" else "id"
        assert after[number] < before[number]


async def test_a_venues_clock_jumps_alone() -> None:
    async with world(faults=during("clock_jump", venue="mexc", shift_ms=-60_000.0)) as w:
        w.turn(600)
        _, mexc, _ = await w.get("mexc", "/api/v3/time")
        _, gate, _ = await w.get("gateio", "/spot/time")
        assert gate["server_time"] - mexc["serverTime"] == 60_000
        w.turn(1000)
        _, mexc, _ = await w.get("mexc", "/api/v3/time")
        _, gate, _ = await w.get("gateio", "/spot/time")
        assert gate["server_time"] == mexc["serverTime"]


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        pytest.param("delisting", {}, {"mexc": ("status", "2"), "gateio": ("trade_status", "untradable")}, id="closed"),
        pytest.param(
            "fee_change", {"fee": 0.005}, {"mexc": ("takerCommission", "0.005"), "gateio": ("fee", "0.5")}, id="fee"
        ),
    ],
)
async def test_the_market_list_says_what_has_turned(
    kind: str, more: dict[str, Any], told: dict[str, tuple[str, str]]
) -> None:
    async with world(faults=during(kind, symbol="BTC/USDT", **more)) as w:
        first = await _listed(w)
        w.turn(600)
        second = await _listed(w)
        w.turn(1000)
        third = await _listed(w)
    for venue, (name, value) in told.items():
        assert [each[venue][name] == value for each in (first, second, third)] == [False, True, False]


async def _listed(w: World) -> dict[str, Any]:
    _, info, _ = await w.get("mexc", "/api/v3/exchangeInfo?symbol=BTCUSDT")
    _, pair, _ = await w.get("gateio", "/spot/currency_pairs/BTC_USDT")
    return {"mexc": info["symbols"][0], "gateio": pair}


# ------------------------------------------------------------------------------------------------ the road


async def test_half_open_connections_stay_and_say_nothing_old_and_new() -> None:
    async with world(faults=during("half_open", venue="mexc")) as w:
        client = await w.connect("mexc")
        w.turn(600)
        await client.socket.send_str('{"method":"PING"}')
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.socket.receive(), SOON_S)
        assert not client.socket.closed
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(w.get("mexc", BOOKS["mexc"]), SOON_S)
        assert (await w.get("gateio", BOOKS["gateio"]))[0] == 200
        w.turn(1000)
        assert (await w.get("mexc", BOOKS["mexc"]))[0] == 200


async def test_refused_connections_are_refused_and_the_port_opens_again() -> None:
    async with world(faults=during("refuse_connection", venue="mexc")) as w:
        client = await w.connect("mexc")
        w.turn(600)
        assert (await asyncio.wait_for(client.socket.receive(), 2)).type in (
            aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE,
        )  # fmt: skip
        with pytest.raises(aiohttp.ClientConnectorError):
            await w.get("mexc", BOOKS["mexc"])
        w.turn(1000)
        await asyncio.sleep(0.05)  # it listens again in a task of its own
        assert (await w.get("mexc", BOOKS["mexc"]))[0] == 200


async def test_slow_bytes_arrive_all_the_same() -> None:
    async with world(faults=during("slow", venue="mexc", bytes_s=4000.0)) as w:
        _, whole, _ = await w.get("mexc", BOOKS["mexc"])
        w.turn(600)
        began = asyncio.get_running_loop().time()
        status, body, _ = await w.get("mexc", BOOKS["mexc"])
        assert status == 200
        assert body.keys() == whole.keys()
        assert asyncio.get_running_loop().time() - began > 0.05


async def test_a_certificate_that_nobody_trusts_ends_the_handshake() -> None:
    async with world(faults=during("tls_failure", venue="mexc")) as w:
        trusting = ssl.create_default_context(cafile=w.sim.ca_file)
        assert w.sim.urls["mexc"].rest_url.startswith("https:")
        assert w.sim.urls["gateio"].rest_url.startswith("http:")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await w.get("mexc", BOOKS["mexc"])  # who does not trust the simulation
        assert (await w.get("mexc", BOOKS["mexc"], ssl=trusting))[0] == 200
        w.turn(600)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await w.get("mexc", BOOKS["mexc"], ssl=trusting)
        w.turn(1000)
        assert (await w.get("mexc", BOOKS["mexc"], ssl=trusting))[0] == 200


async def test_a_name_is_not_found_while_it_lasts() -> None:
    async with world(faults=during("dns_failure", venue="mexc")) as w:
        host = w.sim.urls["mexc"].rest_url.split("//")[1].partition(":")[0]
        assert w.sim.resolve(host) == "127.0.0.1"
        w.turn(600)
        with pytest.raises(OSError, match="name resolution"):
            w.sim.resolve(host)
        w.turn(1000)
        assert w.sim.resolve(host) == "127.0.0.1"


# ------------------------------------------------------------------------------------------------ where they may be


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('kind = "half_open"\nprobability = 0.5', "goes by at_ms", id="what lasts goes by the clock"),
        pytest.param('kind = "slow"\nat_ms = [1]\nbytes_s = 0', "bytes_s must be above 0", id="no bytes at all"),
        pytest.param('kind = "dns_failure"\nat_ms = [1]', "where names are resolved", id="names are the client's"),
    ],
)
async def test_what_cannot_be_done_is_one_clear_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(f"[[rules]]\n{text}\n")
    with pytest.raises(ConfigError, match=told):
        await simulating.simulate(
            SimOptions(faults=path), port=0, ready=lambda _: None, duration_s=0.01, stop=asyncio.Event()
        )


async def test_the_first_line_tells_whom_to_trust(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[rules]]\nkind = "tls_failure"\nvenue = "mexc"\nat_ms = [60_000]\nduration_ms = 1_000\n')
    told: dict[str, SimEndpoint] = {}
    await simulating.simulate(
        SimOptions(faults=path), port=0, ready=lambda venues: told.update(venues), duration_s=0.01, stop=asyncio.Event()
    )
    assert told["mexc"].ws_url.startswith("wss:")
    assert told["mexc"].ca_file.endswith(".pem")
    assert told["gateio"].ca_file == ""
