"""The static facts of any ccxt exchange: markets, fees, networks. Serves native venues as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from adapters.ccxt_client import Client, Exchange
from adapters.ccxt_errors import Redactor, translate, translated
from adapters.ccxt_listings import Listings, fetch_spot
from adapters.ccxt_markets import to_fee, to_market, to_networks
from arb.domain import FeeCoin, FeeSchedule, FeeSource, Market, Symbol, VenueId
from arb.errors import ArbError, AuthFailed, Transient, VenueError
from arb.interfaces import Clock, Refine, Statics

MAX_FEE_READS = 300  # requests of one `account_fees`; at ccxt's usual 20 a second that is a quarter of a minute

OnError = Callable[[VenueError], None]


class CcxtMetadata:
    """source: which exchange at which address, and whether keys were used: facts of different sources never mix.

    client: an open client; it stays the caller's.   listings: told of what the exchange lists.
    refine: what the venue's own module reads from its market records.
    on_error: told of what could not be read and is left unknown.
    """

    def __init__(
        self,
        venue: VenueId,
        source: str,
        client: Callable[[], Awaitable[Client]],
        *,
        listings: Listings,
        clock: Clock,
        redact: Redactor,
        refine: Refine | None,
        fee_coins: tuple[FeeCoin, FeeCoin] | None,
        on_error: OnError,
    ) -> None:
        self.source = source
        self._venue = venue
        self._client = client
        self._listings = listings
        self._clock = clock
        self._redact = redact
        self._refine = refine
        self._fee_coins = fee_coins
        self._on_error = on_error

    async def load(self) -> Statics:
        """Every spot market, its fees and what is known of its networks.

        What only a key opens and the key does not open is reported and left out: networks, account fees. Raises
        VenueError where the rest cannot be had, Transient where asking again may help.
        """
        client = await self._client()
        exchange = client.exchange
        with translated(self._venue, self._redact, lambda: client.retry_after_s):
            currencies = await self._currencies(client)
            exchange.set_markets(await fetch_spot(exchange), currencies)
            raws = list((exchange.markets or {}).values())
            self._listings.learn(raws)
            markets = tuple(self._market(raw, exchange.precisionMode) for raw in raws)
            fees = {raw["symbol"]: self._market_fee(raw) for raw in raws}
            fees |= await self._account_fees(client)
            networks = tuple(to_networks(self._venue, currencies, exchange.networkAliases))
        return Statics(markets, tuple(fee for fee in fees.values() if fee is not None), networks)

    async def account_fees(self, symbols: Sequence[Symbol]) -> tuple[FeeSchedule, ...]:
        """What the key in use pays for these symbols, one request each: ask only for what is to be traded.

        Empty without a key, or where the exchange has no such call; what fails is reported and left out.
        """
        client = await self._client()
        exchange = client.exchange
        if not exchange.has.get("fetchTradingFee") or not exchange.check_required_credentials(False):
            return ()
        fees = []
        failed = 0
        for symbol in symbols[:MAX_FEE_READS]:
            try:
                raw = await exchange.fetch_trading_fee(symbol)
            except Exception as exc:  # noqa: BLE001  foreign; an unknown account fee leaves the market's in force
                error = self._report("account fees", client, exc)
                failed += 1
                if isinstance(error, AuthFailed | Transient) or failed > 1:
                    break  # the next symbols would fare no better: not every exchange calls a bad key a bad key
                continue
            failed = 0
            fees.append(self._account_fee(symbol, raw, exchange))
        return tuple(fee for fee in fees if fee is not None)

    async def _account_fees(self, client: Client) -> dict[str, FeeSchedule | None]:
        """Of all symbols, where one request tells them."""
        exchange = client.exchange
        if not exchange.has.get("fetchTradingFees") or not exchange.check_required_credentials(False):
            return {}
        try:
            raws = await exchange.fetch_trading_fees()
        except Exception as exc:  # noqa: BLE001  foreign; see account_fees
            self._report("account fees", client, exc)
            return {}
        if exchange.has.get("fetchTradingFee") and _one_for_all(list(raws.values())):
            return {}  # the usual rate: a market may be an exception, and only the single call tells
        fees = ((symbol, self._account_fee(symbol, raw, exchange)) for symbol, raw in raws.items())
        return {symbol: fee for symbol, fee in fees if fee is not None}

    async def _currencies(self, client: Client) -> Mapping[str, Mapping[str, Any]]:
        if not client.exchange.has.get("fetchCurrencies"):
            return {}
        try:
            return await client.exchange.fetch_currencies() or {}
        except Exception as exc:  # foreign; unknown networks are shown as unknown
            if isinstance(self._report("networks", client, exc), Transient):
                raise
            return {}

    def _market(self, raw: Mapping[str, Any], mode: int) -> Market:
        market = to_market(self._venue, raw, mode)
        if self._refine is None:
            return market
        try:
            return self._refine(market, raw.get("info") or {}, self._clock.wall_ns())
        except (LookupError, TypeError, ValueError, ArithmeticError) as exc:
            why = f"its record cannot be read: {exc!r}"
            return msgspec.structs.replace(market, buyable=False, sellable=False, why=why)

    def _market_fee(self, raw: Mapping[str, Any]) -> FeeSchedule | None:
        side = raw.get("feeSide")
        return to_fee(self._venue, raw["symbol"], raw, FeeSource.MARKET, self._fee_coins, side)

    def _account_fee(self, symbol: str, raw: Mapping[str, Any], exchange: Exchange) -> FeeSchedule | None:
        market = (exchange.markets or {}).get(symbol)
        if market is None:
            return None
        return to_fee(self._venue, symbol, raw, FeeSource.ACCOUNT, self._fee_coins, market.get("feeSide"))

    def _report(self, what: str, client: Client, exc: Exception) -> ArbError:
        error = translate(self._venue, exc, self._redact, client.retry_after_s)
        if isinstance(error, VenueError):
            self._on_error(type(error)(self._venue, f"{what} not known: {error.message}"))
        return error


def _one_for_all(raws: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the fees of many symbols come from one and the same record of the exchange."""
    records = [raw.get("info") for raw in raws]
    return len(records) > 1 and bool(records[0]) and all(record is records[0] for record in records)
