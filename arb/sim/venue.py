"""What a simulated venue is made of: requests and replies as values, topics, and the common part of all venues.

A venue module `arb/sim/<name>` (file or package) offers `TRAITS: VenueTraits` and a class `Venue(SimVenue)`; nothing
else has to be edited for a new one. Nothing in here does I/O: sockets belong to `site`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from arb.errors import ConfigError
from arb.interfaces import Clock
from arb.sim.ledger import Ledger
from arb.sim.market import Market, SimBook, text
from arb.sim.market.listing import Quirk
from arb.sim.turns import Turns, VenueClock
from arb.sim.twisting import renamed, with_new_words, with_unknown_fields

if TYPE_CHECKING:
    from arb.sim.conn import Conn
    from arb.sim.faults import Injector
    from arb.sim.plan import FaultRule, RestFault

MS = 1_000_000
GRID_NS = 10 * MS  # every cadence on the wire is a multiple of this
_JSON = {"Content-Type": "application/json"}
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser before accessing"
    b" this site.</body></html>"
)
_TWISTS = {"unknown_fields": with_unknown_fields, "new_enum": with_new_words, "renamed_channel": renamed}


class SimSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tests like to change.

    gaps_hz: planted gaps a second over all symbols; None: two at fifty symbols, growing with their number, at most ten.
    activity: factor on the number of book events; 0: a market that stands still.
    timers: "<venue>.<timer>" -> seconds, e.g. {"mexc.life_s": 2.0}; each venue's `TIMERS` names them.
    slow_reader_bytes: a socket with more than this unread is closed.
    one_way_ms: how long every request and every frame is on its way, by real time.
    balances: venue -> coin -> amount: what the account owns at the start; of venues not named, something of everything.
    """

    gaps_hz: float | None = None
    activity: float = 1.0
    timers: Mapping[str, float] = {}
    slow_reader_bytes: int = 64 * 2**20
    one_way_ms: float = 0.0
    balances: Mapping[str, Mapping[str, str]] = {}


class Request(NamedTuple):
    """One HTTP request. query: raw, as sent, without "?".   headers: names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str] = _JSON


class Label(NamedTuple):
    """What a frame is about. symbol: "BTC/USDT"; topic: the venue's own name of the channel and its parameters."""

    symbol: str
    topic: str


class Stream(ABC):
    """One topic of one symbol, shared by all who subscribed to it. A flush makes the frame once for everybody."""

    __slots__ = ("book", "conns", "interval_ns", "label")

    def __init__(self, book: SimBook, label: Label, interval_ns: int) -> None:
        self.book = book
        self.label = label
        self.interval_ns = interval_ns
        self.conns: dict[Conn, None] = {}

    def join(self, conn: Conn) -> None:
        self.conns[conn] = None

    @abstractmethod
    def flush(self, at_ns: int, wall_ms: int) -> None:
        """An interval ends at `at_ns` of sim time: send what it brought."""

    def close(self) -> None:  # noqa: B027 (most have nothing to give back)
        """The last subscriber has gone."""

    def restarted(self) -> None:  # noqa: B027 (most hold no number)
        """The book counts from somewhere else now."""


