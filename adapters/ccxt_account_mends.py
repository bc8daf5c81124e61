"""Where a ccxt exchange is bent so that money can be trusted to it (ccxt 4.5.90). Each bend says why.

Types and times in force need no mending: MEXC's IOC, FOK and post-only become its order types, Gate's its times in
force; the tests see at the simulated exchanges that none of them is left resting. For all others ccxt's own list of
what it supports decides (`supports`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arb.domain import ClientId, OrderType

TIMEOUT_MS = 5_000  # of one call: longer than a slow answer, shorter than patience with an open leg
PING_MS = 3_000  # a private stream without an answer to two of these is dead, however quiet an account may be

# Codes that ccxt does not know, or takes for something else than their exchange's documentation says.
_CODES: dict[str, dict[str, str]] = {
    "mexc": {
        "-2013": "OrderNotFound",
        "-2011": "OrderNotFound",
        "22222": "OrderNotFound",
        "30026": "OrderNotFound",
        "26": "PermissionDenied",
        "403": "DDoSProtection",  # its firewall
        "500": "ExchangeNotAvailable",
        "10203": "ExchangeNotAvailable",
        "20002": "ExchangeNotAvailable",
        "513": "InvalidNonce",
        "10073": "InvalidNonce",
        "10015": "AuthenticationError",
        "10072": "AuthenticationError",
        "30000": "MarketClosed",
        "30018": "InvalidOrder",  # market orders are not allowed
        "30020": "InvalidOrder",  # of a symbol
        "60005": "InvalidOrder",
        "700005": "BadRequest",
        "700006": "PermissionDenied",
        "700013": "BadRequest",
    },
    "gate": {
        "REQUEST_EXPIRED": "InvalidNonce",
        "CANCEL_FAIL": "ExchangeNotAvailable",
        "FOK_NOT_FILL": "OrderNotFillable",
        "ORDER_FOK": "OrderNotFillable",
        "ORDER_BOOK_NOT_FOUND": "InvalidOrder",
        "CONTRACT_NO_COUNTER": "InvalidOrder",
        "DUPLICATE_REQUEST": "DuplicateOrderId",
        "ORDER_EXISTS": "DuplicateOrderId",
        "REPEAT_REQUEST": "DuplicateOrderId",
        "INVALID_CLIENT_ORDER_ID": "BadRequest",
        "CONTRACT_IN_DELISTING": "MarketClosed",
        "ORDER_FINISHED": "InvalidOrder",
        "ORDER_NOT_OWNED": "OrderNotFound",
        "NOT_FOUND": "BadRequest",
    },
}
# Exchanges of ccxt that find an order by the `clientOrderId` we gave it; of all others everything recent is searched.
_BY_CLIENT_ID = frozenset({"mexc", "gate", "binance", "bybit", "okx"})
_ORDERS_HZ = {"mexc": 12.0, "gate": 10.0}  # MEXC of an account, Gate of one market: what may come at once
_ACKNOWLEDGES = frozenset({"mexc", "gate"})  # one answer to each subscription, seen by `handle_subscription_status`
_REFUSALS = ("not subscribed", "blocked", "fail")  # MEXC refuses a stream under the code of success
_FLAGS = {OrderType.IOC: "IOC", OrderType.FOK: "FOK", OrderType.POST_ONLY: "PO"}


def mend(exchange: Any, error_of: Callable[[str], type[Exception]]) -> None:
    """error_of: ccxt's exception of a name. To be called before anything is asked of the exchange."""
    exchange.number = str  # else its amounts are floats
    exchange.timeout = TIMEOUT_MS
    exchange.options["maxRetriesOnFailure"] = 0  # an order that was sent once more is a second order
    # ccxt queues frames as it queues requests; ours are counted before they come so far
    exchange.options["ws"] = {**(exchange.options.get("ws") or {}), "cost": 0, "keepAlive": PING_MS}
    # Rounding an order is the planner's business: what does not fit is for the venue to refuse, never for ccxt to cut.
    exchange.amount_to_precision = exchange.price_to_precision = exchange.cost_to_precision = _as_it_is
    exact = {code: error_of(name) for code, name in _CODES.get(exchange.id, {}).items()}
    exchange.exceptions = {**exchange.exceptions, "exact": {**exchange.exceptions.get("exact", {}), **exact}}
    _know_every_market(exchange)


def venue_client_id(ccxt_id: str, client_id: ClientId) -> str:
    """ccxt adds Gate's mark itself, but not to what begins with the letter that its mark begins with."""
    return f"t-{client_id}" if ccxt_id == "gate" and client_id.startswith("t") else client_id


def venue_order_id(ccxt_id: str, client_id: ClientId) -> str:
    """What takes the place of an order's id where only ours is known."""
    return f"t-{client_id}" if ccxt_id == "gate" else client_id


def own_client_id(ccxt_id: str, named: str) -> ClientId:
    """The other way; empty for Gate's names of other sources ("web", "apiv4")."""
    if ccxt_id == "gate":
        return ClientId(named[2:] if named.startswith("t-") else "")
    return ClientId(named)


def by_client_id(ccxt_id: str) -> bool:
    return ccxt_id in _BY_CLIENT_ID


def supports(exchange: Any, kind: OrderType) -> bool:
    """Whether ccxt says that it can send such an order. What it does not say is left to the venue."""
    spot = (getattr(exchange, "features", None) or {}).get("spot") or {}
    flags = (spot.get("createOrder") or {}).get("timeInForce") or {}
    return flags.get(_FLAGS.get(kind, "")) is not False


def order_ms(exchange: Any) -> float:
    """What the venue allows: one order in so many milliseconds, where ccxt does not know better than for all calls."""
    return 1000.0 / _ORDERS_HZ[exchange.id] if exchange.id in _ORDERS_HZ else float(exchange.rateLimit)


class Acknowledged:
    """Counts the answers to subscriptions. told: of each, with the reason where it was refused ("": it was not)."""

    def __init__(self, exchange: Any, told: Callable[[str], None]) -> None:
        self.counts = exchange.id in _ACKNOWLEDGES
        if not self.counts:
            return
        read = exchange.handle_subscription_status

        def read_and_tell(client: Any, message: Mapping[str, Any], *rest: Any) -> None:
            read(client, message, *rest)
            words = str(message.get("msg") or "")
            if words != "PONG":
                told(words if any(refusal in words.lower() for refusal in _REFUSALS) else "")

        exchange.handle_subscription_status = read_and_tell


async def log_in(exchange: Any) -> None:
    """Before the first order and not with it, where orders go over a socket."""
    if exchange.id == "gate":
        await exchange.authenticate(exchange.urls["api"]["spot"], "spot")


async def log_out(exchange: Any) -> None:
    """MEXC keeps a listen key for an hour and an account to sixty of them: each reconnect would leave one behind."""
    key = exchange.options.get("listenKey") if exchange.id == "mexc" else None
    if key:
        exchange.options["listenKey"] = None
        await exchange.spotPrivateDeleteUserDataStream({"listenKey": key})


def _as_it_is(_symbol: str, amount: object) -> object:
    return amount


def _know_every_market(exchange: Any) -> None:
    """An account may trade what we do not; ccxt's receive loop ends at the first market that it was not told of."""
    known = exchange.market

    def known_or_made(symbol: str) -> Any:
        return known(symbol) if symbol in (exchange.markets or {}) else exchange.safe_market(symbol)

    exchange.market = known_or_made
