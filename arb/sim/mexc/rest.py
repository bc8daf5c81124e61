"""MEXC's public REST answers and the signed reads of static facts. Shapes: MEXC spot v3 docs, as of autumn 2026."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from arb.sim.limits import Budget
from arb.sim.market import Listing, SimBook, Trade, text
from arb.sim.mexc.orders import Orders
from arb.sim.mexc.replies import BAD_SYMBOL, fail, ok
from arb.sim.mexc.signing import parameters, refused
from arb.sim.mexc.streams import native, price_text, qty_text
from arb.sim.mexc.wallet import account, config_all
from arb.sim.venue import MS, Reply, Request

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

Params = Mapping[str, str]
_PREFIX = "/api/v3/"
_BUDGET = 500  # weight per endpoint and 10 s
_ACCOUNTS = 2  # calls a second


class Rest:
    """Routes of one venue: method and path -> (weight, signed, answer)."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._budget = Budget(_BUDGET, 10_000 * MS)
        self._rare = Budget(_ACCOUNTS, 1000 * MS)
        reads: dict[str, tuple[int, bool, Callable[[Params], Reply]]] = {
            "ping": (1, False, lambda _: ok({})),
            "time": (1, False, lambda _: ok({"serverTime": self._now_ms()})),
            "defaultSymbols": (1, False, self._default_symbols),
            "symbol/offline": (10, False, lambda _: ok({"data": []})),
            "exchangeInfo": (25, False, self._exchange_info),
            "depth": (3, False, self._depth),
            "trades": (5, False, self._trades),
            "aggTrades": (1, False, self._agg_trades),
            "ticker/24hr": (25, False, lambda p: self._per_symbol(p, self._day)),
            "ticker/price": (10, False, lambda p: self._per_symbol(p, self._price)),
            "ticker/bookTicker": (10, False, lambda p: self._per_symbol(p, self._best)),
            "capital/config/getall": (10, True, lambda _: ok(config_all(self._venue))),
            "tradeFee": (20, True, self._trade_fee),
            "account": (10, True, self._account),
            "selfSymbols": (1, True, self._self_symbols),
        }
        self._routes = {f"GET {path}": route for path, route in reads.items()}
        self._routes |= {call: (weight, True, answer) for call, (weight, answer) in Orders(venue).routes.items()}
        self._routes |= {call: (1, True, answer) for call, answer in venue.users.routes.items()}

    def __call__(self, request: Request) -> Reply:
        if request.path == "/api/v1/contract/detail":  # the futures side exists, and lists nothing here
            return ok({"success": True, "code": 0, "data": []})
        known = request.path.startswith(_PREFIX)
        call = f"{request.method} {request.path.removeprefix(_PREFIX)}"
        route = self._routes.get(call) if known else None
        if route is None:
            return fail(404, "Not Found", 404)
        weight, signed, answer = route
        now_ns = self._venue.world.clock.mono_ns()
        if self._budget.take(call, weight, now_ns) < 0:
            return self._venue.too_many(1 + (self._budget.reopens_ns(now_ns) - now_ns) // (1000 * MS))
        if signed and (reason := refused(self._venue, request)) is not None:
            return reason
        return answer(parameters(request))

    def _now_ms(self) -> int:
        return self._venue.world.clock.wall_ns() // MS

    def _account(self, _: Params) -> Reply:
        if self._rare.take("", 1, self._venue.world.clock.mono_ns()) < 0:
            return self._venue.too_many(1)
        return ok(account(self._venue))

    def _default_symbols(self, _: Params) -> Reply:
        return ok({"code": 0, "data": self._tradable(), "msg": "success", "timestamp": self._now_ms()})

    def _self_symbols(self, _: Params) -> Reply:
        return ok({"code": 200, "data": self._tradable(), "msg": None})

    def _tradable(self) -> list[str]:
        return [n for n, b in self._venue.by_native.items() if b.listing.quirk not in ("no_api", "paused")]

    def _exchange_info(self, params: Params) -> Reply:
        by_native = self._venue.by_native
        wanted = [s for s in (params.get("symbol", "") + "," + params.get("symbols", "")).split(",") if s]
        if wanted and not any(s in by_native for s in wanted):
            return BAD_SYMBOL
        chosen = [by_native[s] for s in wanted if s in by_native] if wanted else list(by_native.values())
        return ok(
            {
                "timezone": "CST",
                "serverTime": self._now_ms(),
                "rateLimits": [],
                "exchangeFilters": [],
                "symbols": [self._symbol(b.listing) for b in chosen],
            }
        )

    def _symbol(self, listing: Listing) -> dict[str, object]:
        market = self._venue.market
        networks = market.catalogue.networks[listing.venue][listing.base]
        zeros = "0" * 30  # some texts are padded like this, some are not
        minimum = listing.min_notional
        if "." not in minimum and listing.price_decimals % 2:
            minimum = f"{minimum}.{zeros}"
        return {
            "symbol": listing.base + listing.quote,
            "status": "2" if listing.quirk == "paused" else "1",
            "baseAsset": listing.base,
            "baseAssetPrecision": listing.order_qty_decimals,
            "quoteAsset": listing.quote,
            "quotePrecision": listing.price_decimals,
            "quoteAssetPrecision": listing.price_decimals,
            "baseCommissionPrecision": listing.qty_decimals,
            "quoteCommissionPrecision": listing.price_decimals,
            "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
            "isSpotTradingAllowed": listing.quirk not in ("no_api", "paused"),
            "isMarginTradingAllowed": False,
            "quoteAmountPrecision": minimum,
            "baseSizePrecision": listing.min_qty or "0",
            "permissions": ["SPOT"],
            "filters": [
                {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "0.05", "askMultiplierDown": "0.05"}
            ],
            "maxQuoteAmount": listing.max_notional,
            "makerCommission": decimal(listing.maker),
            "takerCommission": decimal(listing.taker),
            "quoteAmountPrecisionMarket": listing.min_notional,
            "maxQuoteAmountMarket": listing.max_notional,
            "fullName": market.catalogue.names[listing.base],
            "tradeSideType": 1,
            "contractAddress": networks[0].contract,
            "conceptPlateIds": [],
            "st": listing.quirk == "special_treatment",
        }

    def _depth(self, params: Params) -> Reply:
        book = self._venue.by_native.get(params.get("symbol", ""))
        if book is None:
            return BAD_SYMBOL
        try:
            limit = min(5000, max(1, int(params.get("limit", "100"))))
        except ValueError:
            return fail(33333, "Parameter error")
        book = self._venue.depth_book(book.listing.symbol)
        return ok(
            {
                "lastUpdateId": book.version,
                "bids": _levels(book, book.bids[:limit], full=True),
                "asks": _levels(book, book.asks[:limit], full=False),
                "timestamp": self._now_ms(),
            }
        )

    def _trades(self, params: Params) -> Reply:
        book = self._venue.by_native.get(params.get("symbol", ""))
        if book is None:
            return BAD_SYMBOL
        return ok(
            [
                {
                    "id": None,
                    "price": price_text(book, t.price, full=False),
                    "qty": qty_text(book, t.lots, full=False),
                    "quoteQty": product(book, t.price, t.lots),
                    "time": self._venue.wall_ms(t.at_ns),
                    "isBuyerMaker": not t.buy,
                    "isBestMatch": True,
                    "tradeType": "BID" if t.buy else "ASK",
                }
                for t in self._last_trades(book, params)
            ]
        )

    def _agg_trades(self, params: Params) -> Reply:
        book = self._venue.by_native.get(params.get("symbol", ""))
        if book is None:
            return BAD_SYMBOL
        return ok(
            [
                {
                    "a": None,
                    "f": None,
                    "l": None,
                    "p": price_text(book, t.price, full=False),
                    "q": qty_text(book, t.lots, full=False),
                    "T": self._venue.wall_ms(t.at_ns),
                    "m": not t.buy,
                    "M": True,
                }
                for t in self._last_trades(book, params)
            ]
        )

    @staticmethod
    def _last_trades(book: SimBook, params: Params) -> list[Trade]:
        """Newest first."""
        limit = params.get("limit", "500")
        return list(reversed(book.trades))[: min(1000, int(limit) if limit.isdecimal() else 500)]

    def _per_symbol(self, params: Params, answer: Callable[[SimBook], object]) -> Reply:
        by_native = self._venue.by_native
        if "symbol" not in params:
            return ok([answer(b) for b in by_native.values()])
        book = by_native.get(params["symbol"])
        return BAD_SYMBOL if book is None else ok(answer(book))

    @staticmethod
    def _price(book: SimBook) -> dict[str, object]:
        return {"symbol": native(book), "price": price_text(book, book.last, full=False)}

    @staticmethod
    def _best(book: SimBook) -> dict[str, object]:
        bid, ask = book.bids[0], book.asks[0]
        return {
            "symbol": native(book),
            "bidPrice": price_text(book, bid, full=False),
            "bidQty": qty_text(book, book.lots[bid], full=False),
            "askPrice": price_text(book, ask, full=False),
            "askQty": qty_text(book, book.lots[ask], full=False),
        }

    def _day(self, book: SimBook) -> dict[str, object]:
        now_ms = self._now_ms()
        change = book.last - book.day_open
        sign = "-" if change < 0 else ""
        return {
            "symbol": native(book),
            "priceChange": sign + price_text(book, change, full=False),
            "priceChangePercent": f"{change / book.day_open:.4f}",
            "prevClosePrice": price_text(book, book.day_open, full=False),
            "lastPrice": price_text(book, book.last, full=False),
            **{k: v for k, v in self._best(book).items() if k != "symbol"},
            "openPrice": price_text(book, book.day_open, full=False),
            "highPrice": price_text(book, book.day_high, full=False),
            "lowPrice": price_text(book, book.day_low, full=False),
            "volume": qty_text(book, book.day_lots, full=False),
            "quoteVolume": product(book, book.last, book.day_lots),
            "openTime": now_ms - 86_400_000,
            "closeTime": now_ms,
            "count": None,
        }

    def _trade_fee(self, params: Params) -> Reply:
        book = self._venue.by_native.get(params.get("symbol", ""))
        if book is None:
            return BAD_SYMBOL
        listing = book.listing
        data = {"makerCommission": listing.maker, "takerCommission": listing.own_taker}
        return ok({"data": data, "code": 0, "msg": "success", "timestamp": self._now_ms()})


def _levels(book: SimBook, keys: list[int], *, full: bool) -> list[list[str]]:
    return [[price_text(book, k, full=True), qty_text(book, book.lots[k], full=full)] for k in keys]


def product(book: SimBook, ticks: int, lots: int) -> str:
    """Price times quantity as decimal text of at most 15 digits."""
    value, decimals = ticks * lots, book.listing.price_decimals + book.listing.qty_decimals
    while decimals and (value >= 10**15 or decimals > 12):
        value, decimals = value // 10, decimals - 1
    return text(value, decimals)


def decimal(value: float) -> str:
    """A small fraction as plain text."""
    return f"{value:.8f}".rstrip("0").rstrip(".") or "0"
