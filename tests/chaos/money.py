"""The matrix's faults that orders meet, as plans of the exchanges: what is struck, when and for how long. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from arb.sim import FaultRule
from tests.proof.money.faults import LONGEST_S, Fault

FIRST_S = 8.0  # by then cycles are under way


class MoneyFault(NamedTuple):
    """fault: of both venues.   does: what the engine does about it.   short: in `make test` too."""

    where: str
    fault: Fault
    does: str
    short: bool = False


def now_and_then(kind: str, every_s: float, for_ms: float, **more: Any) -> tuple[FaultRule, ...]:
    """At both venues, not at once."""
    return tuple(
        FaultRule(
            kind=kind,  # type: ignore[arg-type]
            venue=venue,
            at_ms=tuple((FIRST_S + late + n * every_s) * 1e3 for n in range(int(LONGEST_S / every_s))),
            duration_ms=for_ms,
            **more,
        )
        for venue, late in (("mexc", 0.0), ("gateio", every_s / 2))
    )


MONEY: Mapping[str, MoneyFault] = {
    "429 for orders": MoneyFault(
        "venue", Fault(now_and_then("rate_limit", 12, 1_000, retry_after_s=2)),
        "nothing leaves before the time it named",
    ),
    "418 for orders": MoneyFault(
        "venue", Fault(now_and_then("ban", 20, 500, retry_after_s=4)),
        "refused at our own door while it lasts; open legs are hedged when it is over",
    ),
    "maintenance, orders": MoneyFault(
        "venue", Fault(now_and_then("maintenance", 20, 2_000), blurred=True),
        "both sides down; what was out is asked for when it is over",
    ),
    "HTML for orders": MoneyFault(
        "venue", Fault(now_and_then("html", 12, 1_500)), "an answer that cannot be read is an unknown outcome",
    ),
    "unknown fields, orders": MoneyFault(
        "venue", Fault(now_and_then("unknown_fields", 4, 3_000)), "read as if they were not there"
    ),
    "new states of orders": MoneyFault(
        "venue", Fault(now_and_then("new_enum", 8, 2_500)), "UNKNOWN until it can be proven, never a fill", True,
    ),
    "half-open, orders": MoneyFault(
        "network", Fault(now_and_then("half_open", 30, 2_500), blurred=True),
        "no answer is an unknown outcome; asked for on new connections",
    ),
    "connections refused, orders": MoneyFault(
        "network", Fault(now_and_then("refuse_connection", 20, 1_500), blurred=True),
        "an order without a connection never leaves",
    ),
    "slow, orders": MoneyFault(
        "network", Fault(now_and_then("slow", 30, 3_000, bytes_s=1_500), blurred=True),
        "answers that come too late are unknown outcomes",
    ),
    "clock jump, orders": MoneyFault(
        "venue", Fault(now_and_then("clock_jump", 20, 4_000, shift_ms=-30_000), blurred=True),
        "refused for its time: the venue's clock is measured anew",
    ),
    "precision change, orders": MoneyFault(
        "venue", Fault(now_and_then("precision_change", 15, 4_000)), "refused: nothing with the wrong step is filled"
    ),
    "delisting with cycles open": MoneyFault(
        "venue", Fault(now_and_then("delisting", 15, 3_000)), "refused; the other leg is taken back",
    ),
}  # fmt: skip
