"""Carries out what a plan says shall go wrong, and keeps count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from random import Random
from typing import get_args

from arb.sim.conn import Conn
from arb.sim.plan import (
    DOOR_KINDS,
    FRAME_KINDS,
    LASTING_KINDS,
    ORDER_KINDS,
    REST_KINDS,
    SOCKET_KINDS,
    FaultPlan,
    FaultRule,
    Injected,
    Kind,
    OrderKind,
    RestFault,
    WordKind,
)
from arb.sim.venue import MS, Label

MOST_INJECTED = 100_000  # faults that are remembered; then the older half is forgotten

Twist = Callable[[str, bytes, bool], bytes]
"""A venue's way to say something as it never did: kind, payload, whether it is a binary frame."""

_TWISTS = frozenset(get_args(WordKind))


class _Active:
    """A rule with its dice and what is left of its schedule."""

    def __init__(self, rule: FaultRule, seed: str) -> None:
        self.rule = rule
        self.rng = Random(seed)
        self.left = sorted(rule.at_ms)
        self.until_ms = -1.0

    def fits(self, venue: str, symbol: str, topic: str) -> bool:
        return self.rule.fits(venue, symbol, topic)

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
        self._by_frame = [a for a in active if a.rule.kind in FRAME_KINDS and not _scheduled(a.rule)]
        self._by_clock = {  # a schedule without a venue holds for each of them
            venue: [
                _Active(rule, f"{plan.seed}:{place}:{venue}")
                for place, rule in enumerate(plan.rules)
                if _scheduled(rule) and rule.venue in ("", venue)
            ]
            for venue in venues
        }
        self._rest = [a for a in active if a.rule.kind in REST_KINDS]
        self._order = [a for a in active if a.rule.kind in ORDER_KINDS]
        self._refuse = [a for a in active if a.rule.kind == "refuse"]
        self._lag = [a for a in active if a.rule.kind == "snapshot_lag"]
        self._full = [a for a in active if a.rule.kind == "full"]
        self._lasting = [rule for rule in plan.rules if rule.kind in LASTING_KINDS]
        self._twists = [rule for rule in self._lasting if rule.kind in _TWISTS]
        self._shut = [rule for rule in self._lasting if rule.kind == "delisting"]
        self._maintenance = [rule for rule in plan.rules if rule.kind == "maintenance" and rule.at_ms]
        self._begun: set[tuple[str, FaultRule, float]] = set()
        self.twisters: dict[str, Twist] = {}  # by venue
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
    def has_jumps(self) -> bool:
        """Whether a venue's clock is not always the machine's."""
        return any(rule.kind == "clock_jump" for rule in self._lasting)

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
        if self._shut and self.lasting("delisting", self._venues[conn], symbol) is not None:
            return []
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
        return [self.twisted(venue, symbol, topic, frame, binary=binary) for frame in out] if self._twists else out

    # -- what lasts -----------------------------------------------------------------------------------------------

    def lasting(self, kind: Kind, venue: str, symbol: str = "", topic: str = "") -> FaultRule | None:
        """The rule of a kind that holds for a while, if one does now. symbol "": of any, since it is not known."""
        now_ms = self._now_ms()
        for rule in self._lasting:
            if rule.kind == kind and rule.holds(now_ms) and rule.fits(venue, symbol or rule.symbol, topic):
                return rule
        return None

    def begun(self, venue: str) -> list[FaultRule]:
        """Those that have begun there since the last call; they are counted by this."""
        now_ms, new = self._now_ms(), []
        for rule in (*self._lasting, *self._maintenance):
            for at_ms in rule.at_ms if rule.venue in ("", venue) else ():
                if at_ms <= now_ms and (venue, rule, at_ms) not in self._begun:
                    self._begun.add((venue, rule, at_ms))
                    self._note(rule.kind, venue, rule.symbol, rule.topic)
                    new.append(rule)
        return new

    def twisted(self, venue: str, symbol: str, topic: str, payload: bytes, *, binary: bool) -> bytes:
        """What is said, in words that nobody has heard of while a rule has it so."""
        now_ms = self._now_ms()
        for rule in self._twists:
            if rule.holds(now_ms) and rule.fits(venue, symbol or rule.symbol, topic or rule.topic):
                payload = self.twisters[venue](rule.kind, payload, binary)
        return payload

    def dressed(self, conn: Conn, payload: bytes) -> bytes:
        """An answer on a socket; it comes under the name that was asked for."""
        spoken = [rule for rule in self._twists if rule.kind != "renamed_channel"]
        return self.twisted(self._venues[conn], "", "", payload, binary=False) if spoken else payload

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
        if self._twists and self.lasting("renamed_channel", venue, symbol, topic) is not None:
            return True
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

    def handshake(self, venue: str, path: str) -> RestFault | None:
        """What happens to a socket that is being opened."""
        rule = self._any([a for a in self._rest if a.rule.kind in DOOR_KINDS], venue, "", path)
        return None if rule is None else RestFault(rule.kind, rule.delay_ms, rule.retry_after_s, rule.code)

    def rest(self, venue: str, symbol: str, path: str, *, signed: bool = True) -> RestFault | None:
        """What happens to one request.

        path: of REST, with its method in front; of a request on the socket, its channel. Only signed ones expire.
        """
        rule = self._any([a for a in self._rest if signed or a.rule.kind != "expired"], venue, symbol, path)
        if rule is None:
            return None
        return RestFault(rule.kind, rule.delay_ms, rule.retry_after_s, rule.code)


def _scheduled(rule: FaultRule) -> bool:
    return rule.kind in SOCKET_KINDS and bool(rule.at_ms)


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
