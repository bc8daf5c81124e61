"""Which facts are news to a person, how they read, and how each service wants to hear them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.alert_sinks import MOST_TEXT, Line, slack_body, telegram_body, told, webhook_body
from adapters.alert_words import Alert, alert_of
from arb.domain import (
    BreakerMoved,
    BreakerState,
    CycleClosed,
    CycleEnd,
    CycleId,
    DataPath,
    Leg,
    Mismatch,
    Mover,
    OppEvent,
    Opportunity,
    Part,
    PathMoved,
    Reason,
    RiskMoved,
    RiskState,
    Stopped,
    Symbol,
    Unwritten,
    VenueId,
)

D = Decimal
A, B = VenueId("a"), VenueId("b")
SYMBOL = Symbol("AAA/USDT")
CLOSED = CycleClosed(
    CycleId("c1"), SYMBOL, CycleEnd.REPORTED, (), D("0.30"), None, D(-1), D(1), D(0), "the ladder is at its end", 0, 0
)
OPENED = Opportunity(
    "o1", OppEvent.OPEN, "cross_venue", SYMBOL, Leg(A, D(1), D(1), 1, 0, D(0), None),
    Leg(B, D(1), D(1), 1, 0, D(0), None), D("10.0"), D(20), D("12.50"), D("4.20"), None, (), Reason.OK, 0, 0, 0, 0,
)  # fmt: skip


def moved(after: RiskState) -> RiskMoved:
    return RiskMoved(RiskState.ACTIVE, after, "max_naked", "1001 USDT, at most 1000", 0, 0)


def breaker(before: BreakerState, after: BreakerState, why: str = "") -> BreakerMoved:
    return BreakerMoved(A, Part.PRIVATE, before, after, why, 0)


@pytest.mark.parametrize(
    ("fact", "kind", "text"),
    [
        pytest.param(moved(RiskState.HALTED), "halt", "HALTED by max_naked: 1001 USDT, at most 1000", id="a halt"),
        pytest.param(
            moved(RiskState.REDUCING), "limit", "REDUCING by max_naked: 1001 USDT, at most 1000", id="a limit"
        ),
        pytest.param(
            breaker(BreakerState.CLOSED, BreakerState.OPEN, "503"),
            "breaker",
            "a PRIVATE keeps failing and is left alone for a while: 503",
            id="a breaker opens",
        ),
        pytest.param(
            breaker(BreakerState.HALF_OPEN, BreakerState.CLOSED),
            "breaker",
            "a PRIVATE works again",
            id="a breaker closes",
        ),
        pytest.param(
            Stopped("mexc: the key is refused", 0, 0, 0), "halt", "the run ends: mexc: the key is refused", id="an end"
        ),
        pytest.param(
            Unwritten("the disk is full", 0), "halt", "nothing new begins: the disk is full", id="a full disk"
        ),
        pytest.param(
            Stopped("x", 2, 0, 0),
            "halt",
            "the run ends: x; 2 cycles are open, the next start asks the venues for them",
            id="an end with cycles open",
        ),
        pytest.param(
            CLOSED, "residual", "0.3 AAA left of cycle c1 in AAA/USDT: the ladder is at its end", id="a residual"
        ),
        pytest.param(
            Mismatch(A, "USDT", "5", "4", 0), "mismatch", "a, USDT: ours 5, theirs 4", id="a difference with a venue"
        ),
        pytest.param(
            PathMoved(A, DataPath.NATIVE, DataPath.CCXT, Mover.WATCH, "11 gaps", 0, 0),
            "path",
            "the market data of a goes on by ccxt (by watch): 11 gaps",
            id="a path that has moved",
        ),
        pytest.param(
            OPENED, "opportunity", "AAA/USDT from a to b: 12.5 bps, 4.2 USDT with 10 AAA", id="an opportunity"
        ),
    ],
)
def test_news(fact, kind, text):
    alert = alert_of(fact)
    assert alert is not None
    assert (alert.kind, alert.text) == (kind, text)


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(moved(RiskState.ACTIVE), id="trading goes on"),
        pytest.param(replace(CLOSED, end=CycleEnd.FLAT), id="a cycle that ended flat"),
        pytest.param(replace(CLOSED, end=CycleEnd.HEDGED), id="one that ended hedged"),
        pytest.param(replace(OPENED, event=OppEvent.UPDATE), id="an opportunity that changes"),
        pytest.param(replace(OPENED, event=OppEvent.CLOSE), id="one that ends"),
        pytest.param(replace(OPENED, reason=Reason.UNKNOWN), id="one of which something is not known"),
        pytest.param(replace(OPENED, size=None), id="one that nobody can take"),
        pytest.param(breaker(BreakerState.OPEN, BreakerState.HALF_OPEN), id="a breaker lets one call try"),
        pytest.param(breaker(BreakerState.HALF_OPEN, BreakerState.OPEN, "503"), id="and it fails as before"),
        pytest.param("text", id="what is no fact"),
    ],
)
def test_no_news(fact):
    assert alert_of(fact) is None


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(moved(RiskState.HALTED), replace(moved(RiskState.HALTED), why="1002 USDT"), True,
                     id="a limit tripped twice"),
        pytest.param(moved(RiskState.HALTED), moved(RiskState.REDUCING), False, id="another state"),
        pytest.param(CLOSED, replace(CLOSED, cycle=CycleId("c2")), False, id="the residual of another cycle"),
        pytest.param(Mismatch(A, "x", "1", "2", 0), Mismatch(A, "x", "1", "2", 9), True, id="a difference seen again"),
        pytest.param(Mismatch(A, "x", "1", "2", 0), Mismatch(B, "x", "1", "2", 0), False, id="one at another venue"),
        pytest.param(OPENED, replace(OPENED, id="o2", profit=D(5)), True, id="a route that opens again"),
        pytest.param(OPENED, replace(OPENED, buy=OPENED.sell, sell=OPENED.buy), False, id="the way back"),
    ],
)  # fmt: skip
def test_what_counts_as_the_same(first, second, same):
    one, other = alert_of(first), alert_of(second)
    assert isinstance(one, Alert)
    assert isinstance(other, Alert)
    assert (one.key == other.key) is same


LINES = (Line("halt", "a < b & c > d", 1), Line("limit", "x", 3))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            webhook_body(LINES, 2),
            {
                "source": "arb",
                "alerts": [
                    {"kind": "halt", "text": "a < b & c > d", "count": 1},
                    {"kind": "limit", "text": "x", "count": 3},
                ],
                "left_out": 2,
            },
            id="a webhook gets fields",
        ),
        pytest.param(
            slack_body(LINES, 0), {"text": "arb: [halt] a &lt; b &amp; c &gt; d\n[limit] x (3 times)"},
            id="Slack reads entities",
        ),
        pytest.param(
            telegram_body("7", LINES, 1),
            {
                "chat_id": "7",
                "text": "arb: [halt] a < b & c > d\n[limit] x (3 times)\nand 1 more that found no room",
                "link_preview_options": {"is_disabled": True},
            },
            id="Telegram wants a chat",
        ),
    ],
)  # fmt: skip
def test_each_service_in_its_own_words(body: dict[str, Any], expected: dict[str, Any]):
    assert body == expected


def test_no_message_is_longer_than_a_service_takes():
    text = told([Line("halt", "x" * 3_000, 1), Line("limit", "y" * 3_000, 1)], 0)
    assert len(text) == MOST_TEXT
    assert text.endswith("y...")
