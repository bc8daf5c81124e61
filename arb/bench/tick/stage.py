"""The other process: simulated exchanges that stand still but for one tick at a time, and a clock at their doors.

`python -m arb.bench.tick.stage` is told its `Setting` by a first line, answers with the doors of each
(exchanges and accounts of their own), then to each `Block` with a `Tick` for every tick. It runs on asyncio's own loop,
whose transports write at once, so that the stamp taken before a write is when the frame left.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import monotonic_ns

import msgspec
from aiohttp.web_protocol import RequestHandler

from arb.bench.tick.talk import Block, Doors, Setting, Tick
from arb.bench.wire.talk import answer, lines
from arb.clock import SystemClock
from arb.errors import ArbError
from arb.sim import SimExchanges, SimSettings
from arb.sim.apart import Door
from arb.sim.venue import SimVenue

VENUES = ("mexc", "gateio")
SYMBOL = "BTC/USDT"
NET_BPS = 40.0  # what a tick is worth after both venues' fees
USD = 60.0  # and for how much
LIFE_S = 0.04  # then the book is as it was before
PACE_S = 0.15  # from one tick to the next: Gate takes ten orders a second, and a leg may need a second one
QUIET_S = 0.01
HOLD_S = 0.003
PATIENCE_S = 1.0  # without an order for so long there will be none
STEP_S = 0.01
DEEP = 15  # levels from the touch, within what every client watches
FRESH_S = 0.2  # books that stand still must be told of now and then, or they are too old to trade on
_POOR = {"USDT": "10000000", "BTC": "10000"}  # enough for all ticks
_ORDER = re.compile(rb"POST [^ ?]*/orders?[? ]")
_PLACE = b'"spot.order_place"'

OnOrder = Callable[[int, int], None]
"""Told of an order's bytes: the port that they came to, and when."""


