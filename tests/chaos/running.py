"""One fault of the matrix against a whole scan, in its own time, and the row it makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ThreadedResolver

from arb.domain import VenueId
from tests.chaos.matrix import AT, Count, Fault, Line, Nothing, State
from tests.chaos.rows import Row
from tests.chaos.seen import Seen
from tests.proof.ran import Plan, Ran
from tests.proof.running import scanned

USUAL: dict[str, Any] = {"depth": "20", "symbols": 8, "gaps_hz": 3.0, "duration_s": 24.0}


def row_of(name: str, fault: Fault, folder: Path, *, small: bool = False) -> tuple[Row, str]:
    """The row, and what a person wants to know who has to find out why it does not hold."""
    made: list[Seen] = []

    def beside(ran: Ran) -> None:
        made.append(Seen(ran))
        ran.begins.append(lambda: _trust(ran, patch))

    few = {"symbols": 3, "gaps_hz": 1.0} if small else {}
    plan = Plan(**(USUAL | dict(fault.plan) | few), rules=fault.faults())
    with pytest.MonkeyPatch.context() as patch:
        ran = _heard(plan, folder, beside, made)
    seen = made[0]
    lost = list(_lost(fault, seen))
    shown = [_shown(fault, seen, VenueId(venue)) for venue in fault.venues]
    recovered = None if fault.lasts else max((back for _, back in lost), default=None)
    never = fault.back_ms is None and not fault.lasts  # a book that is lost at all breaks the promise
    row = Row(
        fault=name,
        where=fault.where,
        injected=min(ran.injected(venue, str(rule["kind"])) for venue in fault.venues for rule in fault.rules),
        detected_ms=None if None in shown else max(at for at in shown if at is not None),
        detect_limit_ms=fault.within_ms,
        recovered_ms=recovered,
        recover_limit_ms=0.0 if never and recovered is not None else fault.back_ms if recovered is not None else None,
        false_opportunities=ran.witness.counts["wrong"],
        ledger="0",
        note=fault.does,
    )
    lines = "".join(f"\n{at:.0f} ms: {line.strip()}" for at, line in seen.lines)
    return row, f"{ran.told()}{lines}\nscope {_scope(fault, seen)}, lost {lost}, shown {shown}"


def _heard(plan: Plan, folder: Path, beside: Any, made: list[Seen]) -> Ran:
    def both(ran: Ran) -> None:
        beside(ran)
        listening = made[0].listening()
        listening.__enter__()
        closing.append(listening)

    closing: list[Any] = []
    try:
        return scanned(plan, folder, both)
    finally:
        for listening in closing:
            listening.__exit__(None, None, None)


def _trust(ran: Ran, patch: pytest.MonkeyPatch) -> None:
    """What a user does who runs `arb sim` over TLS: trust the certificate it tells of."""
    if ran.sim.ca_file:
        patch.setenv("SSL_CERT_FILE", ran.sim.ca_file)
    patch.setattr("aiohttp.connector.DefaultResolver", ThreadedResolver)  # asks the loop, as the sockets do


def _scope(fault: Fault, seen: Seen) -> list[str]:
    return [fault.symbol] if fault.symbol else seen.active()


def _lost(fault: Fault, seen: Seen) -> Iterator[tuple[float, float]]:
    """For every book in scope that was lost: how long after the fault began, and how long after its end it was back."""
    for venue in fault.venues:
        for symbol in _scope(fault, seen):
            found = seen.lost_ms(venue, symbol, AT, AT + fault.ends_ms)
            if found is not None:
                yield found[0] - AT, max(0.0, found[1] - AT - fault.ends_ms)


def _shown(fault: Fault, seen: Seen, venue: VenueId) -> float | None:
    """How long after it began the fault showed at this venue; None: it did not."""
    match fault.sign:
        case Nothing():
            return 0.0
        case State():
            standing = [symbol for symbol in _scope(fault, seen) if seen.live_at(venue, symbol, AT)]
            ms = [seen.lost_ms(venue, symbol, AT, AT + fault.ends_ms) for symbol in standing]
            return None if None in ms or not ms else max(found[0] for found in ms if found is not None) - AT
        case Count(name):
            at_ms = seen.count_ms(venue, name, AT)
        case Line(words):
            at_ms = seen.line_ms(venue, words, AT)
        case told:
            at_ms = seen.fact_ms(venue, told.kind, AT)
    return None if at_ms is None else at_ms - AT
