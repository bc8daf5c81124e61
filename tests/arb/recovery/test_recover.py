"""A restart takes up what was left: each scenario is a journal, a venue, and what must come of the two."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from arb.domain import (
    Baseline,
    ClientId,
    Coin,
    CycleId,
    CycleMoved,
    CycleState,
    ExposureMoved,
    Fact,
    Fill,
    Mismatch,
    OrderSent,
    OrderStatus,
    Purpose,
    RiskMoved,
    RiskState,
    Side,
)
from arb.errors import ReconcileError, Transient
from arb.recovery import Recovered
from tests.arb.journal.facts import BTC, GATE, MEXC, WALL_NS, D, fill, order, risk_moved, update
from tests.arb.recovery.scene import (
    AFTER_FILL,
    BUY,
    C1,
    C2,
    FILL,
    HELD,
    SELL,
    FakeExecutor,
    Scene,
    bases,
    ended,
    opened,
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path / "j.sqlite")
    yield scene
    scene.close()


async def test_the_first_start_takes_what_is_there_as_the_base_line(scene: Scene) -> None:
    assert await scene.recover() == Recovered((), (), (), ())
    first, second = scene.told(Baseline)
    assert isinstance(first, Baseline)
    assert {delta.coin: delta.qty for delta in first.totals} == HELD
    assert (first.venue, first.accepted, first.wall_ns) == (MEXC, False, scene.clock.wall_ns())
    assert set(scene.records.baselines()) == {MEXC, GATE}  # committed, not only noted
    assert second != first


class TestState:
    async def test_exposure_and_risk_come_back_before_anything_else(self, scene: Scene) -> None:
        coin = Coin("BTC")
        halt = risk_moved(RiskState.HALTED, "halt", wall_ns=WALL_NS - 86_400_000_000_000)
        moved = CycleMoved(C2, CycleState.SENT, CycleState.ASKING, "silence", 5)
        scene.had(
            ExposureMoved(C1, MEXC, coin, D(1), D(1), 1),
            ExposureMoved(C1, MEXC, coin, D(2), D(3), 2),
            risk_moved(RiskState.REDUCING, "max_naked", wall_ns=WALL_NS - 2 * 86_400_000_000_000),
            halt,
            ended(CycleId("00000000aa0"), wall_ns=WALL_NS - 86_400_000_000_000),
            opened(C1),
            ended(C1),
            opened(C2, ()),
            moved,
        )
        scene.mexc.up = False
        with pytest.raises(Transient):
            await scene.recover()
        assert scene.exposure.held(MEXC, coin) == 3
        assert scene.risk.facts == [halt, ended(C1), opened(C2, ()), moved]  # today's, and the state before today

    async def test_what_changed_today_is_told_in_its_order(self, scene: Scene) -> None:
        facts = (ended(C1), risk_moved(RiskState.REDUCING, "max_losses"), risk_moved(RiskState.ACTIVE, "resume"))
        scene.had(*facts)
        await scene.recover()
        assert scene.risk.facts == list(facts)


class TestCycles:
    async def test_an_open_cycle_goes_on_with_all_that_was_heard_of_it(self, scene: Scene) -> None:
        hedge = OrderSent(C1, order(f"arb-{C1}-3", GATE), Purpose.HEDGE, 1, 5, WALL_NS)
        heard = (update(BUY, OrderStatus.FILLED, "2", "200"), FILL, fill(SELL, "t2", "1", "101"))
        scene.executor = FakeExecutor(ends=3)
        scene.had(opened(), *heard, hedge)
        recovered = await scene.recover()
        assert scene.executor.adopted == [(opened(), (hedge,), heard)]
        assert recovered.cycles == (C1,)
        assert scene.executor.looks == 3
        assert scene.mexc.submitted == scene.gate.submitted == []

    async def test_a_closed_one_is_left_alone(self, scene: Scene) -> None:
        scene.had(opened(), ended())
        assert (await scene.recover()).cycles == ()
        assert scene.executor.adopted == []

    async def test_one_that_cannot_be_cleared_up_stops_the_start(self, scene: Scene) -> None:
        scene.executor = FakeExecutor(ends=None)
        scene.had(opened())
        with pytest.raises(ReconcileError, match=rf"what became of cycle {C1} cannot be learnt .* 'arb explain {C1}'"):
            await scene.recover()
        assert sum(scene.slept) == pytest.approx(5.0)
        assert [(m.venue, m.what) for m in scene.records.facts(Mismatch)] == [
            (GATE, f"cycle {C1}"),
            (MEXC, f"cycle {C1}"),
        ]
        assert scene.told(Baseline) == []

    async def test_a_venue_that_is_left_out_stops_the_start(self, scene: Scene) -> None:
        scene.had(opened())
        del scene.venues[GATE]
        with pytest.raises(ReconcileError, match="has an order at gateio, which this run leaves out"):
            await scene.recover()
        assert scene.executor.adopted == []


async def test_a_private_side_that_does_not_come_up_is_unreachable(scene: Scene) -> None:
    scene.gate.refusal_text = "logging in"
    with pytest.raises(Transient, match="gateio: its private side is not up: logging in"):
        await scene.recover()


async def test_a_venue_that_is_busy_for_a_moment_is_asked_again(scene: Scene) -> None:
    scene.mexc.broken = Transient("mexc", "too many requests", 2.0)

    def recover() -> None:
        scene.mexc.broken = None

    scene.on_sleep = recover
    assert (await scene.recover()).mismatches == ()
    assert scene.slept == [2.0]


async def test_one_that_stays_busy_is_unreachable(scene: Scene) -> None:
    scene.mexc.broken = Transient("mexc", "too many requests")
    with pytest.raises(Transient, match="too many requests"):
        await scene.recover()
    assert sum(scene.slept) == pytest.approx(5.0)


class TestStrays:
    @pytest.mark.parametrize(
        ("facts", "ours"),
        [
            pytest.param((), "not in the journal", id="of a journal that was lost"),
            pytest.param((opened(), ended()), f"of cycle {C1}, which has ended", id="of a cycle that has ended"),
        ],
    )
    async def test_an_order_that_nobody_owns_is_cancelled_and_told(
        self, scene: Scene, facts: tuple[Fact, ...], ours: str
    ) -> None:
        scene.had(*facts)
        scene.mexc.resting = [update(BUY, OrderStatus.PARTIAL, "0.5", "50")]

        def vanish() -> None:
            scene.mexc.resting = []

        scene.on_sleep = vanish
        recovered = await scene.recover()
        assert scene.mexc.cancelled == [(BTC, BUY.client_id, f"v-{BUY.client_id}")]
        assert recovered.cancelled == (BUY.client_id,)
        (mismatch,) = recovered.mismatches
        assert (mismatch.what, mismatch.ours, mismatch.theirs) == (
            f"order {BUY.client_id} BTC/USDT",
            ours,
            "open, filled 0.5",
        )

    @pytest.mark.parametrize(
        "name",
        [pytest.param("", id="without a name"), pytest.param("t-mine", id="a person's"), pytest.param("arb-", id="x")],
    )
    async def test_orders_of_others_are_not_touched(self, scene: Scene, name: str) -> None:
        theirs = order(name)
        scene.mexc.resting = [update(theirs, OrderStatus.OPEN)]
        assert (await scene.recover()).cancelled == ()
        assert scene.mexc.cancelled == []

    async def test_one_that_cannot_be_cancelled_stops_the_start(self, scene: Scene) -> None:
        scene.mexc.resting = [update(BUY, OrderStatus.OPEN)]
        with pytest.raises(ReconcileError, match=rf"mexc: {BUY.client_id} rests there, nobody owns it"):
            await scene.recover()
        assert len(scene.mexc.cancelled) > 1


class TestFills:
    async def test_a_fill_that_the_journal_lacks_is_taken_in_and_explains_the_balances(self, scene: Scene) -> None:
        scene.had(*bases(), opened(), ended())
        scene.mexc.history = [FILL]
        scene.mexc.held = AFTER_FILL
        recovered = await scene.recover()
        assert recovered.fills == (FILL,)
        assert recovered.mismatches == ()
        assert list(scene.records.fills()) == [FILL]
        assert {(v, c): q for v, c, q in scene.exposure} == {
            (MEXC, Coin("BTC")): D(2),
            (MEXC, Coin("USDT")): D("-200.4"),
        }
        assert len(scene.told(ExposureMoved)) == 2

    async def test_one_of_an_adopted_cycle_goes_to_the_executor(self, scene: Scene) -> None:
        scene.had(*bases(), opened())
        scene.mexc.history = [FILL]
        scene.mexc.held = AFTER_FILL
        await scene.recover()
        assert scene.executor.events == [FILL]
        assert scene.told(ExposureMoved) == []

    async def test_what_the_journal_has_is_not_counted_twice(self, scene: Scene) -> None:
        scene.had(*bases(), opened(), FILL, FILL, ended())
        scene.mexc.history = [FILL]
        scene.mexc.held = AFTER_FILL
        assert (await scene.recover()).fills == ()

    async def test_a_fill_told_again_after_the_base_line_is_in_it_already(self, scene: Scene) -> None:
        scene.had(opened(), FILL, ended(), *bases(), FILL)
        assert (await scene.recover()).mismatches == ()

    async def test_a_persons_trade_explains_balances_and_is_no_exposure_of_ours(self, scene: Scene) -> None:
        manual = fill(order(""), "t9", "2", "100", "0.4")
        scene.had(*bases(), opened(), ended())
        scene.mexc.history = [manual]
        scene.mexc.held = AFTER_FILL
        assert (await scene.recover()).fills == (manual,)
        assert list(scene.exposure) == []


class TestBalances:
    @pytest.mark.parametrize(
        ("fills", "held"),
        [
            pytest.param((), HELD, id="nothing happened"),
            pytest.param((FILL,), AFTER_FILL, id="a buy, its fee in quote"),
            pytest.param(
                (fill(BUY, "t1", "2", "100", "0.002", "BTC"),), {"USDT": D(800), "BTC": D("6.998")}, id="a fee in base"
            ),
            pytest.param(
                (fill(order("x", side=Side.SELL), "t1", "5", "10", "-0.01", "MX"),),
                {"USDT": D(1050), "MX": D("0.01")},
                id="all of a coin sold, with a rebate in a third one",
            ),
            pytest.param((FILL, fill(SELL, "t2", "1", "1")), AFTER_FILL, id="another venue's fill is not this one's"),
        ],
    )
    async def test_what_our_fills_lead_to_is_explained(
        self, scene: Scene, fills: tuple[Fill, ...], held: dict[str, Decimal]
    ) -> None:
        scene.gate.held = {"USDT": D(1001), "BTC": D(4)} if len(fills) == 2 else HELD
        scene.had(*bases(), *fills)
        scene.mexc.held = held
        assert (await scene.recover()).mismatches == ()
        assert scene.slept == []

    @pytest.mark.parametrize(
        ("held", "says"),
        [
            pytest.param(
                {**HELD, "BTC": D("4.999999999999999999")},
                "mexc BTC: ours 5, theirs 4.999999999999999999, difference -0.000000000000000001",
                id="the last unit of all",
            ),
            pytest.param({**HELD, "ETH": D(2)}, "mexc ETH: ours 0, theirs 2, difference 2", id="a deposit"),
            pytest.param({"BTC": D(5)}, "mexc USDT: ours 1000, theirs 0, difference -1000", id="all withdrawn"),
        ],
    )
    async def test_what_nothing_explains_stops_the_start_and_says_how_to_go_on(
        self, scene: Scene, held: dict[str, Decimal], says: str
    ) -> None:
        scene.had(*bases())
        scene.mexc.held = held
        with pytest.raises(ReconcileError) as caught:
            await scene.recover()
        assert says in str(caught.value)
        assert "'arb run --accept-balances'" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(list(scene.records.facts(Mismatch))) == 1
        with pytest.raises(ReconcileError):  # a failed start is no new base line
            await scene.recover()

    async def test_a_person_may_accept_it(self, scene: Scene) -> None:
        scene.had(*bases())
        scene.mexc.held = {**HELD, "ETH": D(2)}
        recovered = await scene.recover(accept_balances=True)
        assert [(m.venue, m.what, m.ours, m.theirs) for m in recovered.mismatches] == [(MEXC, "ETH", "0", "2")]
        accepted = {fact.venue: fact.accepted for fact in scene.told(Baseline) if isinstance(fact, Baseline)}
        assert accepted == {MEXC: True, GATE: False}
        assert (await scene.recover()).mismatches == ()

    async def test_a_venue_whose_balances_come_late_is_waited_for(self, scene: Scene) -> None:
        scene.had(*bases(), FILL)

        def arrive() -> None:
            scene.mexc.held = AFTER_FILL

        scene.on_sleep = arrive
        assert (await scene.recover()).mismatches == ()
        assert scene.slept == [0.5]

    async def test_locked_money_is_held_money(self, scene: Scene) -> None:
        scene.had(*bases(), RiskMoved(RiskState.ACTIVE, RiskState.ACTIVE, "resume", "", 1, WALL_NS))
        whole = scene.mexc._read()
        parts = tuple(type(row)(row.venue, row.coin, D(1), row.free - 1, 0, 0, row.recv_ns) for row in whole.balances)

        async def balances() -> object:
            return type(whole)(MEXC, parts, whole.recv_ns)

        scene.mexc.balances = balances  # type: ignore[method-assign,assignment]
        assert (await scene.recover()).mismatches == ()


def test_ids_of_these_tests_are_ours() -> None:
    assert BUY.client_id == ClientId("arb-00000000aa1-1")
