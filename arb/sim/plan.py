"""Planned misbehaviour as data: a strict plan that can live in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.errors import ConfigError

MOST_BYTES = 1 << 20  # of a plan

FrameKind = Literal["drop", "duplicate", "reorder", "delay", "garble", "close", "stall"]
RestKind = Literal[
    "slow_rest", "rate_limit", "server_error", "expired", "lost_request", "lost_answer", "error_after", "late_answer",
    "ban", "maintenance", "html",
]  # fmt: skip
OrderKind = Literal["partial_cancel", "fill_on_cancel", "lookup_lag"]
RoadKind = Literal["half_open", "slow", "refuse_connection", "tls_failure", "dns_failure"]
WordKind = Literal["unknown_fields", "new_enum", "renamed_channel"]
TurnKind = Literal["sequence_reset", "clock_jump", "delisting", "fee_change", "precision_change"]
Kind = Literal[
    FrameKind, RestKind, OrderKind, RoadKind, WordKind, TurnKind, "upgrade", "full", "refuse", "snapshot_lag",
    "listen_key",
]  # fmt: skip

FRAME_KINDS = frozenset(get_args(FrameKind))
ORDER_KINDS = frozenset(get_args(OrderKind))
AFTER_KINDS = frozenset({"lost_answer", "error_after", "late_answer"})
REST_KINDS = frozenset(get_args(RestKind))
SOCKET_KINDS = frozenset({"close", "stall", "upgrade", "listen_key"})
ROAD_KINDS = frozenset(get_args(RoadKind))
DOOR_KINDS = frozenset({"ban", "maintenance", "html"})  # they turn away handshakes too
LASTING_KINDS = ROAD_KINDS | frozenset((*get_args(WordKind), *get_args(TurnKind)))
CLOCK_KINDS = LASTING_KINDS | frozenset({"upgrade", "listen_key"})  # nothing of these goes by chance

_STATUS = {"html": 200}


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
            ban (418, retry_after_s), maintenance (in the venue's own words), html (a page with status, 200 if none is
            given): the same, and handshakes of sockets are turned away like it. Maintenance by at_ms closes the
            sockets that stand
            lost_answer, error_after (status), late_answer (delay_ms): a request that is acted on, then the answer is
            missing, says that the server is in trouble, or comes late, after every push
            partial_cancel: an order is filled in part on arrival, and the venue cancels the rest
            fill_on_cancel: an order is filled, now wholly, now half, while its cancel is on the way
            lookup_lag: queries do not know a new order for delay_ms
            listen_key: every listen key expires at once (by at_ms)

            These hold from at_ms on for duration_ms (0: to the end), of a whole venue:
            half_open: every connection stays, old and new, and nothing is answered on it any more, no farewell either
            slow: what the venue says trickles in at bytes_s
            refuse_connection: the port is closed, and what stood is cut
            tls_failure: new connections meet a certificate that nobody trusts; the venue is served over TLS then, and
            the first line of `arb sim` tells the ca_file that SSL_CERT_FILE must name
            dns_failure: the venue's name is not found; only where the client resolves names through the simulation,
            which `arb sim` cannot make it do

            and these of a symbol or topic, or of all:
            unknown_fields: every object and message has a field that nobody has heard of
            new_enum: states of orders and markets have words, or numbers, that nobody has heard of
            renamed_channel: what is pushed comes under another channel, and the old name cannot be subscribed to
            clock_jump: the venue's clock is off by shift_ms
            delisting: the market closes: nothing is pushed, orders are refused, the market list says so
            fee_change: taking costs `fee`, a fraction.  precision_change: the quantity of an order may have `decimals`
            digits fewer
            sequence_reset: books count from the beginning again (by at_ms, nothing lasts)
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
    status: int = 0
    bytes_s: float = 400.0
    shift_ms: float = 60_000.0
    fee: float = 0.004
    decimals: int = 1

    @property
    def code(self) -> int:
        """The HTTP status of an answer that goes by `status`."""
        return self.status or _STATUS.get(self.kind, 503)

    def holds(self, now_ms: float) -> bool:
        """Of a kind that lasts: whether it does now."""
        return any(at <= now_ms and (not self.duration_ms or now_ms < at + self.duration_ms) for at in self.at_ms)

    def fits(self, venue: str, symbol: str, topic: str) -> bool:
        return (
            (not self.venue or self.venue == venue)
            and (not self.symbol or self.symbol == symbol)
            and (not self.topic or self.topic in topic)
        )


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
            if rule.kind in CLOCK_KINDS and not rule.at_ms:
                raise ValueError(f"rule {place}: {rule.kind} goes by at_ms")
            if rule.kind == "slow" and rule.bytes_s <= 0:
                raise ValueError(f"rule {place}: bytes_s must be above 0")

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

    def of(self, venue: str, kinds: frozenset[str]) -> tuple[FaultRule, ...]:
        """The rules of these kinds that may strike there."""
        return tuple(rule for rule in self.rules if rule.kind in kinds and rule.venue in ("", venue))


class Injected(NamedTuple):
    """One fault that was carried out. at_ms: sim time.   symbol: "" where a whole socket or venue was hit."""

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
        return self.kind in AFTER_KINDS