class PrivateFeed:
    """Who listens to which private topic of one venue. Frames are written out at once, not with the next step."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self._listeners: dict[str, dict[Conn, None]] = {}
        self._waiting: dict[Conn, None] = {}

    def join(self, conn: Conn, topic: str) -> None:
        conn.topics[topic] = None
        self._listeners.setdefault(topic, {})[conn] = None

    def leave(self, conn: Conn, topic: str) -> None:
        self._listeners.get(topic, {}).pop(conn, None)

    def heard(self, *topics: str) -> bool:
        """Whether anybody listens to one of these."""
        return any(self._listeners.get(topic) for topic in topics)

    def push(self, symbol: str, frame: bytes, *topics: str) -> None:
        """To everybody who listens to one of `topics`, once."""
        told: dict[Conn, None] = {}
        for topic in topics:
            for conn in list(self._listeners.get(topic, ())):
                if conn not in told:
                    conn.push(Label(symbol, topic), frame, self._venue.now_ns)
                    told[conn] = None
        self._waiting |= told

    def flush(self) -> None:
        """Write out what has gathered."""
        waiting, self._waiting = self._waiting, {}
        world = self._venue.world
        for conn in waiting:
            world.counters[f"{self._venue.name}.frames"] += conn.flush(world.settings.slow_reader_bytes)


class World(NamedTuple):
    """What every venue is given. injector: None where no faults are planned."""

    clock: Clock
    market: Market
    seed: int
    settings: SimSettings
    counters: Counter[str]
    injector: Injector | None


class SimVenue(ABC):
    """The server side of one venue, without its sockets.

    on_arrival: is told query and body of every request, and every text frame, as it is read, before the time that
    `one_way_ms` adds.
    """

    name: str
    ws_path: str  # path of the socket
    rest_base: str  # what the client appends its paths to, after scheme, host and port
    binary: bool  # whether market data comes in binary frames
    shut: Quirk  # of a market that is delisted
    TIMERS: Mapping[str, float]

    def __init__(self, world: World) -> None:
        clock = VenueClock(world.clock)
        if world.injector is not None and world.injector.has_jumps:
            world = world._replace(clock=clock)
        self.world = world
        self._own_clock = clock
        self.market = world.market
        self.books = world.market.books(self.name)
        self.rng = Random(f"{world.seed}:{self.name}")
        self.conns: dict[Conn, None] = {}
        self.on_arrival: Callable[[str], None] | None = None
        self.streams: dict[str, Stream] = {}
        self._cadence: dict[int, dict[str, Stream]] = {}
        self._opened = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []  # sim ns, tie-breaker, what to do
        self._planned = 0
        self.ledger = Ledger(world.settings.balances.get(self.name) or self.opening())
        self.private = PrivateFeed(self)
        digest = hashlib.sha512(f"{world.seed}:{self.name}:made-up".encode()).hexdigest()
        self.key, self.secret = self.make_key(digest)
        self._turns = Turns(self, clock)
        if world.injector is not None:
            world.injector.twisters[self.name] = self.twisted
        self.timers = dict(self.TIMERS)
        for full, seconds in world.settings.timers.items():
            venue, _, timer = full.partition(".")
            if venue == self.name:
                if timer not in self.timers:
                    raise ConfigError(
                        f"sim settings: no timer {full!r}; {self.name} has {', '.join(sorted(self.timers))}"
                    )
                self.timers[timer] = seconds

    @staticmethod
    def make_key(digest: str) -> tuple[str, str]:
        """Key and secret in the venue's style from 128 hex digits."""
        return digest[:32], digest[32:96]

    @abstractmethod
    def rest(self, request: Request) -> Reply: ...

    @abstractmethod
    def text(self, conn: Conn, data: str) -> None:
        """A client's text frame."""

    @abstractmethod
    def too_many(self, retry_after_s: int) -> Reply:
        """The answer to a client over its limits."""

    @abstractmethod
    def broken(self, status: int) -> Reply:
        """The answer of a server in trouble."""

    def failing(self, fault: RestFault) -> Reply | None:
        """What a client is told about a request that meets a fault; None: nothing, the connection ends."""
        match fault.kind:
            case "rate_limit":
                return self.too_many(fault.retry_after_s)
            case "server_error" | "error_after":
                return self.broken(fault.status)
            case "expired":
                return self.expired()
            case "ban":
                return self.banned(fault.retry_after_s)
            case "maintenance":
                return self.maintained()
            case "html":
                return Reply(fault.status, _PAGE, {"Content-Type": "text/html"})
        return None

    @abstractmethod
    def banned(self, retry_after_s: int) -> Reply:
        """The answer to a client that did not heed its limits."""

    @abstractmethod
    def maintained(self) -> Reply:
        """The answer of a venue under maintenance."""

    @abstractmethod
    def expired(self) -> Reply:
        """The answer to a signed request whose timestamp is too old."""

    @abstractmethod
    def signed(self, request: Request) -> bool:
        """Whether a request claims to be signed."""

    def end_keys(self) -> None:  # noqa: B027 (most have none)
        """Let every listen key expire."""

    @abstractmethod
    def watch(self, conn: Conn, now_ns: int) -> None:
        """Timers of one socket; called about every 10 ms of sim time."""

    def twisted(self, kind: str, payload: bytes, binary: bool) -> bytes:  # noqa: ARG002 (JSON is the same either way)
        """What is said, as it never was: with unknown fields, new words, or under another channel."""
        return _TWISTS[kind](payload)

    def turn(self, begun: list[FaultRule]) -> None:
        """What lasts has begun, goes on, or is over."""
        self._turns.tick(begun)

    def wall_ms(self, at_ns: int) -> int:
        """A moment of sim time on the venue's own clock."""
        return (self.market.wall_ns(at_ns) + self._own_clock.off_ns) // MS

    def notice(self, conn: Conn) -> None:  # noqa: B027 (most venues say nothing)
        """Announce that the socket will be closed, where the venue does that."""

    def symbol_of(self, request: Request) -> str:  # noqa: ARG002
        """The symbol a request is about, "" for none or all."""
        return ""

    @property
    def now_ns(self) -> int:
        """Sim time by the clock, which may be ahead of the market by less than a step."""
        return self.market.sim_ns(self.world.clock.mono_ns())

    def next_number(self) -> int:
        self._opened += 1
        return self._opened

    def opened(self, conn: Conn) -> None:
        self.conns[conn] = None

    def closed(self, conn: Conn) -> None:
        self.conns.pop(conn, None)
        for topic in list(conn.topics):
            self.leave(conn, topic)

    def join(self, conn: Conn, stream: Stream) -> None:
        """Subscribe `conn`; `stream` is only kept if there is none of its topic yet."""
        topic = stream.label.topic
        kept = self.streams.get(topic)
        if kept is None:
            kept = self.streams[topic] = stream
            self._cadence.setdefault(stream.interval_ns, {})[topic] = stream
        else:
            stream.close()
        kept.join(conn)
        conn.topics[topic] = None

    def leave(self, conn: Conn, topic: str) -> None:
        conn.topics.pop(topic, None)
        self.private.leave(conn, topic)
        stream = self.streams.get(topic)
        if stream is not None:
            stream.conns.pop(conn, None)
            if not stream.conns:
                stream.close()
                del self.streams[topic]
                del self._cadence[stream.interval_ns][topic]

    def later(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Do something when the grid has come so far."""
        self._planned += 1
        heappush(self._agenda, (self.now_ns + int(delay_ms * MS), self._planned, act))

    def publish(self, at_ns: int) -> None:
        """The grid has reached `at_ns`: do what is due, flush every stream whose interval ends, look at the timers."""
        while self._agenda and self._agenda[0][0] <= at_ns:
            heappop(self._agenda)[2]()
        wall_ms = self.wall_ms(at_ns)
        for interval_ns, streams in self._cadence.items():
            if at_ns % interval_ns == 0:
                for stream in streams.values():
                    stream.flush(at_ns, wall_ms)
        for conn in list(self.conns):
            self.watch(conn, at_ns)

    def flush(self) -> None:
        """Write out what has gathered."""
        frames = 0
        limit = self.world.settings.slow_reader_bytes
        for conn in list(self.conns):
            frames += conn.flush(limit)
        self.world.counters[f"{self.name}.frames"] += frames

    def opening(self) -> dict[str, str]:
        """What the simulated account owns at the start: coin -> amount."""
        owned = {"USDT": "25000", "USDC": "10000", "BTC": "0.5"}
        for book in self.books.values():
            coin = book.listing.base
            if coin not in owned and len(owned) < 12:
                owned[coin] = text(book.day_lots // 1000, book.listing.qty_decimals)
        return owned

    def depth_book(self, symbol: str) -> SimBook:
        """The book a REST snapshot is made of: now, or some time ago where a lag is planned."""
        injector = self.world.injector
        lag_ms = injector.lag_ms(self.name, symbol) if injector is not None else 0
        book = self.books[symbol]
        return book.as_of(self.market.now_ns - lag_ms * MS) if lag_ms else book
