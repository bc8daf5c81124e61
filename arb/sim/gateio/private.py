"""Gate's signed REST calls about orders and money."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from arb.sim.gateio.orders import Params, paged, whole, word
from arb.sim.gateio.replies import Refused, bad_value, missing, ok
from arb.sim.gateio.words import by_mode, full, trade_facts
from arb.sim.orders import SimOrder
from arb.sim.venue import MS, Reply, Request

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

_TEXT = "apiv4"
_DAY_S = 86_400
Call = Callable[[Params, str, Request], Reply]


class Private:
    """Routes: method and path -> answer; a path that ends in "/" takes one more segment. All raise `Refused`."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._switches: dict[str, int] = {}  # dead man's switches: pair, or "" for all -> mono ns
        orders = venue.orders
        self.routes: dict[str, Call] = {
            "POST spot/orders": self._place,
            "GET spot/orders": lambda p, *_: ok([full(o) for o in orders.page(p)]),
            "DELETE spot/orders": lambda p, *_: ok(
                [
                    full(o) | {"succeeded": True, "label": "", "message": ""}
                    for o in orders.cancel_pair(word(p, "currency_pair"), word(p, "side"))
                ]
            ),
            "GET spot/orders/": lambda p, name, _: ok(full(orders.find(name, word(p, "currency_pair")))),
            "PATCH spot/orders/": self._amend,
            "DELETE spot/orders/": lambda p, name, _: ok(
                by_mode(orders.cancel(name, word(p, "currency_pair")), word(p, "action_mode"))
            ),
            "POST spot/batch_orders": lambda _, __, r: ok(orders.place_many(listed(r), _TEXT)),
            "POST spot/amend_batch_orders": lambda _, __, r: ok(orders.amend_many(listed(r))),
            "POST spot/cancel_batch_orders": lambda _, __, r: ok(orders.cancel_many(listed(r))),
            "GET spot/open_orders": self._open,
            "GET spot/my_trades": self._trades,
            "GET spot/accounts": self._accounts,
            "POST spot/countdown_cancel_all": self._countdown,
        }

    def _place(self, _: Params, __: str, request: Request) -> Reply:
        params = named(request)
        return ok(by_mode(self._venue.orders.place(params, _TEXT), word(params, "action_mode")), 201)

    def _amend(self, params: Params, name: str, request: Request) -> Reply:
        wanted = {**params, **named(request)}
        return ok(by_mode(self._venue.orders.amend(name, wanted), word(wanted, "action_mode")))

    def _open(self, params: Params, _: str, __: Request) -> Reply:
        """By market; `page` and `limit` count within each."""
        markets: dict[str, list[SimOrder]] = {}
        for order in self._venue.orders.listed("", is_open=True):
            listing = order.ticket.book.listing
            markets.setdefault(f"{listing.base}_{listing.quote}", []).append(order)
        return ok(
            [
                {"currency_pair": pair, "total": len(found), "orders": [full(o) for o in paged(found, params)]}
                for pair, found in markets.items()
            ]
        )

    def _trades(self, params: Params, _: str, __: Request) -> Reply:
        """Newest first."""
        pair, order_id = word(params, "currency_pair"), word(params, "order_id")
        if pair and pair not in self._venue.by_native:
            raise Refused(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        if order_id and not pair:
            raise missing("currency_pair")
        end_s = whole(params, "to", self._venue.world.clock.wall_ns() // 10**9)
        start_s = whole(params, "from", end_s - 7 * _DAY_S)
        if end_s - start_s > 30 * _DAY_S:
            raise bad_value("from", params.get("from"))
        found = [
            trade_facts(f)
            for f in reversed(self._venue.ledger.fills)
            if (not pair or f.symbol.replace("/", "_") == pair)
            and order_id in ("", f.order_id)
            and start_s <= f.at_ns // 10**9 <= end_s
        ]
        return ok(paged(found, params, 1000))

    def _accounts(self, params: Params, _: str, __: Request) -> Reply:
        wanted = word(params, "currency")
        ledger = self._venue.ledger
        return ok(
            [
                {
                    "currency": coin,
                    "available": f"{free:f}",
                    "locked": f"{locked:f}",
                    "update_id": ledger.changes_of(coin),
                }
                for coin, (free, locked) in ledger.balances.items()
                if wanted in ("", coin)
            ]
        )

    # -- dead man's switch ----------------------------------------------------------------------------------------

    def _countdown(self, _: Params, __: str, request: Request) -> Reply:
        params = named(request)
        pair, given = word(params, "currency_pair"), word(params, "timeout")
        if not given:
            raise missing("timeout")
        if not given.isdecimal() or 0 < int(given) < 5:
            raise bad_value("timeout", given)
        if pair and pair not in self._venue.by_native:
            raise Refused(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        clock = self._venue.world.clock
        if int(given):
            self._switches[pair] = clock.mono_ns() + int(given) * 10**9
            return ok({"triggerTime": str(clock.wall_ns() // MS + int(given) * 1000)})
        self._switches.pop(pair, None)
        return ok({"triggerTime": "0"})

    def watch(self) -> None:
        """Fire what has run out."""
        now_ns = self._venue.world.clock.mono_ns()
        for pair in [p for p, at_ns in self._switches.items() if at_ns <= now_ns]:
            del self._switches[pair]
            for order in list(self._venue.engine.open.values()):
                if self._venue.by_native.get(pair) in (None, order.ticket.book):
                    self._venue.engine.cancel(order)
        self._venue.private.flush()


def named(request: Request) -> Params:
    """A JSON object of parameters."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, object])
    except msgspec.MsgspecError as exc:
        raise Refused(400, "INVALID_REQUEST_BODY", "Invalid request body") from exc


def listed(request: Request) -> list[Params]:
    """A JSON array of them."""
    try:
        return list(msgspec.json.decode(request.body, type=list[dict[str, object]]))
    except msgspec.MsgspecError as exc:
        raise Refused(400, "INVALID_REQUEST_BODY", "Invalid request body") from exc