def unmasked(frames: bytes) -> bytes:
    """The texts of a client's WebSocket frames, one after the other; whatever is no such frame ends them."""
    texts = b""
    while len(frames) >= 6 and frames[1] & 0x80:
        size, at = frames[1] & 0x7F, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(frames[2:at], "big")
        mask, body = frames[at : at + 4], frames[at + 4 : at + 4 + size]
        repeated = (mask * (len(body) // 4 + 1))[: len(body)]
        texts += (int.from_bytes(body, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(body), "big")
        frames = frames[at + 4 + size :]
    return texts


def is_order(data: bytes) -> bool:
    """Whether these bytes, just read from a client, begin an order."""
    return bool(_ORDER.match(data)) or (data[:1] in (b"\x81", b"\x82") and _PLACE in unmasked(data))


def watch_doors(on_order: OnOrder) -> None:
    """From here on every byte that aiohttp's servers of this process read is stamped before they look at it.

    An order is not looked at before HOLD_S: what one venue does with its leg must not keep the other one's waiting
    at a door that is in the same process.
    """
    read = RequestHandler.data_received
    held: dict[RequestHandler, list[bytes]] = {}

    def data_received(self: RequestHandler, data: bytes) -> None:
        now_ns = monotonic_ns()
        if self in held:
            held[self].append(data)
        elif self.transport is not None and is_order(data):
            on_order(self.transport.get_extra_info("sockname")[1], now_ns)
            held[self] = [data]
            asyncio.get_running_loop().call_later(HOLD_S, let_go, self)
        else:
            read(self, data)

    def let_go(handler: RequestHandler) -> None:
        for data in held.pop(handler):
            if handler.transport is not None:
                read(handler, data)

    RequestHandler.data_received = data_received  # type: ignore[method-assign]  # there is no other way in


class Stage:
    """One set of exchanges for each client."""

    def __init__(self, plan: Setting) -> None:
        settings = SimSettings(gaps_hz=0.0, activity=plan.activity, balances=dict.fromkeys(VENUES, _POOR))
        self._worlds = [
            SimExchanges(SystemClock(), seed=plan.seed, symbols=plan.symbols, venues=VENUES, settings=settings)
            for _ in range(plan.clients)
        ]
        self._places: dict[int, tuple[int, str]] = {}  # port -> client, venue
        self._arrived: dict[tuple[int, str], int] = {}
        self._both = asyncio.Event()
        self._still = False  # between a tick and its orders nothing else happens here
        self._buys = False

    async def open(self, stack: AsyncExitStack) -> list[Doors]:
        doors: list[Doors] = []
        for number, world in enumerate(self._worlds):
            await world.start(drive=False)
            stack.push_async_callback(world.stop)
            doors.append({name: Door(*world.urls[name], *world.keys[name]) for name in VENUES})
            for name, urls in world.urls.items():
                self._places[int(urls.ws_url.split(":")[2].partition("/")[0])] = (number, name)
        watch_doors(self._on_order)
        return doors

    async def run(self) -> None:
        """The exchanges' own time, until cancelled."""
        fresh_ns = 0
        while True:
            await asyncio.sleep(STEP_S)
            if self._still:
                continue
            now_ns = monotonic_ns()
            if now_ns - fresh_ns > FRESH_S * 1e9:
                fresh_ns = now_ns
                self._freshen()
            for world in self._worlds:
                world.keep_up()

    async def play(self, block: Block) -> list[Tick]:
        """As many ticks as bring orders, and those that brought none; twice as many in all at most."""
        played: list[Tick] = []
        while sum(bool(tick.both) for tick in played) < block.ticks and len(played) < 2 * block.ticks:
            played.append(await self._tick(block))
        return played

    async def _tick(self, block: Block) -> Tick:
        """Cheap here and dear there, or the other way round in turn; the touch of this venue's book is what moves."""
        world, venue = self._worlds[block.client], block.venue
        other = next(name for name in VENUES if name != venue)
        self._arrived.clear()
        self._both.clear()
        self._buys, self._still = not self._buys, True
        world.keep_up()
        await asyncio.sleep(QUIET_S)  # what that has sent is dealt with
        sent_ns = self._move(world, venue, other, buys=self._buys)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._both.wait()
        except TimeoutError:
            pass  # told as no arrival
        finally:
            self._still = False
        own, far = (self._arrived.get((block.client, name), 0) for name in (venue, other))
        await asyncio.sleep(LIFE_S + STEP_S)
        world.keep_up()  # and the gap is closed
        for side in world.venues.values():
            _flush(world, side)
        await asyncio.sleep(PACE_S - LIFE_S - STEP_S - QUIET_S)
        return Tick(own and own - sent_ns, max(own, far) - sent_ns if own and far else 0)

    def _move(self, world: SimExchanges, venue: str, other: str, *, buys: bool) -> int:
        """Returns when the frame was handed over."""
        market = world.market
        pair = market.pairs[SYMBOL]
        if pair.gap is not None:
            raise ArbError("the last tick's gap is still open")
        buy, sell = (venue, other) if buys else (other, venue)
        market.open_gap(
            pair, buy, sell, net_bps=NET_BPS, usd=USD, life_ns=round(LIFE_S * 1e9), move_sell=not buys,
            now_ns=market.now_ns,
        )  # fmt: skip
        return _flush(world, world.venues[venue])

    def _freshen(self) -> None:
        """Far below the touch one level of each book changes its amount."""
        for world in self._worlds:
            for venue in world.venues.values():
                for book in venue.books.values():
                    book.now_ns = world.market.now_ns
                    key = book.asks[DEEP]
                    book.put(key, max(1, book.lots[key] ^ 1))

    def _on_order(self, port: int, at_ns: int) -> None:
        place = self._places.get(port)
        if place is None:
            return
        self._arrived.setdefault(place, at_ns)
        if all((place[0], name) in self._arrived for name in VENUES):
            self._both.set()


def _flush(world: SimExchanges, side: SimVenue) -> int:
    """Send what has changed, whatever the streams' own pace. Returns when it was handed over."""
    now_ns = world.market.now_ns
    for stream in side.streams.values():
        if stream.label.symbol == SYMBOL:
            stream.flush(now_ns, world.market.wall_ns(now_ns) // 1_000_000)
    sent_ns = monotonic_ns()
    side.flush()
    return sent_ns


async def serve() -> None:
    told = await lines()
    stage = Stage(msgspec.json.decode(await told.readline(), type=Setting))
    async with AsyncExitStack() as stack:
        answer(await stage.open(stack))
        driving = asyncio.create_task(stage.run())
        stack.callback(driving.cancel)
        gc.freeze()
        while line := await told.readline():
            block = msgspec.json.decode(line, type=Block)
            playing = asyncio.ensure_future(stage.play(block))
            await asyncio.wait((playing, driving), return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                driving.result()
            answer(playing.result())


if __name__ == "__main__":
    asyncio.run(serve())
