"""Planned misbehaviour: a strict plan that can live in a file, and the injector that carries it out and keeps count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, get_args

import msgspec

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.errors import ConfigError
from arb.sim.conn import Conn
from arb.sim.venue import MS, Label

MOST_BYTES = 1 << 20  # of a plan

FrameKind = Literal["drop", "duplicate", "reorder", "delay", "garble", "close", "stall"]
RestKind = Literal[
    "slow_rest", "rate_limit", "server_error", "expired", "lost_request", "lost_answer", "error_after", "late_answer"
]
OrderKind = Literal["partial_cancel", "fill_on_cancel", "lookup_lag"]
Kind = Literal[FrameKind, RestKind, OrderKind, "upgrade", "full", "refuse", "snapshot_lag", "listen_key"]
MOST_INJECTED = 100_000  # faults that are remembered; then the older half is forgotten
_FRAME_KINDS = frozenset(get_args(FrameKind))
_ORDER_KINDS = frozenset(get_args(OrderKind))
_AFTER_KINDS = frozenset({"lost_answer", "error_after", "late_answer"})
_REST_KINDS = frozenset(get_args(RestKind))
_SOCKET_KINDS = frozenset({"close", "stall", "upgrade", "listen_key"})


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of fault: by chance (`probability`) or by the clock (`at_ms`), one of the two.

    kind    drop, duplicate, reorder (swap with the next frame of the topic), garble: one pushed frame
            close: the socket, without a close frame.  upgrade: notice first, closed after duration_ms
            stall: nothing comes for duration_ms though the socket stays open; of one topic, or with scope "socket" of
            the whole socket, where then not even a PONG comes
            full: a complete book where a delta was due (channels that have such frames)
            refuse: a subscription.  snapshot_lag: a REST book as it was lag_ms ago
            delay: one pushed frame comes delay_ms later, and others overtake it
            slow_rest (delay_ms), rate_limit (429, retry_after_s), server_error (status), expired (the timestamp is
            refused), lost_request (the connection ends): a request, REST or on the socket, that does nothing
            lost_answer, error_after (status), late_answer (delay_ms): a request that is acted on, then the answer is
            missing, says that the server is in trouble, or comes late, after every push
            partial_cancel: an order is filled in part on arrival, and the venue cancels the rest
            fill_on_cancel: an order is filled, now wholly, now half, while its cancel is on the way
            lookup_lag: queries do not know a new order for delay_ms
            listen_key: every listen key expires at once (by at_ms)
    venue, symbol ("BTC/USDT"), topic (part of the channel's name, or of the REST path, or the method and path as in
            "POST /api/v3/order"): only there; "": everywhere
    probability    per frame, request, subscription or order
    at_ms          ms of sim time; each fires once, on the first thing that fits, or on every socket that fits (close,
                   stall, upgrade), or on every request for duration_ms (REST kinds with a duration)
    """

    kind: Kind
    venue: str = ""
    symbol: str = ""
    topic: str = ""
    probability: float = 0.0
    at_ms: tuple[float, ...] = ()
    duration_ms: float = 0.0
    scope: Literal["topic", "socket"] = "topic"
    lag_ms: float = 500.0
    delay_ms: float = 1000.0
    retry_after_s: int = 2
    status: int = 503


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall go wrong. In a file: `seed = 7`, then `[[rules]]` tables."""

    rules: tuple[FaultRule, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        for place, rule in enumerate(self.rules, 1):
            if bool(rule.probability) == bool(rule.at_ms):
                raise ValueError(f"rule {place} ({rule.kind}) needs either probability or at_ms")
            if not 0.0 <= rule.probability <= 1.0:
                raise ValueError(f"rule {place} ({rule.kind}): probability must lie between 0 and 1")
            if rule.kind in ("upgrade", "listen_key") and not rule.at_ms:
                raise ValueError(f"rule {place}: {rule.kind} goes by at_ms")

    @classmethod
    def load(cls, path: Path) -> FaultPlan:
        """From a .toml or .json file. Raises ConfigError, one line."""
        try:
            data = read_at_most(path, MOST_BYTES)
            if path.suffix == ".json":
                return msgspec.json.decode(data, type=cls)
            return msgspec.toml.decode(data, type=cls)
        except OSError as exc:
            raise ConfigError(f"fault plan {path}: {exc.strerror}") from exc
        except UNREADABLE as exc:
            raise ConfigError(f"fault plan {path}: {shown(exc)}") from exc


class Injected(NamedTuple):
    """One fault that was carried out. at_ms: sim time.   symbol: "" where a whole socket was hit by the clock."""

    at_ms: float
    kind: Kind
    venue: str
    symbol: str
    topic: str


class RestFault(NamedTuple):
    """kind: one of RestKind; the rest is for the kind that needs it.   after: the request is acted on first."""

    kind: Kind
    delay_ms: float
    retry_after_s: int
    status: int

    @property
    def after(self) -> bool:
        return self.kind in _AFTER_KINDS


class _Active:
    """A rule with its dice and what is left of its schedule."""

    def __init__(self, rule: FaultRule, seed: str) -> None:
        self.rule = rule
        self.rng = Random(seed)
        self.left = sorted(rule.at_ms)
        self.until_ms = -1.0

    def fits(self, venue: str, symbol: str, topic: str) -> bool:
        rule = self.rule
        return (
            (not rule.venue or rule.venue == venue)
            and (not rule.symbol or rule.symbol == symbol)
            and (not rule.topic or rule.topic in topic)
        )

    def strikes(self, now_ms: float) -> bool:
        if self.rule.probability:
            return self.rng.random() < self.rule.probability
        if self.left and self.left[0] <= now_ms:
            self.until_ms = self.left.pop(0) + self.rule.duration_ms
            return True
        return False


class Injector:
    """Carries out a plan. `now_ns`: sim time of the market."""

    def __init__(
        self, plan: FaultPlan, venues: Sequence[str], counters: Counter[str], now_ns: Callable[[], int]
    ) -> None:
        active = [_Active(rule, f"{plan.seed}:{place}") for place, rule in enumerate(plan.rules)]
        self._by_frame = [a for a in active if a.rule.kind in _FRAME_KINDS and not _scheduled(a.rule)]
        self._by_clock = {  # a schedule without a venue holds for each of them
            venue: [
                _Active(rule, f"{plan.seed}:{place}:{venue}")
                for place, rule in enumerate(plan.rules)
                if _scheduled(rule) and rule.venue in ("", venue)
            ]
            for venue in venues
        }
        self._rest = [a for a in active if a.rule.kind in _REST_KINDS]
        self._order = [a for a in active if a.rule.kind in _ORDER_KINDS]
        self._refuse = [a for a in active if a.rule.kind == "refuse"]
        self._lag = [a for a in active if a.rule.kind == "snapshot_lag"]
        self._full = [a for a in active if a.rule.kind == "full"]
        self._counters = counters
        self._now_ns = now_ns
        self._held: dict[tuple[Conn, str], bytes] = {}
        self._late: list[tuple[float, int, Conn, str, bytes]] = []  # due ms, tie-breaker, socket, topic, frame
        self._delayed = 0
        self._stalls: dict[tuple[Conn, str], float] = {}  # (socket, topic or "") -> ms of sim time
        self._venues: dict[Conn, str] = {}
        self.injected: list[Injected] = []

    @property
    def lags(self) -> Iterable[FaultRule]:
        """Rules that need the books to remember."""
        return [a.rule for a in self._lag]

    @property
    def has_full(self) -> bool:
        """Whether any rule asks for full books."""
        return bool(self._full)

    def _now_ms(self) -> float:
        return self._now_ns() / MS

    def _note(self, kind: Kind, venue: str, symbol: str, topic: str) -> None:
        self._counters[kind] += 1
        self._counters[f"{venue}.{kind}"] += 1
        self.injected.append(Injected(self._now_ms(), kind, venue, symbol, topic))
        if len(self.injected) > MOST_INJECTED:
            del self.injected[: MOST_INJECTED // 2]

    def opened(self, conn: Conn, venue: str) -> None:
        self._venues[conn] = venue

    def closed(self, conn: Conn) -> None:
        self._venues.pop(conn, None)
        for table in (self._held, self._stalls):
            for key in [k for k in table if k[0] is conn]:
                del table[key]

    def mute(self, conn: Conn) -> bool:
        """Whether a stall holds the whole socket."""
        return self._stalled(conn, "")

    def _stalled(self, conn: Conn, topic: str) -> bool:
        until = self._stalls.get((conn, topic))
        if until is None:
            return False
        if self._now_ms() < until:
            return True
        del self._stalls[conn, topic]
        return False

    def frames(self, conn: Conn, label: Label, payload: bytes, *, binary: bool) -> list[bytes]:
        """What becomes of one pushed frame: usually itself."""
        symbol, topic = label
        if self._stalls and (self._stalled(conn, "") or self._stalled(conn, topic)):
            return []
        venue = self._venues[conn]
        now_ms = self._now_ms()
        out = [payload]
        for active in self._by_frame:
            if not active.fits(venue, symbol, topic) or not active.strikes(now_ms):
                continue
            kind = active.rule.kind
            if kind == "reorder" and ((conn, topic) in self._held or not out):
                continue
            self._note(kind, venue, symbol, topic)
            if kind == "drop":
                return []
            if kind == "duplicate":
                out = out * 2
            elif kind == "garble":
                out = [garbled(frame, active.rng, binary=binary) for frame in out]
            elif kind == "reorder":
                self._held[conn, topic] = out[0]
                return []
            elif kind == "delay":
                for frame in out:
                    self._delayed += 1
                    heappush(self._late, (now_ms + active.rule.delay_ms, self._delayed, conn, topic, frame))
                return []
            elif kind == "close":
                conn.abort()
                return []
            elif kind == "stall":
                self._stall(conn, active.rule, topic, now_ms)
                return []
        held = self._held.pop((conn, topic), None)
        if held is not None:
            out.append(held)
        return out

    def _stall(self, conn: Conn, rule: FaultRule, topic: str, now_ms: float) -> None:
        self._stalls[conn, "" if rule.scope == "socket" else topic] = now_ms + (rule.duration_ms or 5000.0)

    def tick(
        self,
        venue: str,
        conns: Iterable[Conn],
        symbol_of: Callable[[str], str],
        notice: Callable[[Conn], None],
        expire: Callable[[], None],
    ) -> None:
        """Faults by the clock that hit sockets. symbol_of: topic -> symbol.   expire: ends all listen keys."""
        now_ms = self._now_ms()
        while self._late and self._late[0][0] <= now_ms:
            _, _, conn, topic, frame = heappop(self._late)
            if not self._stalled(conn, "") and not self._stalled(conn, topic):
                conn.late(frame)
        for active in self._by_clock[venue]:
            if not active.strikes(now_ms):
                continue
            rule = active.rule
            if rule.kind == "listen_key":
                expire()
                self._note("listen_key", venue, "", "")
                continue
            for conn in conns:
                hit = [t for t in conn.topics if active.fits(venue, symbol_of(t), t)]
                if conn.gone or (not hit and (rule.symbol or rule.topic)):
                    continue
                if rule.kind == "stall" and rule.scope == "topic":
                    for topic in hit:
                        self._stall(conn, rule, topic, now_ms)
                        self._note("stall", venue, symbol_of(topic), topic)
                    continue
                self._note(rule.kind, venue, rule.symbol, rule.topic)
                if rule.kind == "close":
                    conn.abort()
                elif rule.kind == "upgrade":
                    notice(conn)
                    conn.marks["close_ns"] = int((now_ms + (rule.duration_ms or 5000.0)) * MS)
                else:
                    self._stall(conn, rule, "", now_ms)

    def refuses(self, venue: str, symbol: str, topic: str) -> bool:
        return self._any(self._refuse, venue, symbol, topic) is not None

    def wants_full(self, venue: str, label: Label) -> bool:
        return self._any(self._full, venue, *label) is not None

    def lag_ms(self, venue: str, symbol: str) -> int:
        rule = self._any(self._lag, venue, symbol, "")
        return int(rule.lag_ms) if rule is not None else 0

    def order(self, kind: OrderKind, venue: str, symbol: str) -> FaultRule | None:
        """What happens to one order."""
        return self._any([a for a in self._order if a.rule.kind == kind], venue, symbol, "")

    def _any(self, rules: list[_Active], venue: str, symbol: str, topic: str) -> FaultRule | None:
        now_ms = self._now_ms()
        for active in rules:
            if active.fits(venue, symbol, topic) and (now_ms < active.until_ms or active.strikes(now_ms)):
                self._note(active.rule.kind, venue, symbol, topic)
                return active.rule
        return None

    def rest(self, venue: str, symbol: str, path: str, *, signed: bool = True) -> RestFault | None:
        """What happens to one request.

        path: of REST, with its method in front; of a request on the socket, its channel. Only signed ones expire.
        """
        rule = self._any([a for a in self._rest if signed or a.rule.kind != "expired"], venue, symbol, path)
        if rule is None:
            return None
        return RestFault(rule.kind, rule.delay_ms, rule.retry_after_s, rule.status)


def _scheduled(rule: FaultRule) -> bool:
    return rule.kind in _SOCKET_KINDS and bool(rule.at_ms)


def garbled(frame: bytes, rng: Random, *, binary: bool) -> bytes:
    """The frame with up to four bytes changed; text stays valid UTF-8, so that the socket survives."""
    data = bytearray(frame)
    for _ in range(4):
        place = rng.randrange(len(data))
        if binary:
            data[place] ^= 1 + rng.randrange(255)
        elif data[place] < 0x80:
            data[place] = rng.choice(b'x]["0{:,}')
    if bytes(data) == frame:
        data[0] ^= 0x01
    return bytes(data)
