"""The family of objects for one venue that has a SPEC and a Codec."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from difflib import get_close_matches
from random import Random

from arb.breakers import Breakers
from arb.domain import Depth, Market, Part, VenueId
from arb.errors import ConfigError
from arb.interfaces import Clock, Feed, Metadata, NativeVenue, PrivateCodec, Tap
from arb.supervise import Sleep
from fastpath.net.ban import Ban
from fastpath.net.market_data import NativeMarketData
from fastpath.net.rest import Rest
from fastpath.net.trading import ANSWER_S, DEADMAN_S, MAX_CLOCK_ERROR_MS, NativeTrading
from fastpath.net.wiring import OnError


class NativeFactory:
    """A VenueFactory for whatever holds SPEC and Codec: a module of `fastpath`, or an entry point of a third party.

    metadata: from outside, since the static facts of native venues come by another way.
    rest_url, ws_url: instead of the SPEC's.   feed_name: instead of the SPEC's preference within a depth.
    key, secret: of the account; only for `trading`, as are the last three: see NativeTrading.
    """

    native = True

    def __init__(
        self,
        module: NativeVenue,
        *,
        clock: Clock,
        metadata: Metadata,
        on_error: OnError,
        rest_url: str | None = None,
        ws_url: str | None = None,
        feed_name: str | None = None,
        rng: Random | None = None,
        sleep: Sleep = asyncio.sleep,
        key: str = "",
        secret: str = "",
        answer_s: float = ANSWER_S,
        max_clock_error_ms: int = MAX_CLOCK_ERROR_MS,
        deadman_s: int = DEADMAN_S,
        breakers: Breakers | None = None,
    ) -> None:
        """breakers: of the run, where others can see them. Raises ConfigError where an address is none."""
        spec = module.SPEC
        self.venue = VenueId(spec.name)
        self._spec = spec
        self._codec = module.Codec
        self._metadata = metadata
        self._clock = clock
        self._on_error = on_error
        self._ws_url = _address(spec.name, "ws_url", ws_url or spec.ws_url, ("ws", "wss"))
        self._feed_name = feed_name
        self._rng = Random() if rng is None else rng
        self._sleep = sleep
        self._private: type[PrivateCodec] | None = getattr(module, "PrivateCodec", None)
        self._keys = (key, secret)
        self._answer_s = answer_s
        self._max_clock_error_ms = max_clock_error_ms
        self._deadman_s = deadman_s
        self._breakers = Breakers() if breakers is None else breakers
        self._tradings: list[NativeTrading] = []
        self._rest_url = _address(spec.name, "rest_url", rest_url or spec.rest_url, ("http", "https"))
        self._ban = Ban()
        self._rest = Rest(
            self.venue,
            self._rest_url,
            module.Codec({}).decode_error,
            clock=clock,
            sleep=sleep,
            rng=self._rng,
            breaker=self._breakers.of(self.venue, Part.PUBLIC),
            ban=self._ban,
        )

    def feed(self, depth: Depth) -> Feed:
        """The named feed, if it is deep enough; else the preferred one of this depth, or of the next deeper one.

        Raises ConfigError for a name that is not among them, and for a depth nothing reaches.
        """
        feeds = [feed for feed in self._spec.feeds if feed.depth >= depth]
        if not feeds:
            raise ConfigError(f"{self.venue}: no feed has the depth {_word(depth)}; {_list(self._spec.feeds)}")
        if self._feed_name is None:
            return min(feeds, key=lambda feed: feed.depth)  # the first of the shallowest: min keeps their order
        for feed in feeds:
            if feed.name == self._feed_name:
                return feed
        close = get_close_matches(self._feed_name, [feed.name for feed in feeds], n=1)
        hint = f", did you mean {close[0]!r}?" if close else ";"
        raise ConfigError(f"{self.venue}: no feed {self._feed_name!r} at depth {_word(depth)}{hint} {_list(feeds)}")

    def metadata(self) -> Metadata:
        return self._metadata

    def market_data(self, markets: Sequence[Market], depth: Depth, tap: Tap | None = None) -> NativeMarketData:
        return NativeMarketData(
            self._spec,
            self._codec({market.native: market.symbol for market in markets}),
            self.feed(depth),
            clock=self._clock,
            rest=self._rest,
            rng=self._rng,
            on_error=self._on_error,
            ws_url=self._ws_url,
            tap=tap,
            sleep=self._sleep,
            breaker=self._breakers.of(self.venue, Part.STREAM),
        )

    def trading(self, markets: Sequence[Market]) -> NativeTrading:
        """Raises ConfigError where the venue's wire has no private side here, or keys are missing."""
        if self._private is None:
            raise ConfigError(f"{self.venue}: its native path reads markets only; orders need another path")
        key, secret = self._keys
        if not (key and secret):
            name = self.venue.upper()
            raise ConfigError(f"{self.venue}: orders need keys; set ARB_{name}_KEY and ARB_{name}_SECRET")
        made = NativeTrading(
            self._spec,
            self._private({market.native: market.symbol for market in markets}, key, secret),
            clock=self._clock,
            rng=self._rng,
            on_error=self._on_error,
            rest_url=self._rest_url,
            ws_url=self._ws_url,
            sleep=self._sleep,
            answer_s=self._answer_s,
            max_clock_error_ms=self._max_clock_error_ms,
            deadman_s=self._deadman_s,
            breaker=self._breakers.of(self.venue, Part.PRIVATE),
            ban=self._ban,
        )
        self._tradings.append(made)
        return made

    async def close(self) -> None:
        for trading in self._tradings:
            await trading.close()
        await self._rest.close()


def _address(venue: str, key: str, url: str, schemes: tuple[str, ...]) -> str:
    scheme, found, rest = url.partition("://")
    if scheme not in schemes or not found or not rest.strip("/"):
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ConfigError(f"{venue}: {key} must begin with {wanted} and name a host: {url!r}")
    return url


def _word(depth: Depth) -> str:
    return "full" if depth is Depth.FULL else "top" if depth is Depth.TOP else str(int(depth))


def _list(feeds: Sequence[Feed]) -> str:
    return "feeds: " + ", ".join(f"{feed.name} ({_word(feed.depth)})" for feed in feeds)
