"""A planted difference between native and ccxt is found, whatever it is; and where there is none, none is told."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from arb.app.paths.venue import GIVE_UP_S
from arb.app.paths.verification import verification
from arb.domain import Coin, DataPath, FeeSchedule, FeeSource, Market, NativeSymbol
from arb.errors import ControlError, Transient
from arb.interfaces import Statics
from arb.pathstatus import FactDifference, PathReport
from tests.arb.app.paths.world import A, B, V, World, played

NATIVE, CCXT = DataPath.NATIVE, DataPath.CCXT
D = Decimal
MARKET = Market(V, A, NativeSymbol("AUSDT"), Coin("A"), Coin("USDT"), D("0.01"), D("0.001"), D("0.1"))
FEE = FeeSchedule(V, A, D("0.001"), D("0.001"), FeeSource.MARKET)
FACTS = Statics((MARKET,), (FEE,))


def verified(tell, *, ours=FACTS, theirs=FACTS, seconds=10, prepare=lambda world: None) -> PathReport:
    """tell: called every second with the world and a sequence."""
    made: list[PathReport] = []

    async def load() -> Statics:
        if isinstance(theirs, Exception):
            raise theirs
        return theirs

    async def story(world: World) -> None:
        prepare(world)
        run = verification(world.paths, ours, load, world.clock, seconds)
        assert run.reply().waiting
        await asyncio.sleep(0.5)
        seq = 10
        while not run.task.done():
            seq += 1
            tell(world, seq)
            await asyncio.sleep(1)
        made.append(run.reply().report)
        await asyncio.sleep(0.5)
        assert world.paths.row().shadow is None, "nobody needs the other path any more"

    assert played(story).moves == []
    return made[0]


def same(world: World, seq: int) -> None:
    world.tell(NATIVE, seq)
    world.tell(CCXT, seq)


def test_two_paths_that_agree():
    report = verified(same)
    assert report.agrees
    assert (report.deciding, report.symbols, report.both_live) == (NATIVE, 2, 2)
    assert 9 <= report.seconds <= 11
    assert (report.equal_share, report.unequal, report.lasting, report.largest_bps) == (1.0, 0, 0, 0.0)
    assert report.compared >= 16
    assert (report.facts_compared, report.facts, report.notes) == (12, (), ())
    assert report.native.updates == report.ccxt.updates > 10


def shifted(world: World, seq: int) -> None:
    """One level of one market is another on native: at the sixth sequence only."""
    world.tell(CCXT, seq)
    world.venue.set(NATIVE, A, seq, bid=1.5 if seq == 16 else 1.0)
    world.venue.set(NATIVE, B, seq)
    world.data(NATIVE).show()


def test_one_planted_level_is_found():
    report = verified(shifted)
    assert not report.agrees
    assert (report.unequal, report.worst[0].symbol, report.worst[0].unequal) == (1, A, 1)
    assert report.largest_bps == pytest.approx(5_000)
    assert report.longest_ms == pytest.approx(1_000, abs=200)
    assert report.equal_share == pytest.approx(0.95, abs=0.02)


def frozen(world: World, seq: int) -> None:
    """Native says no more of a market that goes on elsewhere."""
    world.tell(CCXT, seq, bid=1.0 + seq / 100)
    world.venue.set(NATIVE, B, seq, bid=1.0 + seq / 100)
    world.data(NATIVE).show()


def test_a_market_that_stands_still_on_one_path_is_found():
    report = verified(frozen)
    assert not report.agrees
    assert report.lasting == 1
    assert report.worst[0].symbol == A


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        pytest.param(
            replace(FACTS, markets=(replace(MARKET, tick=D("0.1")),)),
            (FactDifference(A, "tick", "0.01", "0.1"),),
            id="a tick",
        ),
        pytest.param(
            replace(FACTS, markets=(replace(MARKET, min_qty=None, buyable=False),)),
            (FactDifference(A, "min_qty", "0.1", "none"), FactDifference(A, "buyable", "true", "false")),
            id="a minimum and a closed side",
        ),
        pytest.param(
            replace(FACTS, fees=(replace(FEE, taker=D("0.002")),)),
            (FactDifference(A, "taker", "0.001", "0.002"),),
            id="a fee",
        ),
        pytest.param(
            replace(FACTS, fees=(replace(FEE, taker=D("0.002"), source=FeeSource.ACCOUNT),)),
            (),
            id="a fee of the account is another thing than the public one",
        ),
    ],
)
def test_a_planted_fact_is_found(theirs, found):
    report = verified(same, theirs=theirs)
    assert report.facts == found
    assert report.agrees is not bool(found)


def test_facts_that_cannot_be_read_are_told_and_are_no_difference():
    report = verified(same, theirs=Transient("v", "it is down"))
    assert report.notes == ("static facts were not compared: v: it is down",)
    assert (report.facts_compared, report.agrees) == (0, True)


def test_a_market_that_never_comes_on_the_other_path():
    async def story(world: World) -> None:
        world.venue.books[CCXT, B] = None
        run = verification(world.paths, FACTS, lambda: asyncio.sleep(0, FACTS), world.clock, 5)
        await asyncio.sleep(GIVE_UP_S + 1)
        with pytest.raises(ControlError, match=r"v: the other path was not ready within 60\.5 s: B/USDT DOWN"):
            run.reply()

    played(story)


def test_a_path_that_changes_meanwhile_ends_it():
    async def story(world: World) -> None:
        run = verification(world.paths, FACTS, lambda: asyncio.sleep(0, FACTS), world.clock, 60)
        await asyncio.sleep(2)
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        report = run.reply().report
        assert report is not None
        assert report.notes == ("the path changed meanwhile: the comparison ended with that",)
        assert report.deciding is NATIVE

    played(story)
