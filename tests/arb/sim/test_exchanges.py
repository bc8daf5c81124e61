from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from arb.clock import ManualClock, SystemClock
from arb.errors import ConfigError
from arb.sim import SimExchanges, SimSettings
from tests.arb.sim.support import MS, Closed, decoded, until, world

SUBSCRIBE = {
    "mexc": {
        "method": "SUBSCRIPTION",
        "params": [
            "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT",
            "spot@public.aggre.bookTicker.v3.api.pb@10ms@ETHUSDT",
            "spot@public.limit.depth.v3.api.pb@SOLUSDT@20",
        ],
    },
    "gateio": {
        "time": 1,
        "channel": "spot.obu",
        "event": "subscribe",
        "payload": ["ob.BTC_USDT.50", "ob.ETH_USDT.400"],
    },
}


async def frames(venue: str, seed: int, step_ms: int) -> list[bytes | str]:
    async with world(seed=seed) as w:
        client = await w.connect(venue)
        await client.ask(SUBSCRIBE[venue])
        w.turn(3000, step_ms)
        return await client.drain()


@pytest.mark.parametrize("venue", ["mexc", "gateio"])
async def test_the_same_seed_gives_the_same_bytes_whatever_the_steps(venue: str) -> None:
    one = await frames(venue, 1, 10)
    assert one == await frames(venue, 1, 10) == await frames(venue, 1, 100)
    assert one != await frames(venue, 2, 10)


async def test_a_jump_sends_everything_that_was_due_on_the_way() -> None:
    async with world() as w:
        client = await w.connect("mexc")
        await client.ask(SUBSCRIBE["mexc"])
        w.clock.advance(2000 * MS)
        w.sim.step()
        tickers = [p for p in await client.pushes() if "publicAggreBookTicker" in p]
        assert len(tickers) == 200


async def test_stop_leaves_neither_tasks_nor_sockets() -> None:
    before = asyncio.all_tasks()
    sim = SimExchanges(SystemClock(), symbols=3)
    await sim.start()
    async with world() as w:
        client = await w.connect("mexc")
        await client.ask(SUBSCRIBE["mexc"])
        await w.sim.stop()
        with pytest.raises(Closed):
            await client.frame()
    await sim.stop()
    await sim.stop()
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", int(sim.urls["mexc"].rest_url.rpartition(":")[2]))


async def test_in_real_time_it_moves_by_itself() -> None:
    sim = SimExchanges(SystemClock(), symbols=4)
    await sim.start()
    book = sim.market.books("mexc")["BTC/USDT"]
    before = book.version
    await until(lambda: book.version >= before + 20)
    await sim.stop()


async def test_far_behind_it_catches_up_without_a_flood() -> None:
    clock = ManualClock(0, 10**18)
    sim = SimExchanges(clock, symbols=4)
    await sim.start()
    clock.advance(60_000 * MS)
    published: list[int] = []
    publish = sim.venues["mexc"].publish
    sim.venues["mexc"].publish = lambda at_ns: (published.append(at_ns), publish(at_ns))[1]  # type: ignore[method-assign,func-returns-value]
    await until(lambda: sim.market.now_ns >= 60_000 * MS)
    await sim.stop()
    assert len(published) < 5


