from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from arb.sim import SimSettings
from arb.sim.gateio.window import Window
from arb.sim.market import Listing, SimBook
from tests.arb.sim.support import MS, WALL_NS, Client, Closed, World, apply, decoded, side, truth, world


def call(channel: str, *payload: str, event: str = "subscribe", **more: object) -> dict[str, object]:
    return {"time": WALL_NS // 10**9, "channel": channel, "event": event, "payload": list(payload), **more}


async def test_an_ack_has_the_fields_and_order_of_the_real_one(shared: Path) -> None:
    real = msgspec.json.decode((shared / "protocols/samples/gateio/spot_ws_acks_errors_real.json").read_bytes())
    async with world(symbols=2) as w:
        client = await w.connect("gateio")
        good = await client.ask(call("spot.tickers", "BTC_USDT", id=1))
        bad = await client.ask(call("spot.trades", "LUNARLENS_USDT", "ETH_USDT", id=1))
    for made, sample in ((good, real["subscribe_ack_2024_09"]), (bad, real["unknown_pair_2025_02"])):
        assert list(made) == list(sample)
        for name in ("id", "channel", "event", "result"):
            assert made[name] == sample[name]
        assert re.fullmatch("[0-9a-f]{16}", made["conn_id"])
        assert re.fullmatch("[0-9a-f]{32}", made["trace_id"])
        assert made["requestId"] == made["trace_id"]
    assert bad["error"] == real["unknown_pair_2025_02"]["error"]
    assert good["conn_id"] == bad["conn_id"]
    assert good["trace_id"] != bad["trace_id"]


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        pytest.param("{nonsense", 1, "invalid request body format", id="no JSON"),
        pytest.param(call("spot.book_ticker", "NO_USDT"), 2, "unknown currency pair: NO_USDT", id="unknown pair"),
        pytest.param(call("spot.obu", "ob.NO_USDT.50"), 2, "unknown currency pair: NO_USDT", id="unknown pair in obu"),
        pytest.param(call("spot.obu", "BTC_USDT"), 2, "invalid argument: BTC_USDT", id="no obu stream"),
        pytest.param(call("spot.order_book", "BTC_USDT", "7", "100ms"), 2, "invalid level: 7", id="no such level"),
        pytest.param(
            call("spot.order_book_update", "BTC_USDT", "1000ms"), 2, "invalid interval: 1000ms", id="no such interval"
        ),
        pytest.param(
            call("spot.order_book_update", "BTC_USDT", "100ms", "ETH_USDT"),
            2,
            "invalid argument: 2 values expected",
            id="one pair per request",
        ),
        pytest.param(call("spot.nothing", "BTC_USDT"), 2, "unknown channel: spot.nothing", id="no such channel"),
        pytest.param(call("spot.tickers", "BTC_USDT", event="dance"), 2, "unknown event: dance", id="no such event"),
    ],
)
async def test_errors(message: object, code: int, text: str) -> None:
    async with world(symbols=2) as w:
        client = await w.connect("gateio")
        answer = await client.ask(message)
        assert answer["error"] == {"code": code, "message": text}
        assert answer["result"] == {"status": "fail"}
        assert "id" not in answer
        w.turn(1000)
        assert await client.drain() == []
        assert w.sim.venues["gateio"].streams == {}
        assert not any(b.taps for b in w.sim.market.books("gateio").values())


async def test_one_bad_pair_fails_the_whole_request() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.book_ticker", "BTC_USDT", "NO_USDT"))
        w.turn(2000)
        assert await client.drain() == []


@pytest.mark.parametrize("number", [None, 5])
async def test_a_ping_is_answered_at_once(number: int | None) -> None:
    async with world(symbols=2) as w:
        client = await w.connect("gateio")
        more = {} if number is None else {"id": number}
        answer = await client.ask({"time": 1, "channel": "spot.ping", **more})
        assert answer == {
            "time": WALL_NS // 10**9,
            "time_ms": WALL_NS // MS,
            **more,
            "channel": "spot.pong",
            "event": "",
            "error": None,
            "result": None,
        }


