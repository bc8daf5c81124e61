"""What every venue refuses, refused before it is sent; and the names of markets, both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from arb.domain import ClientId, NativeSymbol, Order, OrderType, Side, Symbol
from arb.errors import Cause, ConfigError, Rejected
from arb.units import plain

_MAX_WINDOW_MS = 59_999  # MEXC refuses 60 s and more (700005), Gate a time that is so far off


class Markets:
    """The symbol table of a private codec. An account trades where it likes: a market may be in no table."""

    def __init__(self, venue: str, natives: Mapping[NativeSymbol, Symbol]) -> None:
        self._venue = venue
        self._symbols = natives
        self._natives = {symbol: native for native, symbol in natives.items()}

    def native(self, symbol: Symbol) -> NativeSymbol:
        """Raises Rejected."""
        try:
            return self._natives[symbol]
        except KeyError:
            raise Rejected(self._venue, f"no market {symbol}", cause=Cause.MARKET) from None

    def symbol(self, native: str) -> Symbol:
        """Empty for a market that is not in the table."""
        return self._symbols.get(NativeSymbol(native), Symbol(""))


class ClientIds:
    """What a venue takes for a client id."""

    def __init__(self, venue: str, pattern: str) -> None:
        self._venue = venue
        self._pattern = re.compile(pattern)

    def checked(self, client_id: ClientId) -> ClientId:
        """Raises Rejected."""
        if not self._pattern.fullmatch(client_id):
            raise Rejected(self._venue, f"{client_id!r} is no client id for this venue", cause=Cause.REQUEST)
        return client_id


def checked_window(venue: str, window_ms: int) -> int:
    """Raises ConfigError."""
    if not 0 < window_ms <= _MAX_WINDOW_MS:
        raise ConfigError(f"{venue}: a window of {window_ms} ms is outside 1 to {_MAX_WINDOW_MS}")
    return window_ms


def amount(venue: str, name: str, value: Decimal | None) -> str:
    """A price or quantity as plain digits. Raises Rejected for none, for 0 and below, and for what is no number."""
    if value is None or not value.is_finite() or value <= 0:
        raise Rejected(venue, f"{name} {value} is none to send", cause=Cause.REQUEST)
    return plain(value)


def spends(venue: str, order: Order) -> bool:
    """A market buy: the one order that says what it spends, not what it wants. Raises Rejected for mixtures."""
    market_buy = order.type is OrderType.MARKET and order.side is Side.BUY
    if (order.notional is not None) != market_buy:
        raise Rejected(venue, "a market buy, and no other order, says what it spends", cause=Cause.REQUEST)
    if (order.price is None) != (order.type is OrderType.MARKET):
        raise Rejected(venue, "every order but a market order has a price", cause=Cause.REQUEST)
    return market_buy
