"""ccxt.pro as a careful user runs it: a task a venue that awaits its book, compares both, and orders in the same turn.

Its markets are loaded and its rate limiter is off; nothing is written down, and no limit but the price is looked at.
`python -m arb.bench.tick.theirs` talks as `arb.bench.tick.ours` does.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import msgspec

from adapters.ccxt_client import ClientSettings, Opener
from arb.bench.rig import SPEND
from arb.bench.tick.talk import Doors, Spent, Turn
from arb.bench.wire.talk import answer, lines
from arb.sim.apart import Door
from fastpath import gateio, mexc

SETTLE_S = 0.3
_MODULES = {module.SPEC.name: module for module in (mexc, gateio)}


class Program:
    """One market. exchanges, fees, books: by venue."""

    on = socket = False

    def __init__(self, exchanges: dict[str, Any], symbol: str) -> None:
        self._exchanges = exchanges
        self._symbol = symbol
        self._fees = {name: exchange.market(symbol)["taker"] for name, exchange in exchanges.items()}
        self._books: dict[str, Any] = {}
        self._traded = False  # on what crosses now

    @property
    def ready(self) -> bool:
        return len(self._books) == len(self._exchanges)

    async def watch(self, name: str) -> None:
        exchange = self._exchanges[name]
        while True:
            self._books[name] = await exchange.watch_order_book(self._symbol)
            if self.on and self.ready:
                await self._compare()

    async def _compare(self) -> None:
        for buy, sell in (("mexc", "gateio"), ("gateio", "mexc")):
            asks, bids = self._books[buy]["asks"], self._books[sell]["bids"]
            if not asks or not bids:
                continue
            ask, bid = asks[0][0], bids[0][0]
            if bid * (1 - self._fees[sell]) > ask * (1 + self._fees[buy]):
                if not self._traded:
                    self._traded = True
                    qty = min(float(SPEND) / ask, asks[0][1], bids[0][1])
                    await asyncio.gather(self._order(buy, "buy", qty, ask), self._order(sell, "sell", qty, bid))
                return
        self._traded = False

    async def _order(self, name: str, side: str, qty: float, price: float) -> None:
        exchange = self._exchanges[name]
        place = exchange.create_order
        if self.socket and exchange.has["createOrderWs"]:
            place = exchange.create_order_ws
        amount = exchange.amount_to_precision(self._symbol, qty)
        await place(self._symbol, "limit", side, float(amount), price, {"timeInForce": "IOC"})


async def opened(name: str, door: Door, stack: AsyncExitStack) -> Any:
    spec = _MODULES[name].SPEC
    opener = Opener(
        ClientSettings(
            spec.ccxt_id, rest_url=door.rest_url, ws_url=door.ws_url, rest_base=spec.rest_url, ws_base=spec.ws_url,
            api_key=door.key, secret=door.secret,
        )
    )  # fmt: skip
    stack.push_async_callback(opener.close)
    client = await opener(lambda _reason: None)
    stack.push_async_callback(client.close)
    exchange = cast(Any, client.exchange)  # its methods' arguments are no interface of ours
    exchange.enableRateLimit = False
    await exchange.load_markets()
    return exchange


async def serve() -> None:
    told = await lines()
    doors = msgspec.json.decode(await told.readline(), type=Doors)
    async with AsyncExitStack() as stack:
        exchanges = {name: await opened(name, door, stack) for name, door in doors.items()}
        shared = set.intersection(*(set(exchange.markets) for exchange in exchanges.values()))
        programs = [Program(exchanges, symbol) for symbol in sorted(shared) if symbol.endswith("/USDT")]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(program.watch(name)) for program in programs for name in exchanges]
            while not all(program.ready for program in programs):  # noqa: ASYNC110  ccxt tells of no beginning
                await asyncio.sleep(SETTLE_S)
            answer(True)
            while line := await told.readline():
                turn = msgspec.json.decode(line, type=Turn)
                Program.on, Program.socket = turn.on, turn.socket
                answer(Spent())
            for task in tasks:
                task.cancel()


def main() -> None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(serve())
    else:
        uvloop.run(serve())


if __name__ == "__main__":
    main()