@pytest.mark.parametrize(("levels", "step_ms"), [(50, 20), (100, 100), (400, 100)])
async def test_obu_starts_full_and_its_deltas_chain(levels: int, step_ms: int) -> None:
    name = f"ob.BTC_USDT.{levels}"
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.obu", name))
        w.turn(4000)
        frames = [decoded(f) for f in await client.drain()]
        assert all(list(f) == ["channel", "result", "time_ms", "event"] for f in frames)
        first, *rest = [f["result"] for f in frames]
        assert first["full"]
        assert "U" not in first
        bids, asks, last = side(first["b"]), side(first["a"]), first["u"]
        unsorted = left_out = False
        for delta in rest:
            assert (delta["s"], delta["U"]) == (name, last + 1)
            assert "full" not in delta
            last = delta["u"]
            for key, book in (("b", bids), ("a", asks)):
                assert delta.get(key) != []
                left_out |= key not in delta
                prices = [Decimal(p) for p, _ in delta.get(key, [])]
                unsorted |= prices not in (sorted(prices), sorted(prices, reverse=True))
                apply(book, delta.get(key, []))
        assert unsorted
        assert left_out
        assert (bids, asks) == truth(w, "gateio", "BTC/USDT", levels)
        assert all((f["time_ms"] - WALL_NS // MS) % step_ms == 0 for f in frames)


async def test_obu_twice_is_an_error_and_leaves_the_first_alive() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.obu", "ob.BTC_USDT.50"))
        answer = await client.ask(call("spot.obu", "ob.BTC_USDT.50", id=3))
        assert answer["error"] == {"code": 2, "message": "Alert sub ob.BTC_USDT.50"}
        w.turn(1000)
        assert len(await client.pushes()) > 5
        other = await w.connect("gateio")
        assert "error" not in await other.ask(call("spot.obu", "ob.BTC_USDT.50"))


async def test_a_late_subscriber_gets_its_own_full_and_the_others_do_not() -> None:
    async with world(symbols=6) as w:
        early, late = await w.connect("gateio"), await w.connect("gateio")
        await early.ask(call("spot.obu", "ob.BTC_USDT.50"))
        w.turn(1010)
        await late.ask(call("spot.obu", "ob.BTC_USDT.50"))
        w.turn(2000)
        one, two = [[p["result"] for p in await c.pushes()] for c in (early, late)]
        assert [bool(r.get("full")) for r in one].count(True) == 1
        assert two[0]["full"]
        assert two[1]["U"] == two[0]["u"] + 1
        assert one[-1] == two[-1]


async def test_resubscribing_gives_a_new_full() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.obu", "ob.BTC_USDT.50"))
        w.turn(1000)
        await client.drain()
        answer = await client.ask(call("spot.obu", "ob.BTC_USDT.50", event="unsubscribe"))
        assert (answer["event"], answer["result"]) == ("unsubscribe", {"status": "success"})
        w.turn(500)
        assert await client.drain() == []
        await client.ask(call("spot.obu", "ob.BTC_USDT.50"))
        w.turn(100)
        assert (await client.pushes())[0]["result"]["full"]


async def test_some_depths_are_acknowledged_and_stay_silent() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        for level in ("1", "5", "10", "200"):
            assert "error" not in await client.ask(call("spot.obu", f"ob.BTC_USDT.{level}"))
        w.turn(5000)
        assert await client.drain() == []


async def follow_updates(w: World, client: Client, pair: str, interval: str, levels: int) -> dict[str, Any]:
    """Documented algorithm of the channel; returns the first frame's result and how it ended."""
    await client.ask(call("spot.order_book_update", pair, interval))
    w.turn(400)
    _, snapshot, _ = await w.get("gateio", f"/spot/order_book?currency_pair={pair}&limit={levels}&with_id=true")
    w.turn(4000)
    results = [p["result"] for p in await client.pushes()]
    bids, asks, last = side(snapshot["bids"]), side(snapshot["asks"]), snapshot["id"]
    assert len(bids) == len(asks) == levels
    for before, after in pairwise(results):
        assert after["U"] == before["u"] + 1
    for delta in results:
        assert (delta["s"], delta["l"], delta["e"]) == (pair, str(levels), "depthUpdate")
        assert [Decimal(p) for p, _ in delta["b"]] == sorted((Decimal(p) for p, _ in delta["b"]), reverse=True)
        assert [Decimal(p) for p, _ in delta["a"]] == sorted(Decimal(p) for p, _ in delta["a"])
        if delta["u"] > last:
            apply(bids, delta["b"])
            apply(asks, delta["a"])
    symbol = pair.replace("_", "/")
    assert (bids, asks) == truth(w, "gateio", symbol, levels)
    return results[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("interval", "levels"), [("20ms", 20), ("100ms", 100)])
async def test_book_updates_keep_a_window_on_top_of_a_snapshot(interval: str, levels: int) -> None:
    async with world(symbols=12) as w:
        dumps = []
        for pair in ("BTC_USDT", "ETH_USDT", "ADA_USDT"):
            client = await w.connect("gateio")
            first = await follow_updates(w, client, pair, interval, levels)
            dumps.append(len(first["b"]) == len(first["a"]) == levels)
            assert "full" not in first
        assert set(dumps) == {True, False}  # some pairs start with the whole window, some do not


async def test_book_ticker_comes_on_change_and_shares_the_books_ids() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.book_ticker", "BTC_USDT"))
        w.turn(3000)
        results = [p["result"] for p in await client.pushes()]
        assert 20 < len(results) < 200
        last = results[-1]
        assert list(last) == ["t", "u", "s", "b", "B", "a", "A"]
        book = w.sim.market.books("gateio")["BTC/USDT"]
        assert last["u"] == book.touch_version
        bids, asks = truth(w, "gateio", "BTC/USDT", 1)
        assert ({Decimal(last["b"]): Decimal(last["B"])}, {Decimal(last["a"]): Decimal(last["A"])}) == (bids, asks)
        assert [r["u"] for r in results] == sorted({r["u"] for r in results})


@pytest.mark.parametrize(("level", "interval"), [("5", "100ms"), ("20", "1000ms"), ("100", "100ms")])
async def test_order_book_frames_stand_alone(level: str, interval: str) -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.order_book", "BTC_USDT", level, interval))
        w.turn(2000)
        results = [p["result"] for p in await client.pushes()]
        assert len(results) <= 2000 / int(interval[:-2])
        last = results[-1]
        assert list(last) == ["t", "lastUpdateId", "s", "l", "bids", "asks"]
        assert (side(last["bids"]), side(last["asks"])) == truth(w, "gateio", "BTC/USDT", int(level))


async def test_tickers_and_trades() -> None:
    async with world(symbols=6) as w:
        client = await w.connect("gateio")
        await client.ask(call("spot.tickers", "BTC_USDT", "ETH_USDT"))
        await client.ask(call("spot.trades", "BTC_USDT"))
        w.turn(3000)
        pushes = await client.pushes()
        tickers = [p["result"] for p in pushes if p["channel"] == "spot.tickers"]
        trades = [p["result"] for p in pushes if p["channel"] == "spot.trades"]
        assert [t["currency_pair"] for t in tickers] == ["BTC_USDT", "ETH_USDT"] * 3
        assert all(isinstance(v, str) for t in tickers for v in t.values())
        assert len(trades) > 3
        assert [t["id_market"] for t in trades] == list(range(trades[0]["id_market"], trades[-1]["id_market"] + 1))
        assert re.fullmatch(r"\d{13}\.\d{4}", trades[0]["create_time_ms"])


async def test_silence_ends_the_connection_and_an_unanswered_ping_too() -> None:
    still = SimSettings(activity=0, gaps_hz=0, timers={"gateio.ping_s": 1000.0})
    async with world(symbols=2, settings=still) as w:
        client = await w.connect("gateio")
        w.turn(50_000, 100)
        await client.drain()  # a word from us starts the minute anew
        w.turn(60_000, 100)
        assert not next(iter(w.sim.venues["gateio"].conns)).gone
        w.turn(100, 100)
        with pytest.raises(Closed):
            await client.drain()
    async with world(symbols=2, settings=SimSettings(timers={"gateio.ping_s": 5.0, "gateio.pong_s": 5.0})) as w:
        deaf, awake = await w.connect("gateio"), await w.connect("gateio")
        await deaf.ask(call("spot.book_ticker", "BTC_USDT"))
        await awake.ask(call("spot.book_ticker", "BTC_USDT"))
        for _ in range(6):
            w.turn(2000, 100)
            await awake.drain()
        assert awake.pings == 2
        with pytest.raises(Closed):
            await deaf.drain()


def test_a_window_tells_every_change_of_its_top() -> None:
    """Against the plain way: compare the whole window before and after."""
    rng = Random(5)
    book = SimBook(Listing("g", "A/B", "A", "B", 0, 0, "", "1", "1", 0.0, 0.0, 0.0), 1)
    for key in range(1, 15):
        book.put(key, 1)
        book.put(-key, 1)
    window = Window(book, 10)
    mirror = [dict(levels) for levels in window.whole()]
    for _ in range(3000):
        for _ in range(rng.randrange(6)):
            book.put(rng.choice((-1, 1)) * rng.randrange(1, 25), rng.randrange(3))
        for held, changed in zip(mirror, window.delta(), strict=True):
            for key, lots in changed:
                if lots:
                    held[key] = lots
                else:
                    held.pop(key, None)
        assert mirror == [dict(levels) for levels in window.whole()]
