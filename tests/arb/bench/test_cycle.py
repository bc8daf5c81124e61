"""The benchmark of cycles: real engines against exchanges in another process, timed stage by stage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from arb.bench import cycle, cycle_lines
from arb.bench.apart import apart
from arb.bench.cycle import SUBJECTS, CycleReport, Taken, _measure, _result, _rivals, _wanted
from arb.bench.stopwatch import Lap, NullJournal, Stopwatch, TimedJournal
from arb.clock import ManualClock
from arb.domain import (
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Order,
    OrderSent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Purpose,
)
from arb.errors import ArbError, Transient
from arb.execution import client_id
from arb.sim.apart import Arrivals, Door, Wanted
from tests.arb.cli.fakes import Shell
from tests.plans import a_plan


async def test_one_run_measures_every_path_stage_by_stage(tmp_path: Path) -> None:
    report = await cycle(tmp_path, cycles=2, rounds=1, warm_up=1, one_way_ms=(10.0,))
    assert [(r.path, r.one_way_ms, r.cycles) for r in report.results] == [
        ("native", 10.0, 2), ("no journal", 10.0, 2), ("ccxt", 10.0, 2),
    ]  # fmt: skip
    for result in report.results:
        for each in (result.plan, result.judge, result.handed):
            assert 0 < each.p50_ms <= each.p99_ms
        assert result.handed.p50_ms < result.acked.p50_ms <= result.closed.p50_ms
        assert result.sent.p50_ms < result.acked.p50_ms
        assert result.acked.p50_ms > 20.0  # there and back
    native, silent, _ = report.results
    assert native.commit.p50_ms > 0
    assert silent.commit.p99_ms == 0
    assert native.reused == 1.0
    assert report.met is (native.closed.p99_ms < 50.0)
    assert _files(tmp_path) == []
    text = "\n".join(cycle_lines(report))
    assert "CPython" in text
    assert text.count("ccxt takes") == 1
    assert f"natively, at p99: {'met' if report.met else 'missed'}" in text


def test_without_the_distance_of_the_target_nothing_is_said_of_it() -> None:
    report = _report()
    assert report.met is None
    assert not [line for line in cycle_lines(report) if "target" in line]
    assert "1 cores, load 0.5" in next(cycle_lines(report))


def test_rivals_are_of_one_distance() -> None:
    results = _report().results
    assert [(a.path, b.path, a.one_way_ms, b.one_way_ms) for a, b in _rivals(results)] == [
        ("native", "ccxt", 0.0, 0.0),
        ("native", "ccxt", 3.0, 3.0),
    ]


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, int]] = []

    async def measured(_folder: Path | None, **options: int) -> CycleReport:
        asked.append(options)
        return _report()

    monkeypatch.setattr("arb.bench.cycle", measured)
    shell = Shell(tmp_path)
    assert shell("bench", "cycle", "--cycles", "20", "--rounds", "2", "--seed", "7", "--jsonl") == 0
    assert asked == [{"cycles": 20, "rounds": 2, "seed": 7}]
    line = json.loads(shell.out)
    assert (line["schema"], line["met"], len(line["results"])) == ("arb.bench/1", None, 6)
    assert shell("bench", "cycle") == 0
    assert asked[1] == {"cycles": 30, "rounds": 5, "seed": 1}
    assert "cycle closed" in shell.out


async def test_a_cycle_whose_order_never_arrived_is_no_figure() -> None:
    lap = Lap(1, 1, 0, orders=tuple(order.client_id for order in LEGS))
    rig: Any = SimpleNamespace(lap=_always(lap), engine=SimpleNamespace(trading={}))
    other: Any = SimpleNamespace(arrivals=_always({LEGS[0].client_id: 5}))
    with pytest.raises(ArbError, match=f"{LEGS[1].client_id} never came"):
        await _measure(other, Taken(), 1, 0, rig)


def test_a_cycle_without_answers_is_no_figure() -> None:
    lap = Lap(1, 1, 0, closed_ns=9, orders=(LEGS[0].client_id,))
    with pytest.raises(ArbError, match="closed before its orders"):
        _result(SUBJECTS[0], 0.0, Taken([lap]))


# ------------------------------------------------------------------------------------------- the stopwatch

CYCLE = CycleId("mf3k2a9c011")
PLAN = a_plan()
LEGS = tuple(
    Order(leg.venue, PLAN.symbol, leg.side, OrderType.IOC, leg.qty, leg.price, client_id(CYCLE, n))
    for n, leg in enumerate((PLAN.buy, PLAN.sell), 1)
)


def test_a_lap_ends_with_its_own_cycle_and_not_with_anothers() -> None:
    clock = ManualClock()
    watch, lap = Stopwatch(clock), Lap(1, 1, 0)
    watch.start(lap)
    for at_ns, fact in (
        (1, CycleOpened(CYCLE, PLAN, LEGS, 1, 1)),
        (2, _update(0, OrderStatus.FILLED)),
        (3, _update(1, OrderStatus.UNKNOWN)),
        (4, _update(1, OrderStatus.PENDING)),
        (5, _update(1, OrderStatus.OPEN)),
        (6, _update(1, OrderStatus.FILLED)),
        (7, OrderSent(CYCLE, LEGS[0], Purpose.RETRY, 1, 7, 7)),
        (8, _closed(CycleId("mf3k2a9c012"))),
        (9, _closed(CYCLE)),
        (10, _closed(CYCLE)),
    ):
        clock.set(at_ns)
        watch.on_fact(fact)
    assert lap.orders == tuple(order.client_id for order in LEGS)
    assert (lap.acked_ns, lap.steps, lap.closed_ns, lap.end) == (5, 1, 9, CycleEnd.HEDGED)


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        pytest.param(TimedJournal, 1, id="the timed journal keeps what it times"),
        pytest.param(NullJournal, 0, id="the null journal keeps nothing, and takes no time"),
    ],
)
def test_the_journals_of_the_benchmark(kind: type[TimedJournal], kept: int, tmp_path: Path) -> None:
    journal = kind(tmp_path / "j.sqlite", ManualClock(), mode="sim", run="bench")
    journal.ahead(CycleOpened(CYCLE, PLAN, LEGS, 1, 1))
    journal.note(_update(0, OrderStatus.FILLED))
    assert (journal.took_ns > 0, journal.waiting > 0) == (bool(kept), bool(kept))
    journal.flush()
    assert journal.waiting == 0
    journal.close()


# ------------------------------------------------------------------------------------------- the other process


async def test_the_other_process_serves_and_tells_arrivals_once() -> None:
    async with apart(_wanted(1, 0.0)) as other:
        assert sorted(other.doors) == ["gateio", "mexc"]
        address = other.doors["mexc"].rest_url.removeprefix("http://").partition("/")[0]
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        path = "/api/v3/order?newClientOrderId=arb-abc-1&side=BUY"
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 4")
        writer.close()
        assert list(await other.arrivals()) == ["arb-abc-1"]
        assert await other.arrivals() == {}


async def test_a_process_that_cannot_serve_is_an_error() -> None:
    with pytest.raises(Transient, match="says nothing of use"):
        async with apart(Wanted(1, 2, 0.0, 1.0, ("nowhere",), {})):
            pass


def test_only_the_first_arrival_of_an_order_counts() -> None:
    arrivals = Arrivals()
    arrivals.on_arrival('{"text": "t-arb-abc-1"}')
    first = dict(arrivals.at_ns)
    arrivals.on_arrival("newClientOrderId=arb-abc-1")
    arrivals.on_arrival("nothing of ours")
    assert arrivals.at_ns == first
    assert list(first) == ["arb-abc-1"]


def test_a_door_does_not_show_its_keys() -> None:
    assert "sesame" not in repr(Door("http://x", "ws://x", "sesame", "sesame"))


def _always(value: object) -> Callable[[], Awaitable[Any]]:
    async def said() -> object:
        return value

    return said


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _update(leg: int, status: OrderStatus) -> OrderUpdate:
    order = LEGS[leg]
    return OrderUpdate(order.venue, order.client_id, "7", status, None, None, "", 0, 0, order.symbol)


def _closed(cycle_id: CycleId) -> CycleClosed:
    zero = PLAN.profit - PLAN.profit
    return CycleClosed(cycle_id, PLAN.symbol, CycleEnd.HEDGED, (), zero, None, zero, zero, zero, "", 0, 0)


def _report() -> CycleReport:
    pair = {"p50_ms": 1.0, "p99_ms": 2.0}
    stages = dict.fromkeys(("plan", "judge", "commit", "handed", "sent", "acked", "closed"), pair)
    results = [
        {"path": subject.name, "one_way_ms": distance, "cycles": 1, "unwound": 0, "reused": None, **stages}
        for distance in (0.0, 3.0)
        for subject in SUBJECTS
    ]
    machine = {"cpu": "", "cores": 1, "system": "", "python": "", "packages": ()}
    return msgspec.convert(
        {
            "machine": machine, "load": 0.5, "rounds": 1, "target_ms": 50.0, "target_at_ms": 10.0, "met": None,
            "results": results,
        },
        CycleReport,
    )  # fmt: skip
