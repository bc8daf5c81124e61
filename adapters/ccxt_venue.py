"""The family of objects for any exchange that ccxt serves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from adapters.ccxt_client import Client, ClientSettings, Opener, ignore
from adapters.ccxt_limits import Limits
from adapters.ccxt_listings import Listings
from adapters.ccxt_market_data import CcxtMarketData
from adapters.ccxt_metadata import CcxtMetadata
from adapters.ccxt_names import has_stream, resolve
from adapters.ccxt_polling import EVERY_S
from adapters.ccxt_stream import OnError
from adapters.ccxt_trading import AccountSettings, CcxtTrading
from arb.breakers import Breakers
from arb.domain import Depth, Market, Part, Seed, Trust, VenueId
from arb.errors import ConfigError
from arb.interfaces import Clock, Feed, Refine, SyncRule, Tap, VenueSpec
from arb.redact import mask_url
from arb.supervise import Sleep

PER_CLIENT = 30  # symbols on one socket where no SPEC says how many the venue takes; few venues take fewer


class CcxtFactory:
    """A VenueFactory for `name`. Neither imports ccxt nor connects before something is asked of it.

    spec: of the native venue of that name, if there is one: what ccxt calls it, its addresses and habits.
    rest_url, ws_url: stand for the SPEC's, and move every address that ccxt keeps (see `rebase`).
    options: ccxt's own, merged over what we set; `watchOrderBook.limit` is the number of levels to ask for.
    refine: what the venue's own module reads from its market records.   on_error: hears what no event tells.
    account: what is known of its private side.
    """

    native = False

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        on_error: OnError,
        spec: VenueSpec | None = None,
        rest_url: str = "",
        ws_url: str = "",
        api_key: str = "",
        secret: str = "",
        password: str = "",
        options: Mapping[str, Any] | None = None,
        refine: Refine | None = None,
        account: AccountSettings = AccountSettings(),  # noqa: B008  frozen
        rng: Random | None = None,
        sleep: Sleep = asyncio.sleep,
        breakers: Breakers | None = None,
    ) -> None:
        """breakers: of the run, for others to see. Raises ConfigError for an exchange that ccxt does not serve."""
        self.venue = VenueId(name)
        ids = (spec.ccxt_id, *spec.aliases) if spec is not None else ()
        self._settings = ClientSettings(
            ccxt_id=resolve(name, *ids),
            rest_url=rest_url,
            ws_url=ws_url,
            rest_base=spec.rest_url if spec is not None else "",
            ws_base=spec.ws_url if spec is not None else "",
            api_key=api_key,
            secret=secret,
            password=password,
            options=options or {},
        )
        self._spec = spec
        self._clock = clock
        self._on_error = on_error
        self._refine = refine
        self._account = account
        self._rng = Random() if rng is None else rng
        self._sleep = sleep
        self._redact = self._settings.redactor()
        self._breakers = Breakers() if breakers is None else breakers
        self._open = Opener(self._settings)
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        self._listings = Listings()
        self._made: list[CcxtTrading] = []

    def feed(self, depth: Depth) -> Feed:
        """What ccxt offers is the same at every depth: whole books, with nothing to prove that no update is missing."""
        rule = SyncRule(Seed.NONE)
        levels = 0 if depth is Depth.FULL else int(depth)
        if has_stream(self._settings.ccxt_id):
            return Feed("watch_order_book", depth, levels, 0, rule, Trust.UNCHECKED)
        return Feed("fetch_order_book", depth, levels, int(EVERY_S * 1000), rule, Trust.POLLED)

    def metadata(self) -> CcxtMetadata:
        settings, spec = self._settings, self._spec
        keys = "with keys" if settings.signed else "without keys"
        return CcxtMetadata(
            self.venue,
            f"ccxt {settings.ccxt_id} at {mask_url(settings.rest_url) or 'its own address'} {keys}",
            self._shared,
            listings=self._listings,
            clock=self._clock,
            redact=self._redact,
            refine=self._refine,
            fee_coins=(spec.buy_fee_coin, spec.sell_fee_coin) if spec is not None else None,
            on_error=self._on_error,
        )

    def market_data(
        self,
        markets: Sequence[Market],
        depth: Depth,
        tap: Tap | None = None,  # noqa: ARG002  ccxt shows no frames
    ) -> CcxtMarketData:
        self._listings.add(markets)
        return CcxtMarketData(
            self.venue,
            self.feed(depth),
            open=self._open,
            client=self._shared,
            listings=self._listings,
            limits=self._limits(depth),
            per_client=self._spec.max_topics if self._spec is not None else PER_CLIENT,
            clock=self._clock,
            sleep=self._sleep,
            rng=self._rng,
            redact=self._redact,
            on_error=self._on_error,
            counters=self._open.counters,
            rest=self._breakers.of(self.venue, Part.PUBLIC),
            stream=self._breakers.of(self.venue, Part.STREAM),
        )

    def trading(self, markets: Sequence[Market]) -> CcxtTrading:
        """Raises ConfigError without keys."""
        if not self._settings.signed:
            key, secret = (f"ARB_{self.venue.upper()}_{part}" for part in ("KEY", "SECRET"))
            raise ConfigError(f"{self.venue}: orders need its API key; set {key} and {secret}")
        self._listings.add(markets)
        made = CcxtTrading(
            self.venue,
            open=self._open.private,
            symbols=[market.symbol for market in markets],
            listings=self._listings,
            settings=self._account,
            clock=self._clock,
            sleep=self._sleep,
            rng=self._rng,
            redact=self._redact,
            on_error=self._on_error,
            counters=self._open.counters,
            breaker=self._breakers.of(self.venue, Part.PRIVATE),
        )
        self._made.append(made)
        return made

    async def close(self) -> None:
        for trading in self._made:
            await trading.close()
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        await self._open.close()

    def _limits(self, depth: Depth) -> Limits:
        wanted = (self._settings.options.get("watchOrderBook") or {}).get("limit")
        return Limits((wanted,)) if isinstance(wanted, int) else Limits.of_depth(depth)

    async def _shared(self) -> Client:
        """The client for single requests, made when the first one is due."""
        async with self._opening:
            if self._client is None:
                self._client = await self._open(ignore)
            return self._client
