"""Gate's private channels: spot.orders, spot.usertrades, spot.balances, on the same socket as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from arb.sim.gateio.words import USER, pair_of, pushed, pushed_trade
from arb.sim.ledger import Entry, Fill, plain
from arb.sim.orders import SimOrder
from arb.sim.venue import MS

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

_FEES = ("fee", "point_fee", "gt_fee", "rebated_fee")
ORDERS = ("spot.orders", "spot.orders_v2")  # the second kind has no fees
TRADES = ("spot.usertrades", "spot.usertrades_v2")
BALANCES = "spot.balances"
CHANNELS = frozenset({*ORDERS, *TRADES, BALANCES})
_CHANGE_TYPES = {"lock": "order-create", "match": "order-match", "fee": "trade-fee-deduct", "unlock": "order-update"}


class UserStream:
    """A `Listener` that pushes what it is told."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    @staticmethod
    def topics(channel: str, payload: Sequence[str]) -> list[str]:
        """What a subscription listens to: one topic for each pair, or one for "!all"."""
        return [BALANCES] if channel == BALANCES else [f"{channel}@{pair}" for pair in payload]

    def placed(self, order: SimOrder) -> None:
        self._order(order, "put")

    def filled(self, order: SimOrder, fill: Fill) -> None:
        if order.open and not order.taking:
            self._order(order, "update")
        for channel in TRADES:
            item = pushed_trade(fill)
            self._push(channel, order, without_fees(item) if channel == TRADES[1] else item)

    def amended(self, order: SimOrder) -> None:
        self._order(order, "update")

    def rested(self, order: SimOrder) -> None:
        if order.done:
            self._order(order, "update")

    def ended(self, order: SimOrder) -> None:
        self._order(order, "finish")

    def moved(self, entry: Entry, order: SimOrder) -> None:  # noqa: ARG002 (no channel tells the order)
        if not self._venue.private.heard(BALANCES):
            return
        at_ms = entry.at_ns // MS
        item: dict[str, object] = {
            "timestamp": str(at_ms // 1000),
            "timestamp_ms": str(at_ms),
            "user": str(USER),
            "currency": entry.coin,
            "change": plain(entry.free_change + entry.locked_change),
            "total": plain(entry.free + entry.locked),
            "available": plain(entry.free),
            "freeze": plain(entry.locked),
            "freeze_change": plain(entry.locked_change),
            "change_type": _CHANGE_TYPES[entry.cause],
        }
        self._venue.private.push("", self._frame(BALANCES, item), BALANCES)

    def _order(self, order: SimOrder, event: str) -> None:
        for channel in ORDERS:
            item = pushed(order, event)
            self._push(channel, order, without_fees(item) if channel == ORDERS[1] else item)

    def _push(self, channel: str, order: SimOrder, item: dict[str, object]) -> None:
        topics = (f"{channel}@!all", f"{channel}@{pair_of(order)}")
        if self._venue.private.heard(*topics):
            self._venue.private.push(order.symbol, self._frame(channel, item), *topics)

    def _frame(self, channel: str, item: dict[str, object]) -> bytes:
        wall_ms = self._venue.world.clock.wall_ns() // MS
        frame = {"time": wall_ms // 1000, "time_ms": wall_ms, "channel": channel, "event": "update", "result": [item]}
        return msgspec.json.encode(frame)


def without_fees(item: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in item.items() if name not in _FEES}
