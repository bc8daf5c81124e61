"""Rules that a venue turns while it is traded on: known without a restart, and nothing is done by the old ones."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from arb.app.rules import Rules
from arb.domain import BookKey
from arb.sim import FaultRule
from arb.sim.market import Listing
from tests.chaos.rows import Row
from tests.chaos.trading import Traded, Wanted, traded
from tests.proof.ran import VENUES

AT, DURATION_S = 12_000.0, 40.0
TTL_H = 0.006  # facts are old after 21.6 s
ANSWER_MS = 400.0


def step_known(rules: Rules, key: BookKey, listing: Listing) -> bool:
    market = rules.market(key)
    return market is not None and market.step == Decimal(1).scaleb(-listing.order_qty_decimals)


def fee_known(rules: Rules, key: BookKey, listing: Listing) -> bool:
    fee = rules.fee(key)
    return fee is not None and fee.taker in {Decimal(repr(rate)) for rate in (listing.own_taker, listing.taker)}


def closing_known(rules: Rules, key: BookKey, listing: Listing) -> bool:
    market = rules.market(key)
    return market is not None and market.buyable is not (listing.quirk in ("paused", "untradable"))


class Turn(NamedTuple):
    """words: of the line that tells it; "": only the age of the facts does, or a subscription.

    within_ms: after the first order that meets it.   back_ms: until the new rules are known.
    """

    kind: str
    known: Wanted
    words: str
    within_ms: float | None
    back_ms: float
    does: str


TURNS = {
    "precision change": Turn(
        "precision_change", step_known, "refused an order", ANSWER_MS, 2_500,
        "an order is refused for its digits: the facts are read anew at once, the next orders keep the new step",
    ),
    "fee change": Turn(
        "fee_change", fee_known, "a fee of", ANSWER_MS, 3_000,
        "a fill costs what was not due: the facts are read anew, gaps are reckoned with the new fee",
    ),
    "delisting, every market": Turn(
        "delisting", closing_known, "", None, 23_000,
        "books fall silent; the market list closes them when it is read anew",
    ),
}  # fmt: skip


@pytest.mark.prove
@pytest.mark.parametrize("name", TURNS)
def test_a_rule_that_turns_is_known_without_a_restart(name: str, tmp_path: Path, told: Callable[[Row], None]) -> None:
    turn = TURNS[name]
    rules = [FaultRule(kind=turn.kind, venue=venue, at_ms=(AT,), fee=0.0031) for venue in VENUES]  # type: ignore[arg-type]
    done = traded(rules, DURATION_S, tmp_path, turn.known, cache={"dir": str(tmp_path / "cache"), "ttl_h": TTL_H})
    print(*done.lines, done.changed_ms, done.differences, sep="\n")
    met_ms = _first_cycle(done, AT)
    shown = [done.line_ms(venue, turn.words, AT) for venue in VENUES] if turn.words else [AT]
    known = [done.changed_ms.get(venue, float("inf")) for venue in VENUES]
    since_ms = [at if at is not None else AT for at in shown]
    if turn.words:
        assert _first_cycle(done, max(known)) is not None, "nothing was traded by the new rules"
        assert [done.rejected_ms(venue, max(known) + ANSWER_MS) for venue in VENUES] == [[], []]
    else:
        assert met_ms is None, "a cycle began in a market that was closed"
    told(
        Row(
            fault=name,
            where="venue",
            injected=done.sim.counters[turn.kind],
            detected_ms=None if None in shown or met_ms is None else max(at - met_ms for at in since_ms),
            detect_limit_ms=turn.within_ms,
            recovered_ms=max(at - min(since_ms) for at in known),
            recover_limit_ms=turn.back_ms,
            false_opportunities=0,
            ledger="0" if not done.differences else done.differences[0],
            note=f"{len(done.opened)} cycles; {turn.does}",
        )
    )


def _first_cycle(done: Traded, since_ms: float) -> float | None:
    began = (done.ms_of(opened.at_ns) for opened in done.opened)
    return next((at for at in began if at > since_ms), None)
