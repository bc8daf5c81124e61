"""The same scans while the exchanges misbehave: nothing false, every fault counted, and all is well afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from arb.domain import BookState
from arb.sim import FaultRule
from tests.proof.ran import VENUES, Plan, Ran
from tests.proof.running import scanned

SLOW_MS = 250
Expect = Callable[[Ran, str, int], None]


def rules(kind: str, *at_ms: float, venues: tuple[str, ...] = VENUES, **more: Any) -> tuple[FaultRule, ...]:
    """The same at each venue, so that each is hit as often."""
    return tuple(FaultRule(kind=kind, venue=venue, at_ms=at_ms, **more) for venue in venues)  # type: ignore[arg-type]


def counted(name: str) -> Expect:
    """Each fault is one more of what the status shows under this name."""

    def expect(ran: Ran, venue: str, faults: int) -> None:
        assert getattr(ran.status(venue), name) == faults, ran.told()

    return expect


def repeated(ran: Ran, venue: str, faults: int) -> None:
    status = ran.status(venue)
    assert (status.repeats, status.gaps, status.resyncs) == (faults, 0, 0), ran.told()


def unreadable(ran: Ran, venue: str, faults: int) -> None:
    """What nobody can read is counted as that; where it was a delta, the next one shows that one is missing."""
    status = ran.status(venue)
    assert faults / 2 < status.decode_errors == ran.witness.unreadable[venue] <= faults, ran.told()
    assert status.gaps > 0, ran.told()


def moved(ran: Ran, venue: str, faults: int) -> None:
    """Where the end is announced, the new connection comes first; MEXC has no words for it."""
    announced = venue == "gateio"
    status, rotations = ran.status(venue), ran.counters(venue)["rotations"]
    assert (rotations, status.reconnects) == ((faults, 0) if announced else (0, faults)), ran.told()
    assert status.gaps == 0, ran.told()


def harmless(ran: Ran, venue: str, faults: int) -> None:
    status = ran.status(venue)
    assert (status.gaps, status.resyncs, status.crossed, status.decode_errors) == (0, 0, 0, 0), ran.told()


def too_old(ran: Ran, venue: str, faults: int) -> None:
    """A seed that is older than what the stream has told is asked for again; one that still joins is as good as any."""
    late = sum(book.late for (name, _), book in ran.witness.oracle.books.items() if name == venue)
    status = ran.status(venue)
    assert 0 < late <= faults, ran.told()
    assert status.resyncs - status.gaps == late, ran.told()


def failed(ran: Ran, venue: str, faults: int) -> None:
    """Besides, what keeps failing is not even tried for a while, and that is no answer either."""
    assert ran.status(venue).rest_errors >= faults, ran.told()


def case(name: str, expect: Expect, planned: tuple[FaultRule, ...], duration_s: float = 15.0, **more: Any) -> Any:
    usual: dict[str, Any] = {"depth": "full", "symbols": 8, "gaps_hz": 3.0}
    plan = Plan(**(usual | more), duration_s=duration_s, rules=planned)
    return pytest.param(plan, expect, id=name)


REST_SEEDED: Mapping[str, Any] = {"venues": {"gateio": {"feed": "spot.order_book_update@100ms"}}}
SECONDS = (5000.0, 6000.0, 7000.0, 8000.0)
FAULTS = [
    case("dropped frames", counted("gaps"), rules("drop", *SECONDS)),
    case("doubled frames", repeated, rules("duplicate", *SECONDS)),
    case("frames out of order", counted("gaps"), rules("reorder", *SECONDS)),
    case("garbled frames", unreadable, rules("garble", *range(4000, 8000, 200)), 25.0),
    case("closed sockets", counted("reconnects"), rules("close", 5000, 8000)),
    case("a topic that falls silent", counted("gaps"), rules("stall", 5000, duration_ms=4000, symbol="BTC/USDT")),
    case(
        "sockets that stay open and say nothing",
        counted("reconnects"),
        rules("stall", 5000, duration_ms=60_000, scope="socket"),
        50.0,
    ),
    case("sockets that will be closed for an upgrade", moved, rules("upgrade", 11_500, duration_ms=15_000), 32.0),
    case("whole books instead of deltas", harmless, rules("full", *SECONDS, venues=("gateio",))),
    case("refused subscriptions", counted("refused"), rules("refuse", 0, symbol="BTC/USDT"), 70.0, symbols=4),
    case(
        "seeds from the past",
        too_old,
        rules("close", 5000) + rules("snapshot_lag", 0, 5000, duration_ms=1000, lag_ms=800),
        **REST_SEEDED,
    ),
    case(
        "seeds that come too late", failed, rules("slow_rest", 0, topic="depth", duration_ms=1500, delay_ms=6000), 20.0
    ),
    case(
        "too many requests",
        failed,
        rules("rate_limit", 0, topic="depth", duration_ms=1500, retry_after_s=2)
        + rules("rate_limit", 0, topic="order_book", duration_ms=1500, retry_after_s=2),
        **REST_SEEDED,
    ),
    case(
        "a server in trouble",
        failed,
        rules("server_error", 0, topic="depth", duration_ms=2500)
        + rules("server_error", 0, topic="order_book", duration_ms=2500),
        25.0,
        **REST_SEEDED,
    ),
]


@pytest.mark.parametrize(("plan", "expect"), FAULTS)
def test_a_fault_is_counted_and_nothing_false_is_told(plan: Plan, expect: Expect, tmp_path: Path) -> None:
    ran = scanned(plan, tmp_path)
    witness, told = ran.witness, ran.told()
    assert not witness.wrong, told
    assert not witness.missed, told
    kind = plan.rules[-1].kind
    hit = [venue for venue in VENUES if ran.injected(venue, kind)]
    assert hit, told
    for venue in hit:
        expect(ran, venue, ran.injected(venue, kind))
    assert {book.state for book in ran.live.books} == {BookState.LIVE}, told
    late_ms = (plan.duration_s - 5.0) * 1e3  # long after
    assert ran.gaps(SLOW_MS, late_ms), told
    assert not ran.unreported(SLOW_MS, late_ms), (told, ran.unreported(SLOW_MS, late_ms))


KINDS = {
    "dropped": FaultRule(kind="drop", probability=0.01),
    "doubled": FaultRule(kind="duplicate", probability=0.01),
    "out of order": FaultRule(kind="reorder", probability=0.01),
    "garbled": FaultRule(kind="garble", probability=0.005),
    "silent topics": FaultRule(kind="stall", probability=0.0005, duration_ms=2500),
    "closed": FaultRule(kind="close", probability=0.0002),
}


@pytest.mark.prove
@pytest.mark.parametrize("depth", ["top", "20", "full"])
@pytest.mark.parametrize("kinds", [*([kind] for kind in KINDS), list(KINDS)], ids=[*KINDS, "everything at once"])
def test_a_minute_of_misfortune_brings_out_nothing_false(kinds: list[str], depth: str, tmp_path: Path) -> None:
    plan = Plan(
        depth=depth, duration_s=60, symbols=24, gaps_hz=4.0, every=4, rules=tuple(KINDS[kind] for kind in kinds)
    )
    ran = scanned(plan, tmp_path)
    assert not ran.witness.wrong, ran.told()
    assert all(ran.sim.counters.get(KINDS[kind].kind) for kind in kinds), ran.told()
