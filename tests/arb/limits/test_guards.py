"""What has happened moves the gate, and what ends that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.domain import RiskState
from tests.arb.limits.world import KUCOIN, MEXC, NOON_NS, S, World

ACTIVE, REDUCING, HALTED = RiskState.ACTIVE, RiskState.REDUCING, RiskState.HALTED


def moves(world: World) -> list[tuple[RiskState, str]]:
    return [(move.after, move.limit) for move in world.moves]


# ------------------------------------------------------------------------------------------- naked


def test_more_naked_than_allowed_only_reduces_until_every_leg_is_covered():
    world = World(max_naked=100)
    world.risk.on_fact(world.naked("c", "60"))
    assert world.risk.state is ACTIVE
    world.risk.on_fact(world.naked("d", "40.01"))
    assert world.risk.state is REDUCING
    assert world.refused() == "max_naked"
    world.risk.on_fact(world.naked("d", "0"))
    assert world.risk.state is REDUCING  # below the limit is not covered
    world.risk.on_fact(world.naked("c", "0"))
    assert moves(world) == [(REDUCING, "max_naked"), (ACTIVE, "max_naked")]
    assert world.refused() == ""


def test_as_much_naked_as_allowed_is_allowed():
    world = World(max_naked=100)
    world.risk.on_fact(world.naked("c", "100"))
    assert world.moves == []


def test_what_cycles_have_left_stands_alone_too_and_nets_over_venues():
    world = World(max_naked=100)
    world.risk.on_fact(world.left(MEXC, "BTC", "1.1"))
    assert world.risk.state is REDUCING
    world.risk.on_fact(world.left(KUCOIN, "BTC", "-1"))
    world.risk.on_timer(world.now_ns)
    assert world.risk.state is ACTIVE


def test_a_cycle_that_ends_with_a_rest_does_not_let_go_between_its_end_and_the_ledger():
    world = World(max_naked=100)
    world.risk.on_fact(world.naked("c", "110"))
    world.risk.on_fact(world.closed("c", "0"))
    world.risk.on_fact(world.left(MEXC, "BTC", "1.1"))
    world.risk.on_timer(world.now_ns)
    assert moves(world) == [(REDUCING, "max_naked")]


def test_naked_for_longer_than_allowed_only_reduces():
    world = World(max_naked_s=2)
    world.risk.on_fact(world.naked("c", "1"))
    world.passes(2)
    assert world.risk.state is ACTIVE
    world.passes(0.01)
    assert moves(world) == [(REDUCING, "max_naked_s")]
    world.risk.on_fact(world.naked("c", "0.5", since_ns=world.now_ns))
    assert world.risk.state is REDUCING
    world.risk.on_fact(world.closed("c", "0"))
    world.risk.on_timer(world.now_ns)
    assert world.risk.state is ACTIVE


def test_a_check_between_two_timers_sees_a_leg_that_has_stood_for_too_long():
    world = World(max_naked_s=2, max_book_age_ms=3_600_000)
    world.risk.on_fact(world.naked("c", "1"))
    world.clock.advance(3 * S)
    assert world.refused() == "max_naked_s"


# ------------------------------------------------------------------------------------------- losses


def lose(world: World, *pnls: str) -> None:
    for pnl in pnls:
        world.risk.on_fact(world.closed("c", pnl))


@pytest.mark.parametrize(
    ("pnls", "expected"),
    [
        pytest.param(("-1", "-1"), ACTIVE, id="fewer than allowed"),
        pytest.param(("-1", "-1", "-1"), REDUCING, id="as many as the limit says"),
        pytest.param(("-1", "-1", "1", "-1"), ACTIVE, id="a profit ends the row"),
        pytest.param(("-1", "-1", "0", "-1"), REDUCING, id="a cycle that moved nothing does not"),
    ],
)
def test_losses_in_a_row(pnls, expected):
    world = World(max_losses=3)
    lose(world, *pnls)
    assert world.risk.state is expected


def test_a_cool_down_ends_by_itself_and_one_loss_more_begins_another():
    world = World(max_losses=2, cooldown_s=10)
    lose(world, "-1", "-1")
    world.passes(9.9)
    assert world.refused() == "max_losses"
    world.passes(0.1)
    assert world.refused() == ""
    lose(world, "-1")
    assert moves(world) == [(REDUCING, "max_losses"), (ACTIVE, "max_losses"), (REDUCING, "max_losses")]


def test_a_loss_during_the_cool_down_makes_it_longer():
    world = World(max_losses=2, cooldown_s=10)
    lose(world, "-1", "-1")
    world.passes(5)
    lose(world, "-1")
    world.passes(6)
    assert world.risk.state is REDUCING
    world.passes(4)
    assert world.risk.state is ACTIVE


def test_more_lost_today_than_allowed_halts_until_a_person_resumes():
    world = World(max_daily_loss=10, max_losses=1_000)
    lose(world, "-20", "15", "-5")
    assert moves(world) == [(HALTED, "max_daily_loss")]
    world.passes(13 * 3_600)  # the next day
    assert world.refused() == "max_daily_loss"
    world.risk.resume("looked at it", world.now_ns)
    assert world.refused() == ""


def test_as_much_lost_as_allowed_is_allowed_and_profits_count():
    world = World(max_daily_loss=10)
    lose(world, "-10", "5", "-5")
    assert world.risk.state is ACTIVE


def test_the_count_begins_anew_at_midnight_utc():
    world = World(max_daily_loss=10)
    lose(world, "-9")
    world.passes(12 * 3_600 - 0.001)
    assert NOON_NS < world.clock.wall_ns() < NOON_NS + 12 * 3_600 * S
    world.passes(0.001)
    lose(world, "-9")
    assert world.risk.state is ACTIVE
    lose(world, "-9")
    assert world.risk.state is HALTED


def test_a_clock_set_back_over_midnight_forgives_nothing():
    world = World(max_daily_loss=10)
    world.clock.set(world.now_ns, world.clock.wall_ns() + 24 * 3_600 * S)
    lose(world, "-9")
    world.clock.set(world.now_ns, world.clock.wall_ns() - 24 * 3_600 * S)
    lose(world, "-2")
    assert world.risk.state is HALTED


def test_losses_are_valued_in_the_currency_of_the_limits():
    world = World(max_daily_loss=10)
    world.prices["EUR"] = Decimal("1.1")
    world.risk.on_fact(world.closed("c", "-9", "BTC/EUR"))
    assert world.risk.state is ACTIVE
    world.risk.on_fact(world.closed("c", "-0.1", "BTC/EUR"))
    assert world.risk.state is HALTED


def test_a_loss_in_a_coin_without_a_price_lets_no_plan_pass():
    world = World(max_daily_loss=10)
    world.risk.on_fact(world.closed("c", "-9", "BTC/EUR"))
    assert world.refused() == "currency"
