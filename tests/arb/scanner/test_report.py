"""The evidence: stable ids, and a reason that is the first failing check's."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arb.domain import Coin, Reason, Trust
from tests.arb.scanner.world import FEED, SYMBOL, A, B, World, fee, market, network, statics

pytestmark = pytest.mark.usefixtures("form")

IDS = (
    "tradable", "identity", "transfer", "book.buy", "book.sell", "age", "skew", "fee", "gross", "net", "size",
    "min_edge",
)  # fmt: skip


def first_failing(found):
    for check in found.checks:
        if check.reason not in (Reason.OK, Reason.UNKNOWN):
            return check.reason
    return Reason.UNKNOWN if any(check.ok is None for check in found.checks) else Reason.OK


def make(known=None, prices=(103.0, 100.0), **changes):
    world = World(known, show_rejected=True, **changes)
    (found,) = world.gap(*prices)
    return found


BARE = (market(A, contract=""), market(B, contract=""))

SITUATIONS = [
    pytest.param({}, "OK", {}, id="all is well"),
    pytest.param({"known": replace(statics(), networks=())}, "UNKNOWN", {"transfer": None}, id="something unknown"),
    pytest.param(
        {"known": replace(statics(), markets=(market(A, buyable=False), market(B)))},
        "NOT_TRADABLE",
        {"tradable": False},
        id="closed",
    ),
    pytest.param({"different": frozenset({"AAA"})}, "IDENTITY_MISMATCH", {"identity": False}, id="another coin"),
    pytest.param({"max_price_ratio": 1.01}, "PRICE_RATIO", {"identity": False}, id="quarantined"),
    pytest.param(
        {"different": frozenset({"AAA"}), "max_price_ratio": 1.01},
        "IDENTITY_MISMATCH",
        {"identity": False},
        id="another coin whose price is far off too",
    ),
    pytest.param(
        {"known": replace(statics(), markets=BARE, networks=()), "may_be_unknown": frozenset({"transfer"})},
        "IDENTITY_UNKNOWN",
        {"identity": None, "transfer": None},
        id="an identity that must be known",
    ),
    pytest.param(
        {"known": replace(statics(), markets=BARE, networks=()), "may_be_unknown": frozenset({"identity"})},
        "TRANSFER_UNKNOWN",
        {"identity": None, "transfer": None},
        id="a transfer that must be known",
    ),
    pytest.param(
        {"known": replace(statics(), networks=(network(A), network(B, deposit=False)))},
        "NO_COMMON_NETWORK",
        {"transfer": False},
        id="no way over",
    ),
    pytest.param(
        {"known": replace(statics(), fees=(fee(A),))},
        "NO_FEE",
        {"fee": False, "net": None, "size": None, "min_edge": None},
        id="no fee",
    ),
    pytest.param(
        {"prices": (100.1, 100.0)}, "NO_NET_EDGE", {"net": False, "size": None, "min_edge": None}, id="eaten by fees"
    ),
    pytest.param(
        {"sizes": {Coin("BTC"): Decimal(1)}}, "NO_SIZE", {"size": False, "min_edge": None}, id="no size"
    ),
    pytest.param(
        {"sizes": {Coin("USDT"): Decimal(1)}}, "BELOW_MINIMUM", {"size": False, "min_edge": None}, id="too small a size"
    ),
    pytest.param({"min_edge_bps": Decimal(999)}, "BELOW_MIN_EDGE", {"min_edge": False}, id="less than asked for"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "reason", "not_true"), SITUATIONS)
def test_checks(situation, reason, not_true):
    found = make(**situation)
    assert tuple(check.id for check in found.checks) == IDS
    assert {check.id: check.ok for check in found.checks if check.ok is not True} == not_true
    assert found.reason.name == reason
    assert first_failing(found) is found.reason
    assert all(check.why for check in found.checks)


def stale(world):
    world.wait(1001)
    world.hear(B, 103.0, 104.0)


def skewed(world):
    world.wait(401)
    world.hear(B, 103.0, 104.0)


UNREAD = {"gross": None, "net": None, "size": None, "min_edge": None}


@pytest.mark.parametrize(
    ("happens", "not_true"),
    [
        pytest.param(lambda w: w.lose(A), {"book.buy": False, **UNREAD}, id="the buyer's book is lost"),
        pytest.param(lambda w: w.lose(B), {"book.sell": False, **UNREAD}, id="the seller's book is lost"),
        pytest.param(stale, {"age": False, "skew": False, **UNREAD}, id="too old"),
        pytest.param(skewed, {"skew": False, **UNREAD}, id="of two moments"),
        pytest.param(
            lambda w: w.gap(bid=99.0),
            {"gross": False, "net": None, "size": None, "min_edge": None},
            id="the gap is gone",
        ),
        pytest.param(
            lambda w: w.hear(A, 99.0, 0.0), {"gross": False, "net": None, "size": None, "min_edge": None}, id="sold out"
        ),
    ],
)
def test_checks_of_a_close(happens, not_true):
    world = World()
    world.gap()
    happens(world)
    world.decide()
    closed = world.events[-1]
    assert {check.id: check.ok for check in closed.checks if check.ok is not True} == not_true
    assert first_failing(closed) is closed.reason


def test_low_trust_is_a_matter_of_the_book():
    world = World(feeds={A: replace(FEED, trust=Trust.CHAINED)}, min_trust=Trust.CHAINED)
    world.gap()
    for route in world.scanner._couples[0].routes:
        assert route.reason is Reason.LOW_TRUST


def test_the_evidence_in_words():
    world = World(sizes={Coin("USDT"): Decimal(500)})
    world.hear(A, 99.0, 100.0, 2.5)
    world.wait(12)
    world.hear(B, 103.0, 104.0, 2.5)
    (found,) = world.decide()
    assert {check.id: check.why for check in found.checks} == {
        "tradable": "a is open to buys, b to sales",
        "identity": "same contract 0xAAA on ERC20",
        "transfer": "ERC20 open from a to b",
        "book.buy": "a LIVE seq 1, whole",
        "book.sell": "b LIVE seq 2, whole",
        "age": "a 12 ms, b 0 ms; at most 1000 ms",
        "skew": "12 ms, at most 400 ms",
        "fee": "a takes 0.001 in quote (market), b takes 0.001 in quote (market)",
        "gross": "bid 103 at b, ask 100 at a",
        "net": "279.4206 bps after fees, 6.9925 USDT",
        "size": "2.5 AAA for 250.25 USDT",
        "min_edge": "279.4206 bps, 0 asked for",
    }
    assert (found.buy.fee_rate, found.buy.fee_source) == (Decimal("0.001"), fee(A, SYMBOL).source)
