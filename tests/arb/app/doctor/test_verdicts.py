"""From what was measured to what it means: every limit, from both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.app.doctor import verdicts
from arb.app.doctor.verdicts import DAY_NS, MS, Reach, Sample
from arb.domain import FeeSchedule, FeeSource, Symbol, VenueId
from arb.interfaces import KeyRights
from arb.rows import DoctorRow, Health

NOW = 1_700_000_000 * 10**9
OK, UNKNOWN, WARN, FAIL = Health.OK, Health.UNKNOWN, Health.WARN, Health.FAIL


def sample(took_ms: float, ahead_ms: float = 0.0) -> Sample:
    took_ns = round(took_ms * MS)
    return Sample(NOW, NOW + took_ns // 2 + round(ahead_ms * MS), NOW + took_ns, took_ns)


def test_a_round_trip_is_the_median_of_several() -> None:
    samples = [sample(took) for took in (10, 400, 20)]
    row = verdicts.network("mexc", Reach("api.mexc.com", 2, 1.25, 8.0), samples)
    assert row.health is OK
    assert "DNS 1.2 ms (2 addresses), connect 8.0 ms, request p50 20.0 ms (3 on one connection)" in row.found
    assert verdicts.network("mexc", Reach("h", 1, 1, 1), [sample(251)]).health is WARN


@pytest.mark.parametrize(("took_ms", "health"), [(400, OK), (600, FAIL)])
def test_a_clock_is_known_to_half_the_quickest_answer(took_ms: float, health: Health) -> None:
    row = verdicts.clock("mexc", [sample(3_000, 900), sample(took_ms, -70)], most_error_ms=250)
    assert row.health is health
    assert f"-70.0 ms from ours, known to {took_ms / 2:.1f} ms" in row.found


@pytest.mark.parametrize(
    ("aheads", "health", "ours"),
    [
        pytest.param((10, -10), OK, "+0.0", id="the venues agree with us"),
        pytest.param((400, 420, 410), WARN, "-410.0", id="they agree with each other: it is us"),
        pytest.param((0, 5_000, 1), OK, "-1.0", id="one of them is wrong: not us"),
    ],
)
def test_our_own_clock(aheads: tuple[float, ...], health: Health, ours: str) -> None:
    (row,) = verdicts.own_clock({str(ahead): [sample(10, ahead)] for ahead in aheads})
    assert row.health is health
    assert f"{ours} ms from what {len(aheads)} venues say" in row.found.replace("-0.0", "+0.0")


def test_nobody_to_ask_says_nothing_of_our_clock() -> None:
    assert list(verdicts.own_clock({"mexc": ()})) == []


def health_of(rows: list[DoctorRow], word: str) -> Health:
    return next(row.health for row in rows if word in row.found)


@pytest.mark.parametrize(
    ("told", "word", "health"),
    [
        pytest.param(KeyRights(withdraw=True), "WITHDRAW", FAIL, id="a key that can withdraw is refused"),
        pytest.param(KeyRights(withdraw=False), "may not withdraw", OK, id="one that cannot is right"),
        pytest.param(KeyRights(), "does not tell whether the key may withdraw", UNKNOWN, id="nobody tells"),
        pytest.param(KeyRights(trade=True), "may trade", OK, id="it may trade"),
        pytest.param(KeyRights(trade=False), "may not trade", FAIL, id="it may not trade"),
        pytest.param(KeyRights(ip_locked=True), "named addresses only", OK, id="addresses"),
        pytest.param(KeyRights(ip_locked=False), "from anywhere", WARN, id="no addresses"),
        pytest.param(KeyRights(), "from where the key works", UNKNOWN, id="addresses untold"),
        pytest.param(KeyRights(expires_ns=0), "does not end by itself", OK, id="no end"),
        pytest.param(KeyRights(expires_ns=NOW + 15 * DAY_NS), "ends in 15 days", OK, id="far end"),
        pytest.param(KeyRights(expires_ns=NOW + 13 * DAY_NS), "ends in 13.0 days", WARN, id="near end"),
        pytest.param(KeyRights(expires_ns=NOW - DAY_NS), "ended 1.0 days ago", FAIL, id="over"),
        pytest.param(KeyRights(notes=("locked",)), "locked", WARN, id="notes"),
    ],
)
def test_rights(told: KeyRights, word: str, health: Health) -> None:
    assert health_of(list(verdicts.rights("mexc", told, NOW, live=True)), word) is health


def test_without_live_a_key_that_cannot_trade_is_enough() -> None:
    assert health_of(list(verdicts.rights("mexc", KeyRights(trade=False), NOW, live=False)), "may not trade") is WARN
    assert verdicts.no_key("mexc", ("K", "S"), live=False).health is OK
    assert verdicts.no_key("mexc", ("K", "S"), live=True).cure.startswith("set K and S")


@pytest.mark.parametrize(
    ("source", "health"),
    [(FeeSource.ACCOUNT, OK), (FeeSource.OVERRIDE, OK), (FeeSource.MARKET, WARN), (None, UNKNOWN)],
)
def test_fees(source: FeeSource | None, health: Health) -> None:
    fee = None
    if source is not None:
        rate = Decimal("0.001")
        fee = FeeSchedule(VenueId("mexc"), Symbol("A/B"), rate, rate, source)
    assert verdicts.fees("mexc", fee, signed=True).health is health


@pytest.mark.parametrize(("after_s", "health"), [(0.5, OK), (6.0, WARN), (None, FAIL)])
def test_first_book(after_s: float | None, health: Health) -> None:
    assert verdicts.first_book("mexc", "A/B", after_s, 15.0).health is health


@pytest.mark.parametrize(("free", "health"), [(2 << 30, OK), (500 << 20, WARN), (50 << 20, FAIL)])
def test_free_space(free: int, health: Health) -> None:
    assert verdicts.free_space(free, "/x").health is health
