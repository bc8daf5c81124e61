from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from arb.sim import SimSettings
from tests.arb.sim.support import MS, WALL_NS, Closed, apply, decoded, of, side, truth, world

DEPTH = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"
TICKER = "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT"
SLOW_TICKER = "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"
STILL = SimSettings(activity=0, gaps_hz=0)


def subscribe(*topics: str, **more: object) -> dict[str, object]:
    return {"method": "SUBSCRIPTION", "params": list(topics), **more}


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        pytest.param(
            subscribe(DEPTH, TICKER, id=7), (7, f"{DEPTH},{TICKER}"), id="an ack echoes the id and the topics"
        ),
        pytest.param(subscribe(DEPTH), (0, DEPTH), id="without an id it says 0"),
        pytest.param(
            subscribe("spot@public.aggre.depth.v3.api.pb@10ms@NOPE", "spot@public.deals.v3.api@BTCUSDT", id=2),
            (
                2,
                "Not Subscribed successfully! [spot@public.aggre.depth.v3.api.pb@10ms@NOPE,"
                "spot@public.deals.v3.api@BTCUSDT].  Reason： Blocked! ",
            ),
            id="a refusal keeps code 0",
        ),
        pytest.param(
            subscribe(DEPTH, "spot@public.aggre.depth.v3.api.pb@10ms@btcusdt"),
            (
                0,
                f"Subscribed successful! [{DEPTH}]. Not Subscribed successfully! "
                "[spot@public.aggre.depth.v3.api.pb@10ms@btcusdt].  Reason： Blocked! ",
            ),
            id="lower case is blocked, the rest accepted",
        ),
        pytest.param(
            subscribe("spot@public.aggre.depth.v3.api.pb@50ms@BTCUSDT"),
            (
                0,
                "Not Subscribed successfully! [spot@public.aggre.depth.v3.api.pb@50ms@BTCUSDT].  Reason： Blocked! ",
            ),
            id="no such interval",
        ),
        pytest.param({"method": "UNSUBSCRIPTION", "params": [DEPTH], "id": 3}, (3, DEPTH), id="unsubscribe"),
        pytest.param({"method": "PING"}, (0, "PONG"), id="ping"),
        pytest.param({"method": "ping"}, (0, "PONG"), id="ping in lower case"),
    ],
)
async def test_control_frames(message: object, answer: tuple[int, str]) -> None:
    async with world(symbols=2) as w:
        client = await w.connect("mexc")
        assert await client.ask(message) == {"id": answer[0], "code": 0, "msg": answer[1]}


async def test_what_cannot_be_read_is_not_answered() -> None:
    async with world(symbols=2) as w:
        client = await w.connect("mexc")
        await client.say("{nonsense")
        await client.say('{"method":"SUBSCRIPTION","params":5}')
        assert await client.drain() == []


