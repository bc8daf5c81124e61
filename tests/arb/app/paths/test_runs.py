"""A scan that is asked about its paths while it runs: on both simulated exchanges, over its own socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from arb import app
from arb.clock import SystemClock
from arb.control import PATHS, TURN, VERIFIED, VERIFY, ask
from arb.domain import DataPath, PathMoved
from arb.errors import ControlError, NotRunning
from arb.rows import SimOptions
from tests.arb.app.test_runs import View, settings


class Kept:
    """An Observer that keeps what moved."""

    def __init__(self):
        self.moves = []

    def on_fact(self, fact):
        if isinstance(fact, PathMoved):
            self.moves.append(fact)


@asynccontextmanager
async def scanning(tmp_path, name="scan.sock", **more):
    stop, view, kept = asyncio.Event(), View(), Kept()
    run = asyncio.create_task(
        app.scan(
            settings(tmp_path, fastpath={"auto": False}), credentials={}, clock=SystemClock(), view=view,
            sim=SimOptions(seed=3, symbols=6), duration_s=None, once=False, rejected=False, stop=stop,
            control=tmp_path / name, observers=[kept], **{"tape": None, **more},
        )
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not (found := await rows(tmp_path / name)) or not all(each.books_live for each in found):
                assert not run.done(), run.result()
                await asyncio.sleep(0.02)
        yield tmp_path / name, view, kept
    finally:
        stop.set()
        await run


async def rows(socket):
    try:
        return (await ask(socket, PATHS)).rows
    except NotRunning:
        return ()


async def moved(socket, venue, native):
    async with asyncio.timeout(30):
        row = (await ask(socket, TURN, venue=venue, native=native, why="a test")).row
        while row.goal is not None:
            await asyncio.sleep(0.02)
            row = next(row for row in await rows(socket) if row.venue == venue)
    return row


async def test_a_venue_goes_to_ccxt_and_back_while_the_scan_goes_on(tmp_path):
    async with scanning(tmp_path) as (socket, view, kept):
        with pytest.raises(ControlError, match=r"kucoin is none of this run's exchanges \(mexc, gateio\)"):
            await ask(socket, TURN, venue="kucoin", native=False)
        row = await moved(socket, "gateio", False)
        assert (row.label, row.trust, row.note) == ("ccxt (by hand)", "unchecked", "")
        shown = {venue.venue: (venue.path, venue.feed) for venue in view.source.status().venues}
        assert shown == {"mexc": ("", "limit.depth@20"), "gateio": ("ccxt (by hand)", "watch_order_book")}
        await ask(socket, VERIFY, venue="gateio", seconds=0.5)
        with pytest.raises(ControlError, match="gateio is being compared already"):
            await ask(socket, VERIFY, venue="gateio", seconds=0.5)
        async with asyncio.timeout(30):
            while (report := (await ask(socket, VERIFIED, venue="gateio")).report) is None:  # noqa: ASYNC110  another's
                await asyncio.sleep(0.05)
        assert (report.deciding, report.unequal, report.facts) == (DataPath.CCXT, 0, ())
        assert report.facts_compared > 20
        row = await moved(socket, "gateio", True)
        assert (row.label, row.moves) == ("native", 2)
    assert [(each.venue, each.after, each.why) for each in kept.moves] == [
        ("gateio", DataPath.CCXT, "a test"),
        ("gateio", DataPath.NATIVE, "a test"),
    ]
    assert {venue.path for venue in view.summary.status.venues} == {"", "native"}
    assert not socket.exists()
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}


async def test_a_run_with_a_tape_keeps_its_paths_and_a_second_one_its_peace(tmp_path):
    async with scanning(tmp_path, tape=tmp_path / "t.tape") as (socket, _view, _kept):
        with pytest.raises(ControlError, match="a tape is kept of this run"):
            await ask(socket, TURN, venue="mexc", native=False)
        assert [row.fixed[:6] for row in await rows(socket)] == ["a tape"] * 2
        second = await app.scan(
            settings(tmp_path), credentials={}, clock=SystemClock(), view=View(), sim=SimOptions(seed=3, symbols=6),
            tape=None, duration_s=0.5, once=False, rejected=False, stop=asyncio.Event(), control=socket,
        )  # fmt: skip
        assert second.ended == "duration"
        assert [row.venue for row in await rows(socket)] == ["mexc", "gateio"], "the first one still listens"
