"""One venue and its two paths: who decides, when the other one takes over, and that nothing is ever half done."""

from __future__ import annotations

import asyncio

import pytest

from arb.app.paths.venue import AGAIN_S, GIVE_UP_S
from arb.domain import BookState, DataPath, Mover
from arb.errors import ConfigError, ControlError
from tests.arb.app.paths.world import A, B, World, played

NATIVE, CCXT = DataPath.NATIVE, DataPath.CCXT


def test_it_moves_when_a_person_says_so_and_the_other_path_is_ready():
    async def story(world: World) -> None:
        row = world.paths.turn(CCXT, "to see")
        assert (row.path, row.goal) == (NATIVE, CCXT)
        await asyncio.sleep(0.5)
        row = world.paths.row()
        assert (row.path, row.goal, row.label, row.by, row.why) == (
            CCXT,
            None,
            "ccxt (by hand)",
            Mover.PERSON,
            "to see",
        )
        assert (row.trust, row.books_live, row.shadow, row.moves) == ("unchecked", 2, None, 1)

    world = played(story)
    ((away),) = world.moves
    assert (away.before, away.after, away.by, away.why) == (NATIVE, CCXT, Mover.PERSON, "to see")
    assert world.decided[-1] == (("ccxt", 10), ("ccxt", 10)), "what rests on the books is decided anew"
    assert {name for books in world.decided for name in [tuple(feed for feed, _ in books)]} == {
        ("native", "native"),
        ("ccxt", "ccxt"),
    }


def test_what_the_old_path_still_says_is_not_heard():
    async def story(world: World) -> None:
        old = world.data(NATIVE)
        world.paths.turn(CCXT, "")
        await asyncio.sleep(0.15)
        assert world.paths.path is CCXT
        decided = len(world.decided)
        world.venue.set(NATIVE, A, 99)
        old.show()
        assert len(world.decided) == decided
        world.tell(CCXT, 11)
        assert world.decided[-1] == (("ccxt", 11), ("ccxt", 11))

    played(story)


def test_a_shadow_decides_nothing():
    async def story(world: World) -> None:
        world.venue.books[CCXT, B] = None
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        decided = len(world.decided)
        world.venue.set(CCXT, A, 50)
        world.data(CCXT).show()
        assert len(world.decided) == decided
        assert world.paths.row().shadow_live == 1

    assert played(story).moves == []


def test_it_stays_where_the_other_path_never_carries_what_this_one_does():
    async def story(world: World) -> None:
        world.venue.books[CCXT, B] = None
        world.paths.turn(CCXT, "")
        await asyncio.sleep(GIVE_UP_S + 1)
        row = world.paths.row()
        assert (row.path, row.goal, row.note) == (NATIVE, None, "stays on native: ccxt does not carry B/USDT DOWN")
        assert row.shadow is None
        assert world.paths._track._heard is None, "nothing is compared any more"
        world.tell(NATIVE, 11)
        assert world.decided[-1] == (("native", 11), ("native", 11))

    assert played(story).moves == []


def test_a_book_that_this_path_does_not_carry_either_is_not_waited_for_in_vain():
    async def story(world: World) -> None:
        world.venue.books[CCXT, B] = None
        world.data(NATIVE).lose("cut")
        world.venue.books[NATIVE, B] = None
        world.data(NATIVE).gain()
        world.paths.turn(CCXT, "")
        await asyncio.sleep(7)
        assert world.paths.path is CCXT

    played(story)


def test_native_that_misreads_its_venue_gives_way_and_comes_back_when_it_is_clean():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(6)
        await asyncio.sleep(0.5)
        row = world.paths.row()
        assert (row.label, row.by, row.why) == ("ccxt (demoted)", Mover.WATCH, "6 unreadable messages within 10 s")
        await asyncio.sleep(2)
        row = world.paths.row()
        assert (row.shadow, row.shadow_live, row.clean_needed_s, row.errors) == (NATIVE, 2, 5.0, 0)
        assert 1 < row.clean_s < 3
        world.data(NATIVE).misread(1)
        await asyncio.sleep(4)
        assert world.paths.row().label == "ccxt (demoted)", "one unreadable message begins the clean period anew"
        await asyncio.sleep(2)
        assert world.paths.row().label == "native"

    away, back = played(story).moves
    assert (away.after, back.after, back.by, back.why) == (CCXT, NATIVE, Mover.WATCH, "clean for 5 s beside ccxt")


def test_a_fresh_native_runs_in_the_shadow_not_the_one_that_was_wrong():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(6)
        await asyncio.sleep(1)
        assert len(world.made[NATIVE]) == 2

    played(story)