async def test_depth_pushes_chain_onto_a_snapshot_and_end_in_the_markets_book() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("mexc")
        await client.ask(subscribe(DEPTH))
        w.turn(500)
        _, snapshot, _ = await w.get("mexc", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        w.turn(6000)
        seen = await client.pushes()
        bids, asks, last = side(snapshot["bids"]), side(snapshot["asks"]), snapshot["lastUpdateId"]
        previous, one_sided, texts = 0, False, set()
        for push in seen:
            assert push["channel"] == DEPTH
            assert push["symbol"] == "BTCUSDT"
            body = push["publicAggreDepths"]
            assert body["eventType"] == "spot@public.aggre.depth.v3.api.pb@10ms"
            first, to = int(body["fromVersion"]), int(body["toVersion"])
            assert previous == 0 or first == previous + 1
            assert to >= first
            previous = to
            one_sided |= "asks" not in body or "bids" not in body
            texts |= {q for _, q in of(body.get("asks")) + of(body.get("bids")) if not Decimal(q)}
            if to > last:
                apply(bids, of(body.get("bids")))
                apply(asks, of(body.get("asks")))
        assert len(seen) > 100
        assert one_sided
        assert texts <= {"0", "0.00000000"}
        assert (bids, asks) == truth(w, "mexc", "BTC/USDT")
        assert previous == w.sim.market.books("mexc")["BTC/USDT"].version


async def test_padding_differs_from_symbol_to_symbol() -> None:
    async with world(symbols=20) as w:
        client = await w.connect("mexc")
        natives = [b.listing.base + b.listing.quote for b in w.sim.market.books("mexc").values()]
        for native in natives:
            await client.ask(subscribe(f"spot@public.aggre.depth.v3.api.pb@100ms@{native}"))
        w.turn(3000, 100)
        deletes = set()
        for push in await client.pushes():
            body = push["publicAggreDepths"]
            deletes |= {q for _, q in of(body.get("asks")) + of(body.get("bids")) if not Decimal(q)}
        assert {"0", "0.00000000"} <= deletes


async def test_the_fast_ticker_repeats_itself_with_a_new_send_time() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("mexc")
        await client.ask(subscribe(TICKER))
        w.turn(2000)
        raw = [f for f in await client.drain() if isinstance(f, bytes)]
        assert len(raw) == 200
        pushes = [decoded(f) for f in raw]
        times = [int(p["sendTime"]) for p in pushes]
        assert times == list(range(WALL_NS // MS + 10, WALL_NS // MS + 2010, 10))
        bodies = [str(p["publicAggreBookTicker"]) for p in pushes]
        assert 1 < len(set(bodies)) < 120
        body: dict[str, Any] = pushes[-1]["publicAggreBookTicker"]
        bids, asks = truth(w, "mexc", "BTC/USDT", 1)
        assert {Decimal(body["bidPrice"]): Decimal(body["bidQuantity"])} == bids
        assert {Decimal(body["askPrice"]): Decimal(body["askQuantity"])} == asks


async def test_the_slow_ticker_mostly_keeps_still_when_nothing_changes() -> None:
    async with world(settings=STILL) as w:
        client = await w.connect("mexc")
        await client.ask(subscribe(SLOW_TICKER))
        w.turn(5000)
        assert len(await client.pushes()) == 5


async def test_limit_depth_is_a_whole_top_in_order() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("mexc")
        topic = "spot@public.limit.depth.v3.api.pb@BTCUSDT@5"
        await client.ask(subscribe(topic))
        w.turn(1000)
        pushes = await client.pushes()
        assert pushes[-1]["channel"] == topic
        body = pushes[-1]["publicLimitDepths"]
        assert body["eventType"] == "spot@public.limit.depth.v3.api.pb"
        bids, asks = of(body["bids"]), of(body["asks"])
        assert [Decimal(p) for p, _ in bids] == sorted((Decimal(p) for p, _ in bids), reverse=True)
        assert (side(bids), side(asks)) == truth(w, "mexc", "BTC/USDT", 5)
        assert all(len(p.partition(".")[2]) == 2 for p, _ in bids + asks)


async def test_trades_are_grouped_by_interval() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("mexc")
        await client.ask(subscribe("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"))
        before = w.sim.market.books("mexc")["BTC/USDT"].trades[-1].number
        w.turn(5000)
        deals = [d for p in await client.pushes() for d in p["publicAggreDeals"]["deals"]]
        assert len(deals) == w.sim.market.books("mexc")["BTC/USDT"].trades[-1].number - before > 3
        assert {d["tradeType"] for d in deals} == {1, 2}


async def test_the_31st_topic_is_acknowledged_and_silent() -> None:
    async with world(symbols=34) as w:
        client = await w.connect("mexc")
        names = [b.listing.base + b.listing.quote for b in w.sim.market.books("mexc").values()][:32]
        topics = [f"spot@public.aggre.bookTicker.v3.api.pb@10ms@{n}" for n in names]
        for start in range(0, 32, 8):
            answer = await client.ask(subscribe(*topics[start : start + 8]))
            assert answer["msg"] == ",".join(topics[start : start + 8])
        w.turn(50)
        assert {p["symbol"] for p in await client.pushes()} == set(names[:30])


async def test_after_unsubscribing_nothing_more_comes() -> None:
    async with world(symbols=2) as w:
        client = await w.connect("mexc")
        await client.ask(subscribe(TICKER, DEPTH))
        w.turn(100)
        await client.drain()
        await client.ask({"method": "UNSUBSCRIPTION", "params": [TICKER, DEPTH]})
        w.turn(500)
        assert await client.drain() == []
        assert w.sim.venues["mexc"].streams == {}
        assert w.sim.market.books("mexc")["BTC/USDT"].taps == []


@pytest.mark.parametrize(
    ("size", "survives"), [pytest.param(1024, True, id="1024 bytes"), pytest.param(1025, False, id="1025 bytes")]
)
async def test_long_frames_end_the_connection(size: int, *, survives: bool) -> None:
    async with world(symbols=2) as w:
        client = await w.connect("mexc")
        text = '{"method":"PING"' + " " * (size - 17) + "}"
        assert len(text) == size
        if survives:
            assert (await client.ask(text))["msg"] == "PONG"
        else:
            with pytest.raises(Closed):
                await client.ask(text)


async def test_a_hundred_messages_a_second_are_enough() -> None:
    async with world(symbols=2) as w:
        client = await w.connect("mexc")
        for _ in range(100):
            await client.ask({"method": "PING"})
        with pytest.raises(Closed):
            await client.ask({"method": "PING"})


@pytest.mark.parametrize(
    ("topics", "timers", "alive_ms", "dead_ms"),
    [
        pytest.param([], {}, 29_900, 30_000, id="30 s without a subscription"),
        pytest.param(["spot@public.nonsense"], {}, 29_900, 30_000, id="a blocked one does not count"),
        pytest.param(
            ["spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT"], {}, 59_900, 60_100, id="60 s without any traffic"
        ),
        pytest.param([SLOW_TICKER], {"mexc.life_s": 65.0}, 64_900, 65_100, id="the longest life"),
    ],
)
async def test_timers(topics: list[str], timers: dict[str, float], alive_ms: int, dead_ms: int) -> None:
    async with world(symbols=2, settings=SimSettings(activity=0, gaps_hz=0, timers=timers)) as w:
        client = await w.connect("mexc")
        if topics:
            await client.ask(subscribe(*topics))
        w.turn(alive_ms, 100)
        assert len(w.sim.venues["mexc"].conns) == 1
        assert not next(iter(w.sim.venues["mexc"].conns)).gone
        w.turn(dead_ms - alive_ms, 100)
        with pytest.raises(Closed):
            await client.drain()


async def test_all_views_of_a_book_share_one_counter() -> None:
    async with world(symbols=2) as w:
        w.turn(1000)
        _, depth, _ = await w.get("mexc", "/api/v3/depth?symbol=BTCUSDT")
        client = await w.connect("mexc")
        await client.ask(subscribe("spot@public.limit.depth.v3.api.pb@BTCUSDT@20", TICKER))
        w.turn(10)
        bodies = [p["publicLimitDepths"] for p in await client.pushes() if "publicLimitDepths" in p]
        book = w.sim.market.books("mexc")["BTC/USDT"]
        assert int(bodies[0]["version"]) == book.version
        assert depth["lastUpdateId"] <= book.version
        assert book.touch_version <= book.version
