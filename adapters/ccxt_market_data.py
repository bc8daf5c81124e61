"""The public side of any ccxt exchange: one order book per symbol, streamed where ccxt can, else polled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from adapters.ccxt_client import Client
from adapters.ccxt_errors import Redactor, translated
from adapters.ccxt_limits import Limits
from adapters.ccxt_listings import Listings
from adapters.ccxt_outlet import Outlet, to_snapshot
from adapters.ccxt_polling import Poller
from adapters.ccxt_stream import OnError, Open, Stream, Wiring
from arb.breaker import Breaker
from arb.domain import BookSnapshot, Symbol, Trust, VenueId
from arb.errors import OutcomeUnknown, Rejected, Transient, VenueError
from arb.interfaces import Clock, Feed, Sink
from arb.supervise import CAP_S, Sleep, first

STAGGER_S = 0.1  # between the first connects of two clients
RESYNC_S = 1.0  # wait before a book is followed afresh; doubles while it happens again and again
CALM_NS = 120_000_000_000  # so long without a resync, and the next one waits `RESYNC_S` only


class CcxtMarketData:
    """open: makes a client for streams.   client: the one for single requests; it stays the caller's.

    per_client: symbols that share a socket.   counters: of the clients that `open` makes; ours are added.
    """

    def __init__(
        self,
        venue: VenueId,
        feed: Feed,
        *,
        open: Open,
        client: Callable[[], Awaitable[Client]],
        listings: Listings,
        limits: Limits,
        per_client: int,
        clock: Clock,
        sleep: Sleep,
        rng: Random,
        redact: Redactor,
        on_error: OnError,
        counters: Counter[str],
        rest: Breaker | None = None,
        stream: Breaker | None = None,
    ) -> None:
        """rest: what the venue's REST book is asked through.   stream: told how its sockets fare."""
        self.venue = venue
        self.feed = feed
        self._open = open
        self._client = client
        self._listings = listings
        self._limits = limits
        self._per_client = per_client
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._redact = redact
        self._on_error = on_error
        self._counters = counters
        self._rest = Breaker() if rest is None else rest
        self._breaker = Breaker() if stream is None else stream
        self._streams: dict[Symbol, Stream] = {}
        self._poller: Poller | None = None
        self._resyncs: dict[Symbol, tuple[int, float]] = {}  # when the last one was, and how long it waited
        self._audits: dict[int, Limits] = {}

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        """Until cancelled. Raises AuthFailed or ConfigError where no retry helps."""
        wiring = Wiring(
            venue=self.venue,
            feed=self.feed,
            open=self._open,
            outlet=Outlet(self.venue, self.feed.levels, self._clock, sink),
            limits=self._limits,
            listings=self._listings,
            redact=self._redact,
            sleep=self._sleep,
            rng=self._rng,
            on_error=self._on_error,
            counters=self._counters,
            breaker=self._breaker,
            clock=self._clock,
        )
        unique = tuple(dict.fromkeys(symbols))
        try:
            if self.feed.trust is Trust.POLLED:
                self._poller = Poller(wiring, unique)
                await self._poller.run()
            else:
                await self._stream(wiring, unique)
        except BaseExceptionGroup as failures:
            raise first(failures) from None
        finally:
            self._streams.clear()
            self._poller = None

    def resync(self, symbol: Symbol) -> None:
        """A streamed book goes to a fresh client; a polled one is fresh each time. Nothing outside `run`."""
        stream = self._streams.get(symbol)
        if stream is None:
            return
        now_ns = self._clock.mono_ns()
        last_ns, waited_s = self._resyncs.get(symbol, (-CALM_NS, 0.0))
        wait_s = min(CAP_S, waited_s * 2.0) if waited_s and now_ns - last_ns < CALM_NS else RESYNC_S
        self._resyncs[symbol] = (now_ns, wait_s)
        self._counters["resyncs"] += 1
        stream.renew(symbol, "the book is not to be trusted", wait_s)

    def restart(self, why: str) -> None:
        """Streamed books go to fresh clients; of polled ones whatever was asked for before is passed over."""
        if self._poller is not None:
            self._poller.restart(why)
        for stream in dict.fromkeys(self._streams.values()):
            stream.restart(why)

    async def fetch_book(self, symbol: Symbol, levels: int) -> BookSnapshot:
        """The REST book, through ccxt's own rate limit. Raises VenueError."""
        now_ns = self._clock.mono_ns()
        if not self._rest.allows(now_ns):
            raise Transient(self.venue, "not called: it failed too often just now", self._rest.wait_ns(now_ns) / 1e9)
        try:
            snapshot = await self._fetch(symbol, levels)
        except VenueError as error:
            failed = isinstance(error, Transient | OutcomeUnknown)
            self._rest.record(not failed, self._clock.mono_ns(), error.message)
            raise
        self._rest.record(True, self._clock.mono_ns())
        return snapshot

    async def _fetch(self, symbol: Symbol, levels: int) -> BookSnapshot:
        client = await self._client()
        limits = self._audits.setdefault(levels, Limits((levels, None)))
        while True:
            limit = limits.current
            try:
                with translated(self.venue, self._redact, lambda: client.retry_after_s):
                    if symbol not in (client.exchange.markets or {}):
                        self._listings.tell(client.exchange)
                    raw = await client.exchange.fetch_order_book(symbol, limit)
                    snapshot = to_snapshot(self.venue, symbol, raw, 0, self._clock.mono_ns())
            except Rejected as refusal:
                if not limits.refused(limit, refusal.message):
                    raise
            else:
                limits.worked()
                return snapshot

    async def _stream(self, wiring: Wiring, symbols: Sequence[Symbol]) -> None:
        async with asyncio.TaskGroup() as group:

            def follow(parts: Sequence[Symbol], wait_s: float) -> None:
                stream = Stream(wiring, parts, lambda symbol, wait_s: follow((symbol,), wait_s), wait_s)
                run = stream.run()
                try:
                    group.create_task(run)
                except RuntimeError:  # the group is being cancelled: nothing new begins
                    run.close()
                else:
                    self._streams.update(dict.fromkeys(parts, stream))

            for number, part in enumerate(_parts(symbols, self._per_client)):
                follow(part, number * STAGGER_S)


def _parts(symbols: Sequence[Symbol], size: int) -> list[Sequence[Symbol]]:
    """As few parts as hold them all, equally full."""
    parts = -(-len(symbols) // size)
    return [symbols[number::parts] for number in range(parts)]