async def test_urls_and_keys_look_like_the_venues() -> None:
    async with world() as w:
        port = w.sim.urls["mexc"].rest_url.rpartition(":")[2]
        assert w.sim.urls["mexc"] == (f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws")
        rest, ws = w.sim.urls["gateio"]
        assert rest.endswith("/api/v4")
        assert ws.endswith("/ws/v4/")
        assert w.sim.keys["mexc"][0].startswith("mx0vgl")
        assert len(w.sim.keys["gateio"][1]) == 64


async def test_ports_can_be_chosen_and_a_taken_one_is_a_clear_error() -> None:
    async with world() as w:
        taken = int(w.sim.urls["mexc"].rest_url.rpartition(":")[2])
        sim = SimExchanges(ManualClock(), symbols=2, venues=("mexc",), port=taken)
        with pytest.raises(ConfigError, match=str(taken)):
            await sim.start()
        await sim.stop()


async def test_one_venue_alone_is_possible() -> None:
    async with world(venues=("gateio",), symbols=30) as w:
        w.turn(2000)
        assert list(w.sim.urls) == ["gateio"]
        assert w.sim.truth_log == []


@pytest.mark.parametrize("name", ["binance", "venue", "conn", "../x"])
def test_an_unknown_venue_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no simulated venue"):
        SimExchanges(ManualClock(), venues=(name,))


def test_an_unknown_timer_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mexc\.nap_s"):
        SimExchanges(ManualClock(), settings=SimSettings(timers={"mexc.nap_s": 1.0}))


async def test_the_truth_is_on_disk_while_the_sim_runs(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    async with world(truth=path, settings=SimSettings(gaps_hz=5.0)) as w:
        w.turn(3000)
        lines = [msgspec.json.decode(x) for x in path.read_bytes().splitlines()]
        assert [x["id"] for x in lines] == [g.id for g in w.sim.truth_log]
        assert len(lines) > 5


async def test_a_planted_gap_shows_on_both_wires() -> None:
    """From the frames alone: while a gap is open, the top of both books is what the truth says."""
    async with world(symbols=2, settings=SimSettings(gaps_hz=3.0)) as w:
        mx, gate = await w.connect("mexc"), await w.connect("gateio")
        await mx.ask(
            {
                "method": "SUBSCRIPTION",
                "params": [f"spot@public.aggre.bookTicker.v3.api.pb@10ms@{s}" for s in ("BTCUSDT", "ETHUSDT")],
            }
        )
        await gate.ask(
            {"time": 1, "channel": "spot.book_ticker", "event": "subscribe", "payload": ["BTC_USDT", "ETH_USDT"]}
        )
        w.turn(6000)
        tops: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
        for push in await mx.pushes():
            body = push["publicAggreBookTicker"]
            symbol = push["symbol"].replace("USDT", "/USDT")
            row = (int(push["sendTime"]), float(body["bidPrice"]), float(body["askPrice"]))
            tops.setdefault(("mexc", symbol), []).append(row)
        for push in await gate.pushes():
            r = push["result"]
            row = (push["time_ms"], float(r["b"]), float(r["a"]))
            tops.setdefault(("gateio", r["s"].replace("_", "/")), []).append(row)
        checked = 0
        for gap in w.sim.truth_log:
            assert gap.close_wall_ns is not None
            first, last = gap.open_wall_ns / MS + 10, gap.close_wall_ns / MS
            for venue, price, place in ((gap.buy, gap.buy_price, 2), (gap.sell, gap.sell_price, 1)):
                for row in tops[venue, gap.symbol]:
                    if first <= row[0] < last:
                        assert row[place] == float(price)
                        checked += 1
        assert checked > 100


async def test_a_reader_that_does_not_read_is_dropped() -> None:
    async with world(symbols=30, settings=SimSettings(slow_reader_bytes=50_000)) as w:
        client = await w.connect("gateio")
        pairs = [f"ob.{s.replace('/', '_')}.400" for s in w.sim.market.books("gateio")]
        await client.say({"time": 1, "channel": "spot.obu", "event": "subscribe", "payload": pairs})
        await until(lambda: w.sim.venues["gateio"].streams)
        for _ in range(400):
            w.turn(1000, 1000)
            if next(iter(w.sim.venues["gateio"].conns)).gone:
                break
        else:
            pytest.fail("it kept a slow reader")
        with pytest.raises(Closed):
            await client.rest()


async def test_frames_are_counted() -> None:
    async with world() as w:
        client = await w.connect("mexc")
        await client.ask(SUBSCRIBE["mexc"])
        w.turn(1000)
        frames = await client.drain()
        assert w.sim.counters["mexc.frames"] in (len(frames), len(frames) + 1, len(frames) + 2)  # answers count too
        assert any("publicLimitDepths" in decoded(f) for f in frames)
