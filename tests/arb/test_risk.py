"""The gate: what its states permit, who moves them, what a restart knows, and that nobody goes around it."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from arb.domain import Purpose, Refused, RiskMoved, RiskState
from arb.risk import Approved
from tests.arb.limits.world import S, World
from tests.plans import a_plan, approved

ACTIVE, REDUCING, HALTED = RiskState.ACTIVE, RiskState.REDUCING, RiskState.HALTED


class Shape(msgspec.Struct, frozen=True, gc=False):
    plan: object


def packed(real):
    return msgspec.msgpack.encode(real)


def subclass(real):
    class Mine(Approved, frozen=True, gc=False):
        def __post_init__(self):
            pass

    return Mine(real.plan)


def relabelled(real):
    fake = Shape(real.plan)
    object.__setattr__(fake, "__class__", Approved)
    return fake


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda real: Approved(real.plan), id="by its constructor"),
        pytest.param(lambda real: Approved(plan=real.plan), id="by its constructor, by name"),
        pytest.param(lambda real: Approved.__new__(Approved), id="by its allocator"),
        pytest.param(lambda real: object.__new__(Approved), id="by the allocator of all"),
        pytest.param(lambda real: msgspec.structs.replace(real), id="by replacing nothing"),
        pytest.param(lambda real: msgspec.structs.replace(real, plan=a_plan()), id="by replacing the plan"),
        pytest.param(lambda real: msgspec.convert({"plan": msgspec.to_builtins(real.plan)}, Approved), id="by convert"),
        pytest.param(lambda real: msgspec.convert(Shape(real.plan), Approved, from_attributes=True), id="by shape"),
        pytest.param(lambda real: msgspec.json.decode(msgspec.json.encode(real), type=Approved), id="from JSON"),
        pytest.param(lambda real: msgspec.msgpack.decode(packed(real), type=Approved), id="msgpack"),
        pytest.param(lambda real: copy.copy(real), id="by copy"),
        pytest.param(lambda real: copy.deepcopy(real), id="by deepcopy"),
        pytest.param(lambda real: pickle.loads(pickle.dumps(real)), id="by pickle"),
        pytest.param(lambda real: type(real)(real.plan), id="by the type of a real one"),
        pytest.param(subclass, id="by a subclass without the check"),
        pytest.param(lambda real: msgspec.defstruct("Mine", [], bases=(Approved,)), id="by a late subclass"),
        pytest.param(relabelled, id="by another object with its class"),
    ],
)  # fmt: skip
def test_an_approval_cannot_be_made_outside(forge):
    real = approved(a_plan())
    with pytest.raises((TypeError, AttributeError, msgspec.ValidationError)):
        forge(real)


def test_an_approval_cannot_be_given_another_plan():
    real = approved(a_plan())
    with pytest.raises(AttributeError):
        real.plan = a_plan(qty="9")
    assert real.plan == a_plan()


def test_an_approval_is_of_the_very_plan_that_was_judged():
    world = World()
    plan = world.plan()
    verdict = world.risk.check(plan, world.now_ns)
    assert isinstance(verdict, Approved)
    assert verdict.plan is plan


def test_a_refusal_carries_the_intent_the_limit_and_the_moment():
    world = World(max_trade=1)
    plan = world.plan()
    refused = world.risk.check(plan, world.now_ns)
    assert isinstance(refused, Refused)
    assert (refused.intent, refused.limit, refused.at_ns) == (plan.intent, "max_trade", world.now_ns)


# ------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("by", "state", "permitted"),
    [
        pytest.param("nobody", ACTIVE, set(Purpose), id="ACTIVE lets everything leave"),
        pytest.param("naked", REDUCING, set(Purpose) - {Purpose.ENTRY}, id="REDUCING lets nothing new begin"),
        pytest.param("loss", HALTED, set(Purpose) - {Purpose.ENTRY}, id="halted by a limit: naked legs are hedged"),
        pytest.param("person", HALTED, {Purpose.FLATTEN}, id="halted by a person: only what a person asks for"),
    ],
)
def test_permits(by, state, permitted):
    world = World(max_naked=1, max_daily_loss=1)
    if by == "naked":
        world.risk.on_fact(world.naked("c", "2"))
    elif by == "loss":
        world.risk.on_fact(world.closed("c", "-2"))
    elif by == "person":
        world.risk.on_fact(world.closed("c", "-2"))
        world.risk.halt("me", world.now_ns)
    assert world.risk.state is state
    assert {purpose for purpose in Purpose if world.risk.permits(purpose)} == permitted


def test_a_person_halts_and_resumes():
    world = World()
    world.risk.halt("lunch", world.now_ns)
    assert (world.refused(), world.why()) == ("halt", "HALTED: lunch")
    assert dict(world.risk.why) == {"halt": "lunch"}
    world.risk.resume("back", world.now_ns)
    assert world.refused() == ""
    wall_ns = world.clock.wall_ns()
    assert world.moves == [
        RiskMoved(ACTIVE, HALTED, "halt", "lunch", world.now_ns, wall_ns),
        RiskMoved(HALTED, ACTIVE, "resume", "back", world.now_ns, wall_ns),
    ]


def test_resuming_does_not_cover_a_leg_that_stands_alone():
    world = World(max_naked=1)
    world.risk.on_fact(world.naked("c", "2"))
    world.risk.halt("me", world.now_ns)
    world.risk.resume("me", world.now_ns)
    assert world.risk.state is REDUCING
    assert world.moves[-1].after is REDUCING


def test_resuming_counts_losses_anew():
    world = World(max_daily_loss=10, max_losses=2)
    for pnl in ("-5", "-6"):
        world.risk.on_fact(world.closed("c", pnl))
    world.risk.resume("me", world.now_ns)
    world.risk.on_fact(world.closed("c", "-10"))
    assert world.risk.state is ACTIVE


def test_a_limit_tripped_beneath_a_halt_is_no_news_but_stands():
    world = World(max_naked=1)
    world.risk.halt("me", world.now_ns)
    world.risk.on_fact(world.naked("c", "2"))
    assert [move.limit for move in world.moves] == ["halt"]
    assert set(world.risk.why) == {"halt", "max_naked"}


def test_a_second_limit_tripped_at_the_same_level_is_told():
    world = World(max_naked=1, max_losses=1)
    world.risk.on_fact(world.naked("c", "2"))
    world.risk.on_fact(world.closed("d", "-1"))
    assert [(move.before, move.after, move.limit) for move in world.moves] == [
        (ACTIVE, REDUCING, "max_naked"),
        (REDUCING, REDUCING, "max_losses"),
    ]


def test_a_loss_limit_tripped_beneath_a_persons_halt_is_no_news_but_stands():
    world = World(max_daily_loss=1)
    world.risk.halt("me", world.now_ns)
    world.risk.on_fact(world.closed("c", "-2"))
    assert [move.limit for move in world.moves] == ["halt"]
    assert set(world.risk.why) == {"halt", "max_daily_loss"}


# ------------------------------------------------------------------------------------------- restart


def restarted(world: World, *facts: object, after_s: float = 0, boot: bool = False, **limits: object) -> World:
    """The same world with a new gate that has read `facts`; boot: our monotonic clock began anew meanwhile."""
    world.clock.set(5 * S if boot else world.now_ns + round(after_s * S), world.clock.wall_ns() + round(after_s * S))
    world.moves.clear()
    for (venue, _), book in list(world.books.items()):
        world.show(venue, book.held().best_bid, book.held().best_ask)
    world.risk = world.gate(**limits)
    world.risk.restore(facts, world.now_ns)
    return world


def test_a_halt_survives_a_restart():
    world = World()
    world.risk.halt("me", world.now_ns)
    halted = world.moves[0]
    assert restarted(world, halted).refused() == "halt"
    world.risk.resume("me", world.now_ns)
    resumed = world.moves[-1]
    assert restarted(world, halted, resumed).refused() == ""


def test_a_persons_halt_is_not_taken_for_that_of_a_limit_after_a_restart():
    world = World(max_daily_loss=1)
    world.risk.halt("me", world.now_ns)
    closed = world.closed("c", "-2")
    world.risk.on_fact(closed)
    restarted(world, *world.moves, closed, max_daily_loss=1)
    assert {purpose for purpose in Purpose if world.risk.permits(purpose)} == {Purpose.FLATTEN}


def test_a_halt_for_a_loss_survives_midnight_and_a_restart():
    world = World(max_daily_loss=10)
    closed = world.closed("c", "-11")
    world.risk.on_fact(closed)
    moved = world.moves[0]
    assert restarted(world, closed, moved, after_s=86_400, max_daily_loss=10).refused() == "max_daily_loss"
    assert world.moves == []  # nothing has changed


def test_what_was_lost_today_is_known_after_a_restart():
    world = World(max_daily_loss=10)
    closed = world.closed("c", "-9")
    restarted(world, closed, after_s=60, max_daily_loss=10)
    assert world.risk.state is ACTIVE
    world.risk.on_fact(world.closed("d", "-2"))
    assert world.risk.state is HALTED


def test_yesterdays_losses_are_yesterdays():
    world = World()
    closed = world.closed("c", "-9")
    restarted(world, closed, after_s=86_400, max_daily_loss=10)
    world.risk.on_fact(world.closed("d", "-2"))
    assert world.risk.state is ACTIVE


def test_what_was_forgiven_stays_forgiven():
    world = World(max_daily_loss=10)
    closed = world.closed("c", "-11")
    world.risk.on_fact(closed)
    world.risk.resume("me", world.now_ns)
    restarted(world, closed, *world.moves, after_s=1, max_daily_loss=10)
    assert world.risk.state is ACTIVE


@pytest.mark.parametrize("boot", [pytest.param(False, id="same boot"), pytest.param(True, id="another boot")])
def test_a_cool_down_goes_on_after_a_restart(boot):
    world = World(max_losses=2, cooldown_s=60)
    facts = [world.closed("c", "-1"), world.closed("d", "-1")]
    restarted(world, *facts, after_s=50, boot=boot, max_losses=2, cooldown_s=60)
    assert world.refused() == "max_losses"
    world.passes(10)
    assert world.refused() == ""


def test_a_cool_down_goes_on_though_its_losses_were_yesterdays():
    world = World(max_losses=2, cooldown_s=60)
    world.risk.on_fact(world.closed("c", "-1"))
    world.risk.on_fact(world.closed("d", "-1"))
    restarted(world, *world.moves, after_s=50, max_losses=2, cooldown_s=60)
    assert world.risk.state is REDUCING
    world.passes(10)
    assert world.risk.state is ACTIVE


def test_open_cycles_and_naked_legs_are_known_after_a_restart():
    world = World()
    facts = [world.opened("c"), world.naked("c", "50")]
    restarted(world, *facts, max_cycles=1)
    assert world.refused() == "max_cycles"
    restarted(world, *facts, max_naked=10)
    assert world.refused() == "max_naked"
    assert [(move.after, move.limit) for move in world.moves] == [(REDUCING, "max_naked")]


def test_limits_made_tighter_hold_for_what_has_happened():
    world = World()
    restarted(world, world.closed("c", "-9"), max_daily_loss=5)
    assert world.risk.state is HALTED
    assert world.moves[0].limit == "max_daily_loss"


def test_orders_of_the_last_minute_are_known_after_a_restart():
    world = World()
    opened, closed = world.opened("c"), world.closed("c", "0")
    restarted(world, opened, closed, after_s=30, boot=True, max_orders_per_min=3)
    assert world.refused() == "max_orders_per_min"
    world.passes(31)
    assert world.refused() == ""
