"""One connection and the symbols it should carry: subscribed at the venue's pace, watched, pinged, declared dead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from arb.domain import (
    BookDelta,
    BookSnapshot,
    ConnId,
    Event,
    Notice,
    Quote,
    Seed,
    Subscribed,
    SubscriptionRefused,
    Symbol,
    Unsubscribed,
    VenueId,
)
from arb.errors import Rejected, Transient
from arb.interfaces import Sink
from arb.shelf import Shelf, Shelved
from arb.supervise import Up
from fastpath.net.alarm import Alarm
from fastpath.net.driver import Driver
from fastpath.net.pacing import SECOND_NS, Pace
from fastpath.net.subscriptions import Ask, Subscriptions
from fastpath.net.wiring import Wiring

STABLE_S = 5.0  # a connection that lived so long works; one that dies sooner is retried ever later
_NEVER = 1 << 63
_STREAM = frozenset((BookDelta, Quote))


class Link:
    """The driver's Sink on its way to the real one: sees the answers to what it asked for.

    notify: called when something changed that decides about a rotation.
    closing_ns: when the venue announced the end of this connection; 0: it did not.
    """

    def __init__(
        self, wiring: Wiring, conn: ConnId, symbols: Sequence[Symbol], sink: Sink, notify: Callable[[], None]
    ) -> None:
        spec = wiring.spec
        self.closing_ns = 0
        self.farewell = "stopped"
        self._wiring = wiring
        self._sink = sink
        self._notify = notify
        self._subscriptions = Subscriptions(symbols, wiring.feed.rule.seed is Seed.PUSHED, wiring.rng)
        self._driver = Driver(wiring, conn, symbols, self, self._on_lost)
        self._alarm = Alarm()
        self._outbox: deque[tuple[bytes, Ask | None]] = deque()  # an ask rides on the last of its frames
        self._pace = Pace(spec.message_hz)
        self._ping_ns = round(spec.ping_s * SECOND_NS)
        self._dead_ns = round(spec.dead_s * SECOND_NS)
        self._pinged_ns = 0
        self._up: Up = lambda: None

    @property
    def opened(self) -> bool:
        """Whether it was ever connected."""
        return self._driver.connected_ns > 0

    @property
    def connected_ns(self) -> int:
        """When it was connected; 0 while it is not, or no longer."""
        return 0 if self._driver.lost is not None else self._driver.connected_ns

    @property
    def flowing(self) -> frozenset[Symbol]:
        return frozenset() if not self.connected_ns else self._subscriptions.on

    @property
    def settled(self) -> bool:
        return bool(self.connected_ns) and self._subscriptions.settled

    async def run(self, up: Up) -> None:
        """Until lost: raises what ended it. `up` is called once it has lived for a while."""
        driver, self._up = self._driver, up
        try:
            await driver.open()
            stable_ns = driver.connected_ns + round(STABLE_S * SECOND_NS)
            self._notify()
            while driver.lost is None:
                now_ns = self._wiring.clock.mono_ns()
                if now_ns >= stable_ns:
                    stable_ns = _NEVER
                    up()
                self._tend(now_ns)
                await self._alarm.wait(min(self._wait_ns(now_ns), stable_ns - now_ns))
            raise driver.lost
        finally:
            await driver.close(self.farewell)

    def lose(self, error: Transient) -> None:
        """End the connection now, and tell so; nothing happens while there is none.

        It is our own doing and says nothing of the venue: the next one need not wait longer for it.
        """
        self._up()
        self._driver.lose(error)

    def renew(self, symbol: Symbol) -> bool:
        """Have the venue push the full book of `symbol` again. False: not carried here, or already on its way."""
        asked = self._subscriptions.renew(symbol, self._wiring.clock.mono_ns())
        if asked:
            self._alarm.ring()
        return asked

    # ------------------------------------------------------------------------------------------- Sink

    def shelf(self, venue: VenueId) -> Shelf | None:
        """The real sink's: what goes that way is of no interest here."""
        return self._sink.shelf(venue) if isinstance(self._sink, Shelved) else None

    def on_event(self, event: Event) -> None:
        if type(event) not in _STREAM:
            self._watch(event)
        elif self._subscriptions.waiting and type(event) is BookDelta:
            self._subscriptions.starved(event.symbol, event.recv_ns)
            self._alarm.ring()
        self._sink.on_event(event)

    def on_idle(self, recv_ns: int) -> None:
        self._sink.on_idle(recv_ns)

    # ------------------------------------------------------------------------------------------- inside

    def _watch(self, event: Event) -> None:
        subscriptions = self._subscriptions
        if isinstance(event, BookSnapshot):
            if not subscriptions.waiting:
                return
            subscriptions.fed(event.symbol)
        elif isinstance(event, Subscribed):
            self._wiring.counters.subscriptions += len(event.symbols)
            subscriptions.accepted(event.symbols, event.recv_ns)
        elif isinstance(event, SubscriptionRefused):
            self._wiring.counters.refused += len(event.symbols)
            subscriptions.refused(event.symbols, event.recv_ns)
        elif isinstance(event, Unsubscribed):
            subscriptions.left(event.symbols, event.recv_ns)
        elif isinstance(event, Notice) and event.closing:
            self.closing_ns = event.recv_ns
        else:
            return
        self._alarm.ring()
        self._notify()

    def _on_lost(self) -> None:
        self._alarm.ring()
        self._notify()

    def _tend(self, now_ns: int) -> None:
        """Everything that is due: the dead dropped, silence broken, silent subscriptions refused, frames sent."""
        driver = self._driver
        if now_ns - driver.last_ns >= self._dead_ns:
            driver.lose(Transient(self._wiring.venue, f"nothing heard for {self._wiring.spec.dead_s:g} s"))
            return
        if now_ns - max(driver.last_ns, self._pinged_ns) >= self._ping_ns:
            self._pinged_ns = now_ns
            self._wiring.counters.pings += 1
            self._pace.take(now_ns)
            driver.send(self._wiring.codec.encode_ping(self._wiring.clock.wall_ns()))
        for reason, symbols in self._subscriptions.expire(now_ns):
            self._refuse(symbols, reason, now_ns)
        for ask in self._subscriptions.due(now_ns):
            self._queue(ask, now_ns)
        while self._outbox and not self._pace.wait_ns(now_ns):
            frame, sent = self._outbox.popleft()
            self._pace.take(now_ns)
            driver.send(frame)
            if sent is not None:
                self._subscriptions.sent(sent, now_ns)

    def _queue(self, ask: Ask, now_ns: int) -> None:
        """Write the frames of `ask`. A symbol the codec has no name for is refused, and only that one."""
        codec = self._wiring.codec
        encode = codec.encode_unsubscribe if ask.leave else codec.encode_subscribe
        try:
            frames = encode(self._wiring.feed, ask.symbols, self._wiring.clock.wall_ns())
        except Rejected as error:
            if len(ask.symbols) > 1:
                for symbol in ask.symbols:
                    self._queue(Ask(ask.leave, (symbol,)), now_ns)
            else:
                self._subscriptions.refused(ask.symbols, now_ns)
                self._refuse(ask.symbols, error.message, now_ns)
            return
        self._outbox.extend((frame, None) for frame in frames[:-1])
        self._outbox.append((frames[-1], ask))

    def _refuse(self, symbols: tuple[Symbol, ...], reason: str, now_ns: int) -> None:
        """The venue did not say it, so we do; on the tape too, since no frame holds it."""
        wiring = self._wiring
        wiring.counters.refused += len(symbols)
        event = SubscriptionRefused(wiring.venue, symbols, reason, now_ns, self._driver.conn)
        if wiring.tap is not None:
            wiring.tap.event(event, now_ns)
            wiring.tap.idle(wiring.venue, self._driver.conn, now_ns)
        self._sink.on_event(event)
        self._sink.on_idle(now_ns)
        self._notify()

    def _wait_ns(self, now_ns: int) -> int:
        driver = self._driver
        return min(
            max(0, driver.last_ns + self._dead_ns - now_ns),
            max(0, max(driver.last_ns, self._pinged_ns) + self._ping_ns - now_ns),
            self._subscriptions.wait_ns(now_ns),
            self._pace.wait_ns(now_ns) if self._outbox else self._dead_ns,
        )