def test_native_that_has_other_books_than_ccxt_does_not_come_back():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(6)
        await asyncio.sleep(1)
        for seq in range(11, 30):
            world.tell(CCXT, seq)
            world.tell(NATIVE, seq, bid=1.5)
            await asyncio.sleep(1)
        row = world.paths.row()
        assert row.label == "ccxt (demoted)"
        assert row.note == "not clean yet: 2 books that ccxt has otherwise"

    assert len(played(story).moves) == 1


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        pytest.param("gaps", "7 gaps, 6 of them repeated within 10 s", id="repeated gaps"),
        pytest.param("crossed", "7 gaps, 6 of them repeated within 10 s", id="crossed books"),
        pytest.param("conflicts", "7 books that an audit found wrong within 10 s", id="audits"),
    ],
)
def test_what_the_books_count_counts(trouble, why):
    async def story(world: World) -> None:
        book = world.books.get((world.paths.venue, A))
        setattr(book, trouble, 7)
        await asyncio.sleep(1)

    away = played(story).moves[0]
    assert (away.after, away.why) == (CCXT, why)


def test_an_off_of_a_person_is_not_undone():
    async def story(world: World) -> None:
        world.paths.turn(CCXT, "I do not trust it")
        await asyncio.sleep(600)
        assert world.paths.row().label == "ccxt (by hand)"
        assert len(world.made[NATIVE]) == 1, "no native runs in the shadow of a person's off"

    assert len(played(story).moves) == 1


def test_an_off_while_demoted_stays_off():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(6)
        await asyncio.sleep(1)
        world.paths.turn(CCXT, "")
        await asyncio.sleep(600)
        assert world.paths.row().label == "ccxt (by hand)"

    assert len(played(story).moves) == 1


def test_an_on_while_demoted_is_done_at_once_and_begins_anew():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(6)
        await asyncio.sleep(1)
        world.paths.turn(NATIVE, "it is mended")
        await asyncio.sleep(1)
        assert world.paths.row().label == "native"
        world.data(NATIVE).misread(6)
        await asyncio.sleep(1)
        assert world.paths.row().label == "ccxt (demoted)"

    assert [(moved.after, moved.by) for moved in played(story).moves] == [
        (CCXT, Mover.WATCH),
        (NATIVE, Mover.PERSON),
        (CCXT, Mover.WATCH),
    ]


def test_without_the_automatism_only_a_person_moves_it():
    async def story(world: World) -> None:
        world.data(NATIVE).misread(1000)
        await asyncio.sleep(60)

    assert played(story, auto=False).moves == []


def test_a_venue_that_was_configured_for_ccxt_stays_there():
    async def story(world: World) -> None:
        await asyncio.sleep(60)
        assert world.paths.row().label == "ccxt"
        world.paths.turn(NATIVE, "")
        await asyncio.sleep(1)
        assert world.paths.row().label == "native"

    assert len(played(story, start=CCXT).moves) == 1


def test_a_person_may_change_his_mind_before_it_is_done():
    async def story(world: World) -> None:
        world.venue.books[CCXT, B] = None
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        row = world.paths.turn(NATIVE, "")
        assert (row.path, row.goal) == (NATIVE, None)
        world.venue.set(CCXT, B, 10)
        await asyncio.sleep(60)
        assert world.paths.row().shadow is None

    assert played(story).moves == []


def test_a_path_that_cannot_run_is_told_to_the_person_who_asked():
    async def story(world: World) -> None:
        world.refuses = CCXT
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        row = world.paths.row()
        assert (row.goal, row.note) == (None, "stays on native: ccxt cannot run: no such stream")
        assert world.paths.path is NATIVE

    assert played(story).moves == []


def test_a_demotion_tries_again_where_ccxt_cannot_run():
    async def story(world: World) -> None:
        world.refuses = CCXT
        world.data(NATIVE).misread(6)
        await asyncio.sleep(5)
        assert world.paths.row().note == "ccxt cannot run: no such stream"
        world.refuses = None
        await asyncio.sleep(AGAIN_S)
        assert world.paths.row().label == "ccxt (demoted)"

    played(story)


def test_what_ends_the_path_that_decides_ends_the_venue():
    async def story(world: World) -> None:
        world.data(NATIVE).fail(ConfigError("no such address"))
        await asyncio.sleep(1)
        assert world.task is not None
        with pytest.raises(ConfigError, match="no such address"):
            world.task.result()

    played(story)


def test_counters_go_on_over_a_move_and_leave_the_shadow_out():
    async def story(world: World) -> None:
        world.tell(NATIVE, 11)
        before = world.paths.counters["frames"]
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        assert world.paths.counters["frames"] == before
        world.tell(CCXT, 11)
        assert world.paths.counters["frames"] == before + 2

    played(story)


def test_books_are_asked_for_afresh_where_they_come_from():
    async def story(world: World) -> None:
        world.paths.turn(CCXT, "")
        await asyncio.sleep(1)
        world.books.distrust((world.paths.venue, A), world.clock.mono_ns())
        assert (world.made[NATIVE][0].resyncs, world.data(CCXT).resyncs) == ([], [A])
        assert world.books.get((world.paths.venue, A)).state is BookState.GAP

    played(story)


def test_nothing_is_turned_before_it_runs():
    async def story(world: World) -> None:
        idle = World(world.clock)
        with pytest.raises(ControlError, match="v is not running yet"):
            idle.paths.turn(CCXT, "")

    played(story)
