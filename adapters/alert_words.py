"""What is worth telling a person, in words."""

from __future__ import annotations

import msgspec

from arb.domain import (
    BreakerMoved,
    BreakerState,
    CycleClosed,
    CycleEnd,
    Mismatch,
    OppEvent,
    Opportunity,
    PathMoved,
    Reason,
    RiskMoved,
    RiskState,
    Stopped,
    Unwritten,
)
from arb.units import plain


class Alert(msgspec.Struct, frozen=True):
    """kind: the word by which the configuration names it.   key: two with the same key are one, told with a count."""

    kind: str
    key: str
    text: str


def alert_of(fact: object) -> Alert | None:
    """None for what is no news to a person. Lost private sides are no single fact: see `Alerts`."""
    if isinstance(fact, RiskMoved):
        if fact.after is RiskState.ACTIVE:
            return None
        kind = "halt" if fact.after is RiskState.HALTED else "limit"
        return Alert(kind, f"{kind} {fact.limit}", f"{fact.after.name} by {fact.limit}: {fact.why}")
    if isinstance(fact, Stopped):
        left = f"; {fact.left_open} cycles are open, the next start asks the venues for them" if fact.left_open else ""
        return Alert("halt", f"stopped {fact.why}", f"the run ends: {fact.why}{left}")
    if isinstance(fact, Unwritten):
        return Alert("halt", "journal", f"nothing new begins: {fact.why}")
    if isinstance(fact, CycleClosed) and fact.end is CycleEnd.REPORTED:
        base = fact.symbol.partition("/")[0]
        left = f"{plain(fact.residual)} {base} left of cycle {fact.cycle} in {fact.symbol}: {fact.why}"
        return Alert("residual", f"residual {fact.cycle}", left)
    if isinstance(fact, BreakerMoved):
        return _breaker(fact)
    if isinstance(fact, Mismatch):
        told = f"{fact.venue}, {fact.what}: ours {fact.ours}, theirs {fact.theirs}"
        return Alert("mismatch", f"mismatch {told}", told)
    if isinstance(fact, PathMoved):
        moved = f"the market data of {fact.venue} goes on by {fact.after.name.lower()}"
        return Alert("path", f"path {fact.venue} {fact.after.name}", f"{moved} (by {fact.by.name.lower()}): {fact.why}")
    if isinstance(fact, Opportunity) and fact.event is OppEvent.OPEN and fact.reason is Reason.OK:
        return _opportunity(fact)
    return None


def _breaker(moved: BreakerMoved) -> Alert | None:
    """That it opens and that it closes again: the trials between are no news."""
    part = f"{moved.venue} {moved.part.name}"
    if moved.after is BreakerState.OPEN and moved.before is BreakerState.CLOSED:
        return Alert("breaker", f"open {part}", f"{part} keeps failing and is left alone for a while: {moved.why}")
    if moved.after is BreakerState.CLOSED:
        return Alert("breaker", f"closed {part}", f"{part} works again")
    return None


def _opportunity(found: Opportunity) -> Alert | None:
    if found.net_bps is None or found.profit is None or found.size is None:
        return None
    base, _, quote = found.symbol.partition("/")
    route = f"{found.symbol} from {found.buy.venue} to {found.sell.venue}"
    worth = f"{plain(found.net_bps)} bps, {plain(found.profit)} {quote} with {plain(found.size)} {base}"
    return Alert("opportunity", f"opportunity {route}", f"{route}: {worth}")
