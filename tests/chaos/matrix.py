"""The matrix of what networks and venues do: how it shows, within what time, what the engine does, and how it ends.

Data. Every fault strikes both venues; the limits are those of the slowest book, venue and injection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from arb.domain import SubscriptionRefused
from arb.sim import FaultRule

VENUES = ("mexc", "gateio")
THROUGH_CCXT = {  # beside the native paths
    "keys": False, "depth": "full", "venues": {"mexc": {"fastpath": False}, "gateio": {"fastpath": False}},
}  # fmt: skip
AT = 16_500.0  # by then every book has a pace
STEP_MS = 10.0  # what the market moves by
TICK_MS = 50.0  # how often the engine looks at silence
REDIAL_MS = 250.0  # the longest first wait before a connection is dialled anew
DEAD_MS = 8_000.0 + 3_000.0  # nothing heard for so long, a ping of ours included: the connection is cut
ALL: Mapping[str, Any] = {}
SEEDED = {  # books that begin with a REST answer, at both venues
    "depth": "full", "duration_s": 30.0, "venues": {"gateio": {"feed": "spot.order_book_update@100ms"}},
}  # fmt: skip


class State(NamedTuple):
    """Every active book in scope is not LIVE any more."""


class Count(NamedTuple):
    """A counter of the venue goes up."""

    name: str


class Line(NamedTuple):
    """A person can read it: one of these is in a line of the log that names the venue."""

    words: tuple[str, ...]


class Told(NamedTuple):
    """A fact about the venue."""

    kind: type


class Nothing(NamedTuple):
    """It must not be noticed: no book is lost, no error counted."""


Sign = State | Count | Line | Told | Nothing


class Fault(NamedTuple):
    """rules: of each venue.   ends_ms: after its beginning; 0: it is over at once.

    within_ms: until it shows.   back_ms: after its end, until every active book in scope is LIVE again for good; None:
    none may ever be lost.   does: what the engine does about it.   plan: of the run.   short: in `make test` too.
    """

    where: str
    rules: tuple[Mapping[str, Any], ...]
    sign: Sign
    within_ms: float | None
    back_ms: float | None
    does: str
    ends_ms: float = 0.0
    plan: Mapping[str, Any] = ALL
    symbol: str = ""
    venues: tuple[str, ...] = VENUES
    short: bool = False
    lasts: bool = False  # to the end: the books in scope need not come back

    def faults(self) -> tuple[FaultRule, ...]:
        return tuple(
            FaultRule(**({"at_ms": (AT,), "symbol": self.symbol} | dict(rule) | {"venue": venue}))
            for venue in self.venues
            for rule in self.rules
        )


def lasting(kind: str, for_ms: float, **more: Any) -> Mapping[str, Any]:
    return {"kind": kind, "duration_ms": for_ms, **more}


BTC = "BTC/USDT"
MATRIX: Mapping[str, Fault] = {
    # -- network
    "drop": Fault(
        "network", ({"kind": "drop"},), Count("gaps"), 300, 500,
        "the next message shows the hole: GAP, fetched anew", plan={"depth": "full"}, symbol=BTC,
    ),
    "duplicate": Fault(
        "network", ({"kind": "duplicate"},), Count("repeats"), 300, None, "dropped, counted", plan={"depth": "full"},
        symbol=BTC,
    ),
    "reorder": Fault(
        "network", ({"kind": "reorder"},), Count("gaps"), 300, 500, "a hole like any other", plan={"depth": "full"},
        symbol=BTC,
    ),
    "close": Fault(
        "network", ({"kind": "close", "symbol": ""},), State(), 2 * STEP_MS, 500,
        "DOWN at once, dialled anew within 250 ms", short=True,
    ),
    "stall of one topic": Fault(
        "network", (lasting("stall", 4_000),), State(), 1_000, 500, "STALE by the book's own pace", ends_ms=4_000,
        symbol=BTC, short=True,
    ),
    "stall of whole sockets": Fault(
        "network", (lasting("stall", 60_000, scope="socket"),), State(), 1_000, DEAD_MS + REDIAL_MS + 250,
        "STALE; a ping goes unanswered, the connection is cut and dialled anew", plan={"duration_s": 36.0},
    ),
    "half-open": Fault(
        "network", (lasting("half_open", 4_000),), State(), 1_000, DEAD_MS + REDIAL_MS + 250,
        "the same, for every connection of the venue, HTTP's too", ends_ms=4_000, plan={"duration_s": 40.0},
    ),
    "slow": Fault(
        "network", (lasting("slow", 4_000, bytes_s=300),), State(), 1_000, DEAD_MS + REDIAL_MS + 250,
        "frames come too seldom for any pace: STALE", ends_ms=4_000, plan={"duration_s": 40.0},
    ),
    "connections refused": Fault(
        "network", (lasting("refuse_connection", 3_000),), State(), 2 * STEP_MS, 9_500,
        "DOWN; dialled ever slower, for ever", ends_ms=3_000, plan={"duration_s": 30.0},
    ),
    "TLS failure": Fault(
        "network", (lasting("tls_failure", 3_000),), Line(("CERTIFICATE_VERIFY_FAILED",)), 600, 9_500,
        "never spoken to; dialled ever slower", ends_ms=3_000, plan={"duration_s": 30.0},
    ),
    "DNS failure": Fault(
        "network", (lasting("dns_failure", 3_000), {"kind": "close", "symbol": ""}), Line(("name resolution",)), 600,
        9_500, "the connection that stands is not touched; one that was lost is dialled ever slower", ends_ms=3_000,
        plan={"duration_s": 30.0},
    ),
    # -- venue
    "maintenance": Fault(
        "venue", (lasting("maintenance", 3_000),), Line(("maintenance",)), 600, 9_500,
        "DOWN; the venue's own words in the log, dialled ever slower", ends_ms=3_000, plan={"duration_s": 30.0},
    ),
    "429": Fault(
        "venue", (lasting("rate_limit", 3_000, retry_after_s=2), {"kind": "drop", "symbol": BTC}),
        Line(("Too Many Requests", "TOO_MANY_REQUESTS")), 600, 2_500,
        "every call of the venue waits for as long as it asked", ends_ms=3_000, plan=SEEDED,
    ),
    "418": Fault(
        "venue", (lasting("ban", 3_000, retry_after_s=5), {"kind": "drop", "symbol": BTC}), Line(("HTTP 418",)), 600,
        5_500, "not one call before the ban is over", ends_ms=3_000,
        plan=SEEDED, short=True,
    ),
    "5xx": Fault(
        "venue", (lasting("server_error", 3_000), {"kind": "drop", "symbol": BTC}), Line(("503",)), 600, 5_000,
        "asked again, ever slower; the breaker opens", ends_ms=3_000,
        plan=SEEDED,
    ),
    "HTML instead of JSON": Fault(
        "venue", (lasting("html", 3_000), {"kind": "drop", "symbol": BTC}), Line(("html",)), 600, 5_000,
        "one clear line; asked again, ever slower", ends_ms=3_000,
        plan=SEEDED,
    ),
    "unknown fields": Fault(
        "venue", (lasting("unknown_fields", 5_000),), Nothing(), None, None, "read as if they were not there",
        ends_ms=5_000,
    ),
    "new enum values": Fault(
        "venue", (lasting("new_enum", 5_000),), Nothing(), None, None,
        "of no concern to books; orders and markets: see the rows below", ends_ms=5_000,
    ),
    "renamed channel": Fault(
        "venue", (lasting("renamed_channel", 4_000, topic="depth"), lasting("renamed_channel", 4_000, topic="spot.")),
        State(), 1_000, 500, "what nobody knows is no book: STALE", ends_ms=4_000,
    ),
    "renamed channel, new connection": Fault(
        "venue",
        (
            lasting("renamed_channel", 4_000, topic="depth"), lasting("renamed_channel", 4_000, topic="spot."),
            {"kind": "close", "symbol": ""},
        ),
        Told(SubscriptionRefused), 600, 130_000, "the refusal is told; asked for again after a minute", ends_ms=4_000,
        plan={"duration_s": 94.0, "symbols": 3},
    ),
    "sequence reset": Fault(
        "venue", ({"kind": "sequence_reset"},), State(), 1_000, 1_500,
        "ids from the past: STALE, then fetched anew", plan={"depth": "full"}, short=True,
    ),
    "sequence reset of whole frames": Fault(
        "venue", ({"kind": "sequence_reset"},), Nothing(), None, None,
        "one older frame may have been overtaken, two in a row are the truth", venues=("mexc",),
    ),
    "clock jump": Fault(
        "venue", (lasting("clock_jump", 5_000, shift_ms=-3_600_000),), Nothing(), None, None,
        "ages are by our own clock", ends_ms=5_000,
    ),
    "delisting in flight": Fault(
        "venue", ({"kind": "delisting", "symbol": BTC},), State(), 1_000, None,
        "silent like a stalled topic; the market list closes it", symbol=BTC, lasts=True,
    ),
    # -- through ccxt, which notices less: nothing false may come of it
    "close, through ccxt": Fault(
        "network", ({"kind": "close", "symbol": ""},), State(), 1_000, 3_000, "DOWN; a new client is made",
        plan=THROUGH_CCXT,
    ),
    "half-open, through ccxt": Fault(
        "network", (lasting("half_open", 4_000),), State(), 1_000, 45_000,
        "STALE; a socket on which nothing is heard for 30 to 45 s is given up", ends_ms=4_000,
        plan={**THROUGH_CCXT, "duration_s": 75.0, "scan": {"audit_s": 0}},
    ),
    "maintenance, through ccxt": Fault(
        "venue", (lasting("maintenance", 3_000),), State(), 1_000, 8_000, "DOWN; dialled ever slower", ends_ms=3_000,
        plan={**THROUGH_CCXT, "duration_s": 34.0},
    ),
    "unknown fields, through ccxt": Fault(
        "venue", (lasting("unknown_fields", 5_000),), Nothing(), None, None, "read as if they were not there",
        ends_ms=5_000, plan=THROUGH_CCXT,
    ),
}  # fmt: skip
