"""Every way in which a venue's private side may go wrong, as plans of the simulated exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from arb.sim import FaultRule

PLACES = ("POST /api/v3/order", "spot.order_place", "POST /api/v4/spot/orders")
LOOKS = ("GET /api/v3/order", "GET /api/v3/myTrades", "GET /api/v4/spot/orders", "GET /api/v4/spot/my_trades")
CANCELS = ("DELETE /api/v3/order", "spot.order_cancel", "DELETE /api/v4/spot/orders")
ORDERS = ("private.orders", "spot.orders")
FILLS = ("private.deals", "spot.usertrades")
BALANCES = ("private.account", "spot.balances")
PUSHES = (*ORDERS, *FILLS, *BALANCES)

LONGEST_S = 1_200.0  # of its own time, a run is over by then


class Fault(NamedTuple):
    """resting: our orders stay in the book instead of ending at once, as if the venue had not kept its word.

    blurred: balances get lost or overtake one another within the venue's millisecond, which nobody can put in order:
    there `arb.inventory` may call too much free for a while.
    """

    rules: tuple[FaultRule, ...]
    resting: bool = False
    blurred: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(rule.kind for rule in self.rules)


def on(topics: tuple[str, ...], kind: str, probability: float, **more: Any) -> Iterator[FaultRule]:
    for topic in topics:
        yield FaultRule(kind=kind, topic=topic, probability=probability, **more)  # type: ignore[arg-type]


def every(kind: str, seconds: float, **more: Any) -> FaultRule:
    count = int(LONGEST_S / seconds)
    return FaultRule(kind=kind, at_ms=tuple(n * seconds * 1e3 for n in range(1, count)), **more)  # type: ignore[arg-type]


FAULTS = {
    "none": Fault(()),
    "the answer is lost": Fault(tuple(on(PLACES, "lost_answer", 0.3))),
    "the request is lost": Fault(tuple(on(PLACES, "lost_request", 0.15))),
    "the answer comes after the pushes": Fault(
        (*on(PLACES, "late_answer", 0.3, delay_ms=120), *on(PLACES, "late_answer", 0.2, delay_ms=3_000))
    ),
    "orders and fills are pushed late": Fault(
        (*on((*ORDERS, *FILLS), "delay", 0.3, delay_ms=150), *on((*ORDERS, *FILLS), "delay", 0.15, delay_ms=4_000))
    ),
    "pushes come twice": Fault(tuple(on(PUSHES, "duplicate", 0.4))),
    "orders and fills are not pushed": Fault(tuple(on((*ORDERS, *FILLS), "drop", 0.4))),
    "pushes come out of order": Fault(tuple(on(PUSHES, "reorder", 0.4)), blurred=True),
    "filled in part, then cancelled": Fault((FaultRule(kind="partial_cancel", probability=0.5),)),
    "filled during the cancel": Fault((FaultRule(kind="fill_on_cancel", probability=0.8),), resting=True),
    "a new order is not found": Fault(
        (
            FaultRule(kind="lookup_lag", probability=0.6, delay_ms=3_000),
            *on((*ORDERS, *FILLS), "drop", 0.3),
            *on(PLACES, "lost_answer", 0.3),
        )
    ),
    "balances are pushed late": Fault(
        (*on(BALANCES, "delay", 0.3, delay_ms=1_500), *on(BALANCES, "delay", 0.3, delay_ms=90)), blurred=True
    ),
    "balances are not pushed": Fault(tuple(on(BALANCES, "drop", 0.4)), blurred=True),
    "too many requests": Fault((*on(PLACES, "rate_limit", 0.08), *on((*LOOKS, *CANCELS), "rate_limit", 0.1))),
    "server error before": Fault((*on(PLACES, "server_error", 0.1), *on((*LOOKS, *CANCELS), "server_error", 0.2))),
    "server error after": Fault((*on(PLACES, "error_after", 0.15), *on(CANCELS, "error_after", 0.3))),
    "the timestamp is expired": Fault((*on(PLACES, "expired", 0.1), *on((*LOOKS, *CANCELS), "expired", 0.2))),
    "the listen key is expired": Fault((every("listen_key", 6.0, venue="mexc"),)),
    "the private socket is dead": Fault(
        tuple(on(PUSHES, "stall", 0.02, scope="socket", duration_ms=20_000)), blurred=True
    ),
    "the private socket is closed": Fault(tuple(on(PUSHES, "close", 0.02))),
}


def _together(share: float) -> Fault:
    """All of them, each as often as `share` of what it is alone; what would hide the others far less often."""
    rules: dict[FaultRule, None] = {}
    for fault in FAULTS.values():
        for rule in fault.rules:
            fewer = {"close": 0.2, "stall": 0.2, "rate_limit": 0.5, "server_error": 0.5}.get(rule.kind, 1.0)
            changes = {"probability": rule.probability * share * fewer} if rule.probability else {}
            rules[FaultRule(**({name: getattr(rule, name) for name in rule.__struct_fields__} | changes))] = None
    return Fault(tuple(rules), resting=True, blurred=True)


FAULTS["all at once"] = _together(0.25)
