from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arb.errors import ConfigError
from arb.sim import FaultPlan, FaultRule
from tests.arb.sim.support import MS, Closed, decoded, world

OBU = {"time": 1, "channel": "spot.obu", "event": "subscribe", "payload": ["ob.BTC_USDT.50"]}
DEPTH = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"
TICKER = "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT"


def plan(**rule: Any) -> FaultPlan:
    return FaultPlan((FaultRule(**rule),))


def mexc(*topics: str) -> dict[str, object]:
    return {"method": "SUBSCRIPTION", "params": list(topics)}


async def versions(faults: FaultPlan, ms: int = 5000) -> tuple[list[tuple[int, int]], Any]:
    """(fromVersion, toVersion) as they arrived, and the sim."""
    async with world(faults=faults) as w:
        client = await w.connect("mexc")
        await client.ask(mexc(DEPTH))
        w.turn(ms)
        bodies = [p["publicAggreDepths"] for p in await client.pushes()]
        return [(int(b["fromVersion"]), int(b["toVersion"])) for b in bodies], w.sim


def breaks(seen: list[tuple[int, int]]) -> int:
    return sum(after[0] != before[1] + 1 for before, after in pairwise(seen))


async def test_without_a_plan_nothing_breaks() -> None:
    seen, sim = await versions(FaultPlan())
    assert breaks(seen) == 0
    assert sim.injected == ()


@pytest.mark.parametrize("kind", ["drop", "duplicate", "reorder"])
async def test_frame_faults_are_counted_and_logged(kind: str) -> None:
    seen, sim = await versions(plan(kind=kind, probability=0.1))
    whole, _ = await versions(FaultPlan())
    count = sim.counters[kind]
    assert count > 3
    assert count == sim.counters[f"mexc.{kind}"] == len(sim.injected)
    assert {(i.kind, i.venue, i.symbol, i.topic) for i in sim.injected} == {(kind, "mexc", "BTC/USDT", DEPTH)}
    assert breaks(seen) > 0
    if kind == "drop":
        assert seen == [v for v in whole if v in seen]
        assert len(whole) - len(seen) == count
    elif kind == "duplicate":
        assert len(seen) - len(whole) == count
        assert list(dict.fromkeys(seen)) == whole
    else:
        assert sorted(seen) == [v for v in whole if v in seen]
        assert len(whole) - len(seen) <= 1  # one may still be held back
        assert seen != sorted(seen)


async def test_chance_follows_the_plans_seed() -> None:
    rule = FaultRule(kind="drop", probability=0.2)
    one, two, other = [await versions(FaultPlan((rule,), seed=s)) for s in (1, 1, 2)]
    assert one[0] == two[0] != other[0]
    assert one[1].injected == two[1].injected


async def test_garbled_text_stays_text_and_garbled_protobuf_differs() -> None:
    async with world(faults=plan(kind="garble", probability=1.0)) as w:
        gate, mx = await w.connect("gateio"), await w.connect("mexc")
        await gate.ask(OBU)
        await mx.ask(mexc(TICKER))
        w.turn(1000)
        texts = await gate.drain()
        assert len(texts) == w.sim.counters["gateio.garble"] > 5
        assert sum(not readable(t) for t in texts) > 0.8 * len(texts)
        frames = await mx.drain()
        assert len(frames) == 100
        assert all(isinstance(f, bytes) for f in frames)


def readable(text: bytes | str) -> bool:
    try:
        made = decoded(text)
    except msgspec.MsgspecError:
        return False
    return "result" in made


async def test_a_schedule_fires_once_each_on_the_first_thing_that_fits() -> None:
    seen, sim = await versions(plan(kind="drop", at_ms=(1000, 2000), venue="mexc", symbol="BTC/USDT"))
    assert breaks(seen) == 2
    assert [int(i.at_ms) // 1000 for i in sim.injected] == [1, 2]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"venue": "gateio"}, id="another venue"),
        pytest.param({"symbol": "ETH/USDT"}, id="another symbol"),
        pytest.param({"topic": "bookTicker"}, id="another topic"),
    ],
)
async def test_filters_spare_the_rest(where: dict[str, str]) -> None:
    seen, sim = await versions(plan(kind="drop", probability=1.0, **where), 1000)
    assert len(seen) > 10
    assert sim.counters["drop"] == 0


