"""Symbols that share one ccxt client, followed until cancelled: one task each, and a fresh client after every loss."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from adapters.ccxt_client import Client, Lost
from adapters.ccxt_errors import Redactor, translate
from adapters.ccxt_limits import Limits
from adapters.ccxt_listings import Listings
from adapters.ccxt_outlet import Outlet
from arb.breaker import Breaker
from arb.domain import Symbol, VenueId
from arb.errors import ArbError, AuthFailed, ProtocolError, Rejected, Transient, VenueError
from arb.interfaces import Clock, Feed
from arb.supervise import Sleep, Up, supervise

T = TypeVar("T")

Open = Callable[[Lost], Awaitable[Client]]
OnError = Callable[[VenueError], None]
Leave = Callable[[Symbol, float], None]

REFUSED_S = 60.0  # before a refused symbol is asked for again
SILENT_S = 30.0  # without a first book: some exchanges refuse in words that ccxt does not take for an answer


@dataclass(frozen=True, slots=True)
class Wiring:
    """What everything that follows books of one venue shares.

    on_error: hears what no event tells.   counters: "losses" and "refused" are added to.
    breaker: told how the streams fare; it holds nothing up, since the supervisor spaces the attempts.
    """

    venue: VenueId
    feed: Feed
    open: Open
    outlet: Outlet
    limits: Limits
    listings: Listings
    redact: Redactor
    sleep: Sleep
    rng: Random
    on_error: OnError
    counters: Counter[str]
    breaker: Breaker
    clock: Clock

    def translate(self, exc: Exception, client: Client | None = None) -> ArbError:
        return translate(self.venue, exc, self.redact, client.retry_after_s if client is not None else 0.0)

    def works(self) -> None:
        self.breaker.record(True, self.clock.mono_ns())

    def failed(self, failure: Exception | None) -> None:
        self.counters["losses"] += 1
        self.breaker.record(False, self.clock.mono_ns(), words(failure))

    def refused(self, symbol: Symbol, error: ArbError) -> None:
        self.counters["refused"] += 1
        self.outlet.refused(symbol, words(error))

    def tell(self, error: ArbError) -> None:
        if isinstance(error, VenueError):
            self.on_error(error)


class Stream:
    """leave: told of a symbol that must be followed by another client, and after how many seconds.

    ccxt has no sure way to begin one book afresh: what it remembers of a broken one differs from exchange to exchange.
    So a book that failed, or that we distrust, goes to a client of its own, and the others never notice. A socket that
    ends takes all its symbols down, and the next client starts from nothing.
    """

    def __init__(self, wiring: Wiring, symbols: Iterable[Symbol], leave: Leave, wait_s: float = 0.0) -> None:
        self._wiring = wiring
        self._symbols = dict.fromkeys(symbols)
        self._leave = leave
        self._wait_s = wait_s
        self._followers: dict[Symbol, asyncio.Task[None]] = {}
        self._end: asyncio.Future[Exception] | None = None

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed where the exchange streams to key holders only."""
        wiring = self._wiring
        await wiring.sleep(self._wait_s)
        await supervise(self._connect, self._on_lost, sleep=wiring.sleep, rng=wiring.rng)

    def restart(self, why: str) -> None:
        """Everything that is followed here is lost now, and followed by a fresh client. Does not wait."""
        self._stop(Transient(self._wiring.venue, why))
        for symbol in self._symbols:
            self._wiring.outlet.lost(symbol, why)

    def renew(self, symbol: Symbol, why: str, wait_s: float) -> None:
        """No book of this symbol is handed out any more before a fresh client has it. Does not wait."""
        if len(self._symbols) == 1:
            self._stop(Transient(self._wiring.venue, why, wait_s))
        elif symbol in self._symbols:
            del self._symbols[symbol]
            follower = self._followers.pop(symbol, None)
            if follower is not None:
                follower.cancel()
            self._leave(symbol, wait_s)

    async def _connect(self, up: Up) -> None:
        self._end = asyncio.get_running_loop().create_future()
        self._wiring.breaker.allows(self._wiring.clock.mono_ns())
        client = await self._wiring.open(self._on_socket)
        try:
            self._wiring.listings.tell(client.exchange, self._symbols)
            for symbol in self._symbols:
                follower = asyncio.create_task(self._follow(client, symbol, up))
                follower.add_done_callback(self._on_follower)
                self._followers[symbol] = follower
            raise await self._end
        finally:
            self._stop(Transient(self._wiring.venue, "cancelled"))
            followers = list(self._followers.values())
            self._followers.clear()
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)
            await client.close()

    async def _follow(self, client: Client, symbol: Symbol, up: Up) -> None:
        wiring = self._wiring
        silence = asyncio.get_running_loop().call_later(SILENT_S, self._on_silence, symbol)
        while True:
            limit = wiring.limits.current
            try:
                raw = await _before(silence, client.exchange.watch_order_book(symbol, limit))
            except asyncio.CancelledError:
                if _cancelled_by_us():
                    raise
                self._stop(Transient(wiring.venue, "ccxt gave the subscription up"))
                return
            except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
                if self._ended or not await self._try_again(client, symbol, limit, exc):
                    return
                continue
            if self._ended:
                return  # handed out by a socket that is gone
            book = wiring.outlet.book(symbol, raw)
            wiring.limits.worked()
            wiring.works()
            up()
            if wiring.limits.short(limit, wiring.feed.levels, len(book.bids), len(book.asks)):
                self._stop(Transient(wiring.venue, f"{len(book.bids)} levels came; asking for more"))
                return

    async def _try_again(self, client: Client, symbol: Symbol, limit: int | None, exc: Exception) -> bool:
        """Whether this client should go on with the symbol, once the answer to a failure is given."""
        wiring = self._wiring
        error = wiring.translate(exc, client)
        refused = isinstance(error, Rejected)
        unreadable = type(error) is ProtocolError or type(exc).__name__ == "BadSymbol"
        if isinstance(error, AuthFailed):
            self._stop(error)
        elif refused and type(exc).__name__ != "BadSymbol" and wiring.limits.refused(limit, str(exc)):
            self._stop(Transient(wiring.venue, "asking for another number of levels"))
        elif unreadable and await self._learned(client):
            self._stop(Transient(wiring.venue, "starting again with the exchange's own market list"))
        elif refused and type(exc).__name__ != "ExchangeError":  # that one says no more than "something is wrong"
            wiring.refused(symbol, error)
            await wiring.sleep(REFUSED_S)
            return True
        else:
            if len(self._symbols) > 1 and not wiring.outlet.lost(symbol, words(error)):
                wiring.tell(error)  # no event says so, and this client goes on
            self.renew(symbol, words(error), error.retry_after_s if isinstance(error, Transient) else 0.0)
        return False

    async def _learned(self, client: Client) -> bool:
        try:
            return await self._wiring.listings.ask(client.exchange)
        except Exception as exc:  # noqa: BLE001  foreign; the failure that led here is told in any case
            self._wiring.tell(self._wiring.translate(exc, client))
            return False

    def _on_silence(self, symbol: Symbol) -> None:
        """Told as a refusal; should a book come after all, it is as good as any."""
        self._wiring.refused(symbol, Rejected(self._wiring.venue, f"no book came within {SILENT_S:g} s"))

    def _on_socket(self, exc: Exception) -> None:
        self._stop(self._wiring.translate(exc))

    def _on_follower(self, follower: asyncio.Task[None]) -> None:
        failure = None if follower.cancelled() else follower.exception()
        if isinstance(failure, Exception):
            self._stop(failure)

    @property
    def _ended(self) -> bool:
        return self._end is None or self._end.done()

    def _stop(self, error: Exception) -> None:
        """The present client is done with; the first reason counts."""
        if self._end is not None and not self._end.done():
            self._end.set_result(error)

    def _on_lost(self, failure: Exception | None) -> None:
        """An attempt that failed is no event and a bug must not look like bad weather: both are told."""
        wiring = self._wiring
        wiring.failed(failure)
        told = [wiring.outlet.lost(symbol, words(failure)) for symbol in self._symbols]
        if failure is not None and not (any(told) and isinstance(failure, Transient)):
            wiring.tell(wiring.translate(failure))


def words(failure: Exception | None) -> str:
    """Without the venue's name, which stands beside it wherever it is shown."""
    return failure.message if isinstance(failure, VenueError) else str(failure)


async def _before(alarm: asyncio.TimerHandle, answer: Awaitable[T]) -> T:
    """The answer, with an alarm that goes off if it takes too long."""
    try:
        return await answer
    finally:
        alarm.cancel()


def _cancelled_by_us() -> bool:
    """ccxt cancels the futures that it hands out, which looks like a cancellation of whoever waits for one."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
