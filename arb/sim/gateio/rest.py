"""Gate's public REST answers and the signed reads. Shapes: Gate API v4 docs, as of mid 2026."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from arb.sim.gateio.private import Call
from arb.sim.gateio.replies import Refused, fail, ok
from arb.sim.gateio.signing import check_rest
from arb.sim.gateio.streams import native
from arb.sim.gateio.tickers import ticker
from arb.sim.gateio.window import levels_json
from arb.sim.gateio.words import USER
from arb.sim.limits import Budget
from arb.sim.market import Listing, Network, SimBook, text
from arb.sim.venue import MS, Reply, Request

if TYPE_CHECKING:
    from arb.sim.gateio.server import Venue

Params = Mapping[str, str]
_PREFIX = "/api/v4/"
# placing and amending count by market, cancelling by user: not by endpoint
_OWN_BUDGET = frozenset(
    {
        "POST spot/orders",
        "POST spot/batch_orders",
        "PATCH spot/orders/",
        "POST spot/amend_batch_orders",
        "DELETE spot/orders",
        "DELETE spot/orders/",
        "POST spot/cancel_batch_orders",
    }
)
_CHAINS = {"ARB": "ARBEVM", "AVAX": "AVAX_C", "OP": "OPETH"}


def _missing(name: str) -> Reply:
    return fail(400, "MISSING_REQUIRED_PARAM", f"Missing required parameter: {name}")


class Rest:
    """Routes of one venue: method and path -> (signed, answer). A path that ends in "/" takes one more segment."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._budget = Budget(200, 10_000 * MS)
        self._delisting_s = self._wall_ms() // 1000 + 2 * 86_400  # announced once: it does not move with who asks
        reads: dict[str, tuple[bool, Callable[[Params, str], Reply]]] = {
            "spot/time": (False, lambda *_: ok({"server_time": self._wall_ms()})),
            "spot/currency_pairs": (False, lambda *_: ok([self._pair(b.listing) for b in venue.by_native.values()])),
            "spot/currency_pairs/": (False, self._one_pair),
            "spot/currencies": (False, lambda *_: ok([self._currency(c) for c in self._coins()])),
            "spot/currencies/": (False, self._one_currency),
            "spot/order_book": (False, self._order_book),
            "spot/tickers": (False, self._tickers),
            "spot/trades": (False, self._trades),
            "margin/currency_pairs": (False, lambda *_: ok([])),
            "wallet/fee": (True, self._wallet_fee),
            "spot/fee": (True, self._wallet_fee),
            "spot/batch_fee": (True, self._batch_fee),
            "account/detail": (True, lambda *_: ok(self._detail())),
        }
        self._routes: dict[str, tuple[bool, Call]] = {
            f"GET {path}": (signed, _without_request(answer)) for path, (signed, answer) in reads.items()
        }
        self._routes |= {call: (True, answer) for call, answer in venue.desk.routes.items()}
        self._paths = {call.partition(" ")[2] for call in self._routes}

    def __call__(self, request: Request) -> Reply:
        in_us = self._venue.world.clock.wall_ns() // 1000
        path = request.path.removeprefix(_PREFIX) if request.path.startswith(_PREFIX) else ""
        route, tail = path, ""
        if route not in self._paths:
            parent, _, tail = path.rpartition("/")
            route = f"{parent}/"
        if route not in self._paths:
            return self._dressed(fail(404, "NOT_FOUND", "Not Found"), in_us, self._budget.allowance)
        call = f"{request.method} {route}"
        found = self._routes.get(call)
        if found is None:
            return self._dressed(fail(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"), in_us, self._budget.allowance)
        left = self._budget.allowance
        if call not in _OWN_BUDGET:
            left = self._budget.take(call, 1, self._venue.world.clock.mono_ns())
        if left < 0:
            return self._dressed(self._venue.too_many(1), in_us, 0)
        signed, answer = found
        try:
            if signed:
                check_rest(self._venue, request)
            reply = answer(dict(parse_qsl(request.query, keep_blank_values=True)), unquote(tail), request)
        except Refused as exc:
            reply = fail(*exc.args)
        finally:
            self._venue.private.flush()
        if call in _OWN_BUDGET:
            return self._dressed_order(reply, request, in_us)
        return self._dressed(reply, in_us, left)

    def _dressed_order(self, reply: Reply, request: Request, in_us: int) -> Reply:
        """Placing and amending tell of the budget of their market."""
        book = self._venue.books.get(self._venue.symbol_of(request))
        left = self._venue.orders.left(native(book) if book is not None else "")
        dressed = self._dressed(reply, in_us, left.remain)
        headers = {
            **dressed.headers,
            "X-Gate-RateLimit-Limit": str(left.limit),
            "X-Gate-RateLimit-Reset-Timestamp": str(left.reset_ms),
        }
        return dressed._replace(headers=headers)

    def _dressed(self, reply: Reply, in_us: int, left: int) -> Reply:
        """With the headers of the gateway; times in them are µs, the reset ms."""
        clock = self._venue.world.clock
        wait_ns = 0 if left else self._budget.reopens_ns(clock.mono_ns()) - clock.mono_ns()
        return reply._replace(
            headers={
                **reply.headers,
                "X-Gate-RateLimit-Requests-Remain": str(left),
                "X-Gate-RateLimit-Limit": str(self._budget.allowance),
                "X-Gate-RateLimit-Reset-Timestamp": str((clock.wall_ns() + wait_ns) // MS),
                "X-In-Time": str(in_us),
                "X-Out-Time": str(clock.wall_ns() // 1000),
                "X-Gate-Trace-ID": f"{self._venue.rng.getrandbits(128):032x}",
            }
        )

    def _wall_ms(self) -> int:
        return self._venue.world.clock.wall_ns() // MS

    def _one_pair(self, _: Params, tail: str) -> Reply:
        book = self._venue.by_native.get(tail)
        if book is None:
            return fail(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {tail}")
        return ok(self._pair(book.listing))

    def _pair(self, listing: Listing) -> dict[str, object]:
        names = self._venue.market.catalogue.names
        made: dict[str, object] = {
            "id": f"{listing.base}_{listing.quote}",
            "base": listing.base,
            "base_name": names[listing.base],
            "quote": listing.quote,
            "quote_name": names[listing.quote],
            "fee": f"{listing.taker * 100:.6f}".rstrip("0").rstrip("."),
            "min_quote_amount": listing.min_notional,
            "max_quote_amount": listing.max_notional,
            "amount_precision": listing.order_qty_decimals,
            "precision": listing.price_decimals,
            "trade_status": {"untradable": "untradable", "sell_only": "sellable"}.get(listing.quirk, "tradable"),
            "sell_start": 1_607_313_600,
            "buy_start": 1_607_313_600,
            "type": "premarket" if listing.quirk == "premarket" else "normal",
            "trade_url": f"https://www.gate.com/trade/{listing.base}_{listing.quote}",
            "st_tag": listing.quirk == "delisting",
            "slippage": "0.03",
            "up_rate": "0.08",
            "down_rate": "0.08",
        }
        if listing.min_qty:
            made["min_base_amount"] = listing.min_qty
        if listing.quirk == "delisting":
            made["delisting_time"] = self._delisting_s
        elif listing.price_decimals % 2:
            made["delisting_time"] = 0
        return made

    def _coins(self) -> Mapping[str, tuple[Network, ...]]:
        return self._venue.market.catalogue.networks[self._venue.name]

    def _one_currency(self, _: Params, tail: str) -> Reply:
        if tail not in self._coins():
            return fail(400, "INVALID_CURRENCY", f"Invalid currency {tail}")
        return ok(self._currency(tail))

    def _currency(self, coin: str) -> dict[str, object]:
        networks = self._coins()[coin]
        return {
            "currency": coin,
            "name": self._venue.market.catalogue.names[coin],
            "delisted": False,
            "withdraw_disabled": not any(n.withdraw for n in networks),
            "withdraw_delayed": False,
            "deposit_disabled": not any(n.deposit for n in networks),
            "trade_disabled": False,
            "chain": _CHAINS.get(networks[0].chain, networks[0].chain),
            "chains": [
                {
                    "name": _CHAINS.get(n.chain, n.chain),
                    "addr": n.contract,
                    "withdraw_disabled": not n.withdraw,
                    "withdraw_delayed": False,
                    "deposit_disabled": not n.deposit,
                }
                for n in networks
            ],
        }

    def _order_book(self, params: Params, _: str) -> Reply:
        pair = params.get("currency_pair")
        if not pair:
            return _missing("currency_pair")
        book = self._venue.by_native.get(pair)
        if book is None:
            return fail(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        try:
            limit = int(params.get("limit", "10"))
        except ValueError:
            limit = 0
        if not 1 <= limit <= 1000:
            return fail(400, "INVALID_PARAM_VALUE", f"Invalid parameter `limit` with value: {params.get('limit')}")
        book = self._venue.depth_book(book.listing.symbol)
        number = f'"id":{book.version},' if params.get("with_id", "").lower() == "true" else ""
        asks, bids = ([(k, book.lots[k]) for k in side[:limit]] for side in (book.asks, book.bids))
        body = (
            f'{{{number}"current":{self._wall_ms()},"update":{self._venue.wall_ms(book.changed_ns)},'
            f'"asks":{levels_json(book, asks)},"bids":{levels_json(book, bids)}}}'
        )
        return Reply(200, body.encode())

    def _tickers(self, params: Params, _: str) -> Reply:
        pair = params.get("currency_pair")
        if not pair:
            return ok([ticker(b) for b in self._venue.by_native.values()])
        book = self._venue.by_native.get(pair)
        if book is None:
            return fail(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        amounts = book.listing.qty_decimals
        sizes = {"lowest_size": book.lots[book.asks[0]], "highest_size": book.lots[book.bids[0]]}
        return ok([ticker(book) | {k: text(v, amounts) for k, v in sizes.items()}])

    def _trades(self, params: Params, _: str) -> Reply:
        book = self._venue.by_native.get(params.get("currency_pair", ""))
        if book is None:
            return _missing("currency_pair")
        listing = book.listing
        rows = []
        for trade in list(reversed(book.trades))[: min(1000, int(params.get("limit", "100")))]:
            ms = self._venue.wall_ms(trade.at_ns)
            rows.append(
                {
                    "id": str(trade.number),
                    "create_time": str(ms // 1000),
                    "create_time_ms": f"{ms}.{trade.at_ns % MS:06d}",
                    "currency_pair": f"{listing.base}_{listing.quote}",
                    "side": "buy" if trade.buy else "sell",
                    "amount": text(trade.lots, listing.qty_decimals),
                    "price": text(trade.price, listing.price_decimals),
                    "sequence_id": str(trade.number),
                }
            )
        return ok(rows)

    def _fee(self, book: SimBook | None) -> dict[str, object]:
        taker = fraction(book.listing.own_taker if book is not None else self._venue.taker)
        made: dict[str, object] = {
            "user_id": USER,
            "taker_fee": taker,
            "maker_fee": taker,
            "gt_discount": False,
            "gt_taker_fee": "0",
            "gt_maker_fee": "0",
            "loan_fee": "0.18",
            "point_type": "1",
            "debit_fee": 3,
        }
        if book is not None:
            made["currency_pair"] = f"{book.listing.base}_{book.listing.quote}"
        else:
            made |= {"futures_taker_fee": "0.0005", "futures_maker_fee": "0.0002"}
        return made

    def _wallet_fee(self, params: Params, _: str) -> Reply:
        pair = params.get("currency_pair")
        if pair and pair not in self._venue.by_native:
            return fail(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        return ok(self._fee(self._venue.by_native[pair] if pair else None))

    def _batch_fee(self, params: Params, _: str) -> Reply:
        wanted = [p for p in params.get("currency_pairs", "").split(",") if p]
        if not wanted:
            return _missing("currency_pairs")
        if len(wanted) > 50:
            return fail(400, "TOO_MANY_CURRENCY_PAIRS", "Too many currency pairs")
        for pair in wanted:
            if pair not in self._venue.by_native:
                return fail(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        return ok({pair: self._fee(self._venue.by_native[pair]) for pair in wanted})

    @staticmethod
    def _detail() -> dict[str, object]:
        return {
            "user_id": USER,
            "ip_whitelist": [],
            "currency_pairs": [],
            "key": {"mode": 1},
            "tier": 0,
            "copy_trading_role": 0,
        }


def fraction(value: float) -> str:
    """A small fraction as plain text."""
    return f"{value:.8f}".rstrip("0").rstrip(".") or "0"


def _without_request(answer: Callable[[Params, str], Reply]) -> Call:
    """A read looks at its parameters only."""

    def call(params: Mapping[str, object], tail: str, _: Request) -> Reply:
        return answer({name: str(value) for name, value in params.items()}, tail)

    return call