@pytest.mark.parametrize("when", [{"at_ms": (500,)}, {"probability": 0.05}])
async def test_close_hangs_up_without_a_word(when: dict[str, Any]) -> None:
    async with world(faults=plan(kind="close", venue="gateio", **when)) as w:
        client = await w.connect("gateio")
        await client.ask(OBU)
        w.turn(3000)
        with pytest.raises(Closed) as caught:
            await client.rest()
        assert caught.value.args in ((None,), (1006,))
        assert w.sim.counters["gateio.close"] == 1
        await w.connect("gateio")
        assert len(w.sim.venues["gateio"].conns) == 1


async def test_a_stalled_topic_is_silent_for_its_time_while_others_go_on() -> None:
    async with world(faults=plan(kind="stall", topic="aggre.depth", at_ms=(500,), duration_ms=1000)) as w:
        client = await w.connect("mexc")
        await client.ask(mexc(DEPTH, TICKER))
        w.turn(3000)
        pushes = await client.pushes()
        t0 = int(pushes[0]["sendTime"]) - 10
        depth = [int(p["sendTime"]) - t0 for p in pushes if "publicAggreDepths" in p]
        ticker = [int(p["sendTime"]) - t0 for p in pushes if "publicAggreBookTicker" in p]
        assert not [t for t in depth if 500 <= t < 1500]
        assert [t for t in depth if t < 500]
        assert [t for t in depth if t > 1500]
        assert len(ticker) == 300
        assert w.sim.counters["stall"] == 1


async def test_a_stalled_socket_does_not_even_pong() -> None:
    async with world(faults=plan(kind="stall", venue="mexc", scope="socket", at_ms=(500,), duration_ms=1000)) as w:
        client = await w.connect("mexc")
        await client.ask(mexc(TICKER))
        w.turn(600)
        frames = [await client.frame() for _ in range(49)]
        assert len(frames) == 49
        await client.say({"method": "PING"})
        waiting = asyncio.create_task(client.frame())
        other = await w.connect("mexc")  # its answer proves that the ping has been read
        await other.drain()
        assert not waiting.done()
        w.turn(1000)
        assert isinstance(await waiting, bytes)
        assert await client.ask({"method": "PING"}) == {"id": 0, "code": 0, "msg": "PONG"}


async def test_an_upgrade_is_announced_before_the_end() -> None:
    async with world(faults=plan(kind="upgrade", venue="gateio", at_ms=(500,), duration_ms=2000)) as w:
        client = await w.connect("gateio")
        w.turn(2400)
        [notice] = await client.pushes()
        assert (notice["channel"], notice["result"]["type"]) == ("spot.system", "upgrade")
        w.turn(200)
        with pytest.raises(Closed) as caught:
            await client.frame()
        assert caught.value.args == (1001,)


@pytest.mark.parametrize(
    ("message", "full"),
    [
        (OBU, "obu"),
        ({**OBU, "channel": "spot.order_book_update", "payload": ["BTC_USDT", "100ms"]}, "order_book_update"),
    ],
)
async def test_a_second_full_book_may_come(message: dict[str, object], full: str) -> None:
    async with world(faults=plan(kind="full", topic=full, at_ms=(1000,))) as w:
        client = await w.connect("gateio")
        await client.ask(message)
        w.turn(3000)
        results = [p["result"] for p in await client.pushes()]
        later = [n for n, r in enumerate(results) if r.get("full") and n]
        assert len(later) == 1
        whole = results[later[0]]
        assert len(whole["b"]) == len(whole["a"]) == (50 if full == "obu" else 100)
        assert results[later[0] + 1]["U"] == whole["u"] + 1
        assert w.sim.counters["full"] == 1


async def test_a_subscription_can_be_refused() -> None:
    async with world(faults=plan(kind="refuse", symbol="BTC/USDT", probability=1.0)) as w:
        gate, mx = await w.connect("gateio"), await w.connect("mexc")
        assert (await gate.ask(OBU))["error"]["code"] == 2
        other = DEPTH.replace("BTC", "ETH")
        answer = await mx.ask(mexc(DEPTH, other))
        assert (
            answer["msg"]
            == f"Subscribed successful! [{other}]. Not Subscribed successfully! [{DEPTH}].  Reason： Blocked! "
        )
        assert (w.sim.counters["mexc.refuse"], w.sim.counters["gateio.refuse"]) == (1, 1)


