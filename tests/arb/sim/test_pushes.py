"""Whoever only listens to the private pushes knows what the ledger knows."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from arb.sim.ledger import Ledger
from tests.arb.sim.support import Client, World, world
from tests.arb.sim.test_gateio_orders import limit as gate_limit
from tests.arb.sim.test_mexc_orders import limit as mexc_limit
from tests.arb.sim.trading import gate, gate_private, mexc, mexc_private

MEXC_TYPES = ("LIMIT", "LIMIT", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL", "LIMIT_MAKER")
GATE_TIFS = ("gtc", "gtc", "ioc", "fok", "poc")
Told = tuple[dict[str, tuple[Decimal, Decimal]], dict[str, tuple[str, Decimal, Decimal]], dict[str, Decimal]]


async def trade(w: World, venue: str) -> None:
    """Forty orders of all kinds in a market that moves; one in four is cancelled."""
    rng = Random(7)
    for _ in range(40):
        away, buy, lots = rng.randrange(-20, 3), rng.random() < 0.5, rng.randrange(300, 3000)
        if venue == "mexc":
            kind = rng.choice(MEXC_TYPES)
            _, made = await mexc(w, "POST", "order", **mexc_limit(w, away, buy=buy, lots=lots, type=kind))
            if rng.random() < 0.25:
                await mexc(w, "DELETE", "order", symbol="BTCUSDT", orderId=made["orderId"])
        else:
            order = gate_limit(w, away, buy=buy, lots=lots, time_in_force=rng.choice(GATE_TIFS))
            _, made, _ = await gate(w, "POST", "spot/orders", body=order)
            if rng.random() < 0.25 and "id" in made:
                await gate(w, "DELETE", f"spot/orders/{made['id']}", "currency_pair=BTC_USDT")
        w.turn(300)


async def told_by_mexc(client: Client) -> Told:
    money, orders, fills = {}, {}, {}
    words = {1: "open", 2: "filled", 3: "open", 4: "cancelled", 5: "cancelled"}
    for push in await client.pushes():
        if some := push.get("privateAccount"):
            money[some["vcoinName"]] = (Decimal(some["balanceAmount"]), Decimal(some["frozenAmount"]))
        elif some := push.get("privateOrders"):
            done = Decimal(some["cumulativeQuantity"])
            orders[some["id"]] = (words[some["status"]], done, Decimal(some["cumulativeAmount"]))
        elif some := push.get("privateDeals"):
            assert some["tradeId"] not in fills
            fills[some["tradeId"]] = Decimal(some["feeAmount"])
    return money, orders, fills


async def told_by_gate(client: Client) -> Told:
    money, orders, fills = {}, {}, {}
    for push in await client.pushes():
        [some] = push["result"]
        if push["channel"] == "spot.balances":
            money[some["currency"]] = (Decimal(some["available"]), Decimal(some["freeze"]))
        elif push["channel"] == "spot.orders":
            word = "open" if some["event"] != "finish" else "filled" if some["finish_as"] == "filled" else "cancelled"
            orders[some["id"]] = (word, Decimal(some["filled_amount"]), Decimal(some["filled_total"]))
        else:
            assert str(some["id"]) not in fills
            fills[str(some["id"])] = Decimal(some["fee"])
    return money, orders, fills


def known(ledger: Ledger) -> Told:
    moved = {e.coin for e in ledger.entries}
    return (
        {c: b for c, b in ledger.balances.items() if c in moved},
        {n: (o.status, o.filled, o.quote) for n, o in ledger.orders.items()},
        {f.trade_id: f.fee for f in ledger.fills},
    )


@pytest.mark.parametrize("venue", ["mexc", "gateio"])
async def test_the_pushes_tell_all_of_the_ledger(venue: str) -> None:
    async with world() as w:
        client = (await mexc_private(w))[0] if venue == "mexc" else await gate_private(w)
        await trade(w, venue)
        ledger = w.sim.ledger(venue)
        told = await (told_by_mexc(client) if venue == "mexc" else told_by_gate(client))
        assert told == known(ledger)
        assert {o.status for o in ledger.orders.values()} >= {"filled", "cancelled"}
        assert {f.maker for f in ledger.fills} == {True, False}
        ledger.check()
