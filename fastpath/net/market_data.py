"""The public side of any native venue: its SPEC and Codec do the talking, everything here is the same for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from random import Random
from ssl import create_default_context

from arb.breaker import Breaker
from arb.domain import BookSnapshot, ConnId, Seed, Symbol, VenueId
from arb.errors import Transient
from arb.interfaces import Clock, Codec, Feed, Sink, Tap, VenueSpec
from arb.supervise import Sleep, first
from fastpath.net.rest import Rest
from fastpath.net.seeder import Queue, Seeder
from fastpath.net.shard import Shard
from fastpath.net.wiring import OnError, Wiring

STAGGER_S = 0.1  # between the first connects of two shards
AUDIT_PATIENCE_S = 10.0  # an audit that has not been let through by then is not worth its answer
AUDIT_POLL_S = 0.05


class NativeMarketData:
    """One per venue and run. Connections carry `spec.max_topics` symbols each and are numbered from 1 on.

    Symbols a venue refuses, does not answer for or (`Seed.PUSHED`) does not serve are reported as SubscriptionRefused
    and tried again later; the others are not touched.
    """

    def __init__(
        self,
        spec: VenueSpec,
        codec: Codec,
        feed: Feed,
        *,
        clock: Clock,
        rest: Rest,
        rng: Random,
        on_error: OnError,
        ws_url: str | None = None,
        tap: Tap | None = None,
        sleep: Sleep = asyncio.sleep,
        breaker: Breaker | None = None,
    ) -> None:
        """breaker: told how its connections fare; it is the supervisor that spaces them."""
        self.venue = VenueId(spec.name)
        self.feed = feed
        url = spec.ws_url if ws_url is None else ws_url
        tls = create_default_context() if url.startswith("wss:") else None
        self._wiring = Wiring(
            self.venue, spec, codec, feed, url, clock, sleep, rng, tap, on_error, tls,
            breaker=Breaker() if breaker is None else breaker,
        )  # fmt: skip
        self._rest = rest
        self._queue = Queue(spec.snapshot_hz, rng, self._wiring.counters, spec.snapshot_burst)
        self._conns = map(ConnId, count(1))
        self._shards: dict[Symbol, Shard] = {}
        self._seeder: Seeder | None = None

    @property
    def counters(self) -> Mapping[str, int]:
        return {**self._wiring.counters, **self._rest.counters}

    async def run(self, symbols: Sequence[Symbol], sink: Sink) -> None:
        """Until cancelled. Raises ConfigError or AuthFailed where no retry helps."""
        wiring = self._wiring
        self._seeder = Seeder(wiring, self._queue, self._load, _delivery(sink))
        shards = [
            Shard(wiring, self._conns, part, sink, number * STAGGER_S)
            for number, part in enumerate(_parts(symbols, wiring.spec.max_topics))
        ]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._seeder.run())
                if self.feed.rule.seed is Seed.REST:
                    group.create_task(self._rest.warm())
                for shard in shards:
                    self._shards.update(dict.fromkeys(shard.symbols, shard))
                    group.create_task(shard.run(group.create_task))
        except BaseExceptionGroup as failures:
            raise first(failures) from None
        finally:
            self._shards.clear()
            self._seeder = None

    def resync(self, symbol: Symbol) -> None:
        """A REST seed is queued; a pushed one is subscribed anew; whole frames need neither. Nothing outside `run`."""
        seed = self.feed.rule.seed
        if seed is Seed.REST and self._seeder is not None:
            self._seeder.ask(symbol)
        elif seed is Seed.PUSHED and symbol in self._shards:
            counters = self._wiring.counters
            counters.resyncs += 1
            counters.coalesced += not self._shards[symbol].renew(symbol)

    def restart(self, why: str) -> None:
        for shard in dict.fromkeys(self._shards.values()):
            shard.restart(why)

    async def fetch_book(self, symbol: Symbol, levels: int) -> BookSnapshot:
        """The REST book, when no seed is due and the venue's rate allows it. Raises VenueError; waits 10 s at most."""
        codec, clock = self._wiring.codec, self._wiring.clock
        try:
            async with asyncio.timeout(AUDIT_PATIENCE_S):
                while not self._queue.spare(clock.mono_ns()):
                    await self._wiring.sleep(AUDIT_POLL_S)
        except TimeoutError as exc:
            raise Transient(self.venue, "no call to spare: books are being seeded") from exc
        try:
            body = await self._rest.send(codec.encode_snapshot(symbol, levels))
        except Transient as error:
            self._queue.pause(error.retry_after_s, clock.mono_ns())
            raise
        return codec.decode_snapshot(symbol, body, clock.mono_ns())

    async def _load(self, symbol: Symbol) -> BookSnapshot:
        wiring = self._wiring
        request = wiring.codec.encode_snapshot(symbol, self.feed.rule.window)
        body = await self._rest.send(request)
        recv_ns = wiring.clock.mono_ns()
        if wiring.tap is not None:
            wiring.tap.reply(self.venue, symbol, self._rest.url(request), body, recv_ns)
        return wiring.codec.decode_snapshot(symbol, body, recv_ns)


def _delivery(sink: Sink) -> Callable[[BookSnapshot], None]:
    def deliver(snapshot: BookSnapshot) -> None:
        sink.on_event(snapshot)
        sink.on_idle(snapshot.recv_ns)

    return deliver


def _parts(symbols: Sequence[Symbol], size: int) -> list[tuple[Symbol, ...]]:
    """As few parts as hold them all, equally full."""
    unique = tuple(dict.fromkeys(symbols))
    parts = -(-len(unique) // size)
    return [unique[number::parts] for number in range(parts)]