async def test_a_snapshot_can_lag() -> None:
    async with world(faults=plan(kind="snapshot_lag", probability=1.0, lag_ms=300)) as w:
        w.turn(1000)
        then = {v: w.sim.market.books(v)["BTC/USDT"].version for v in ("mexc", "gateio")}
        then_levels = dict(w.sim.market.books("mexc")["BTC/USDT"].lots)
        w.turn(300)
        _, mx, _ = await w.get("mexc", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        _, gate, _ = await w.get("gateio", "/spot/order_book?currency_pair=BTC_USDT&with_id=true")
        assert (mx["lastUpdateId"], gate["id"]) == (then["mexc"], then["gateio"])
        assert len(mx["bids"]) + len(mx["asks"]) == len(then_levels)
        assert w.sim.market.books("mexc")["BTC/USDT"].version > then["mexc"]


@pytest.mark.parametrize(
    ("rule", "venue", "path", "status", "header"),
    [
        pytest.param(
            {"kind": "rate_limit", "retry_after_s": 7}, "mexc", "/api/v3/time", 429, ("retry-after", "7"), id="mexc 429"
        ),
        pytest.param({"kind": "rate_limit"}, "gateio", "/spot/time", 429, ("retry-after", "2"), id="gate 429"),
        pytest.param({"kind": "server_error"}, "mexc", "/api/v3/time", 503, None, id="mexc 503"),
        pytest.param(
            {"kind": "server_error", "status": 502},
            "gateio",
            "/spot/time",
            502,
            ("content-type", "text/html"),
            id="gate 502",
        ),
        pytest.param({"kind": "server_error", "status": 500}, "gateio", "/spot/time", 500, None, id="gate 500"),
    ],
)
async def test_rest_can_fail(
    rule: dict[str, Any], venue: str, path: str, status: int, header: tuple[str, str] | None
) -> None:
    async with world(faults=plan(**rule, venue=venue, at_ms=(0,), duration_ms=1000)) as w:
        for _ in range(2):
            got, _, headers = await w.get(venue, path)
            assert got == status
            if header is not None:
                assert headers[header[0]] == header[1]
        w.turn(1000)
        assert (await w.get(venue, path))[0] == 200
        assert w.sim.counters[rule["kind"]] == 2


async def test_rest_can_be_slow_on_the_sims_clock() -> None:
    async with world(faults=plan(kind="slow_rest", topic="depth", probability=1.0, delay_ms=400)) as w:
        assert (await w.get("mexc", "/api/v3/time"))[0] == 200
        answer = asyncio.create_task(w.get("mexc", "/api/v3/depth?symbol=BTCUSDT"))
        while not w.sim.injected:
            await w.get("mexc", "/api/v3/ping")
        w.turn(390)
        await w.get("mexc", "/api/v3/ping")
        assert not answer.done()
        w.turn(10)
        assert (await answer)[0] == 200
        assert w.sim.injected[0].symbol == "BTC/USDT"


TOML = """
seed = 7
[[rules]]
kind = "drop"
venue = "mexc"
probability = 0.01
[[rules]]
kind = "stall"
at_ms = [1500, 4000.5]
scope = "socket"
"""


def test_a_plan_can_be_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(TOML)
    made = FaultPlan.load(path)
    assert made == FaultPlan(
        (
            FaultRule(kind="drop", venue="mexc", probability=0.01),
            FaultRule(kind="stall", at_ms=(1500, 4000.5), scope="socket"),
        ),
        seed=7,
    )
    as_json = tmp_path / "plan.json"
    as_json.write_bytes(msgspec.json.encode(made))
    assert FaultPlan.load(as_json) == made


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("seeed = 1", "seeed", id="unknown key"),
        pytest.param('[[rules]]\nkind="drop"\nprobabilty=0.1', "probabilty", id="unknown key in a rule"),
        pytest.param('[[rules]]\nkind="explode"\nprobability=0.1', "explode", id="unknown kind"),
        pytest.param('[[rules]]\nkind="drop"', "either probability or at_ms", id="never"),
        pytest.param('[[rules]]\nkind="drop"\nprobability=1.5', "between 0 and 1", id="more than certain"),
        pytest.param('[[rules]]\nkind="upgrade"\nprobability=0.5', "at_ms", id="an upgrade by chance"),
        pytest.param("[[rules]", "plan.toml", id="no TOML"),
    ],
)
def test_a_bad_plan_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        FaultPlan.load(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml"):
        FaultPlan.load(tmp_path / "no.toml")


async def test_times_of_the_log_are_sim_times() -> None:
    seen, sim = await versions(plan(kind="drop", probability=0.3), 1000)
    assert seen
    assert all(0 < i.at_ms <= 1000 and i.at_ms * MS % (10 * MS) == 0 for i in sim.injected)
