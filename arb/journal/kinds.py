"""Which facts are journalled, and how one becomes a row and a fact again.

The body is the fact as JSON: Decimals as strings, digit for digit; enums as their numbers. The columns beside it repeat
what rows are looked up by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from arb.bounded import UNREADABLE, shown
from arb.domain import (
    Balance,
    BalancesRead,
    Baseline,
    BookSeen,
    ClientId,
    CycleClosed,
    CycleId,
    CycleMoved,
    CycleOpened,
    Delta,
    ExposureMoved,
    Fact,
    Fill,
    LegPlan,
    Mismatch,
    NakedMoved,
    NotFound,
    Order,
    OrderSent,
    OrderUpdate,
    PathMoved,
    Plan,
    PrivateDown,
    PrivateUp,
    Refused,
    RiskMoved,
    Stopped,
    Unwritten,
)
from arb.errors import JournalError


class Committed(Fact, frozen=True, gc=False):
    """A write ahead is done, and the orders in it may leave from here on. took_ns: what the commit cost the loop."""

    cycle: CycleId
    client_ids: tuple[ClientId, ...]
    took_ns: int
    at_ns: int


class Left(Fact, frozen=True, gc=False):
    """Orders that were written ahead have been handed to their venues' private sides."""

    cycle: CycleId
    client_ids: tuple[ClientId, ...]
    at_ns: int


class Key(NamedTuple):
    """What a row is looked up by; None where the fact has no such thing. venue_id: the venue's id of the order."""

    cycle: str | None = None
    client_id: str | None = None
    venue_id: str | None = None
    venue: str | None = None
    symbol: str | None = None
    coin: str | None = None


KINDS: tuple[type[Fact], ...] = (
    Committed, Left, Baseline, BookSeen, LegPlan, Plan, Refused, CycleOpened, OrderSent, CycleMoved, NakedMoved, Delta,
    CycleClosed, ExposureMoved, RiskMoved, Mismatch, Stopped, Order, OrderUpdate, Fill, Balance, BalancesRead, NotFound,
    PrivateUp, PrivateDown, Unwritten, PathMoved,
)  # fmt: skip

_NAMES = {kind: kind.__name__ for kind in KINDS}
_DECODERS = {kind.__name__: msgspec.json.Decoder(kind) for kind in KINDS}
_MOMENTS = {
    kind: next((name for name in ("at_ns", "recv_ns", "planned_ns") if name in kind.__struct_fields__), "")
    for kind in KINDS
}
_DATED = frozenset(kind for kind in KINDS if "wall_ns" in kind.__struct_fields__)
_COLUMNS = {kind: tuple(name if name in kind.__struct_fields__ else "" for name in Key._fields) for kind in KINDS}
_WITHIN: dict[type[Fact], Callable[..., Key]] = {
    CycleOpened: lambda opened: Key(cycle=opened.cycle, symbol=opened.plan.symbol),
    OrderSent: lambda sent: Key(sent.cycle, sent.order.client_id, venue=sent.order.venue, symbol=sent.order.symbol),
    Refused: lambda refused: Key(symbol=refused.intent.symbol),
}
_encode = msgspec.json.Encoder().encode
_SUSPECT = re.compile(r'(?:nan\d*|inf|infinity|e[+-]?\d{3,})"', re.IGNORECASE)  # a coin may be called INF
_MOST_EXPONENT = 100


def is_kept(fact: object) -> bool:
    """Whether facts of this kind are journalled at all."""
    return type(fact) in _NAMES


def name_of_kind(kind: type[Fact]) -> str:
    """What the rows of a kind are called. Raises KeyError for what is not journalled."""
    return _NAMES[kind]


def key_of(fact: Fact) -> Key:
    if (within := _WITHIN.get(type(fact))) is not None:
        return within(fact)
    return Key(*(getattr(fact, name) or None if name else None for name in _COLUMNS[type(fact)]))


def mono_of(fact: Fact) -> int:
    """When it was so, on our monotonic clock; 0 where the fact does not say."""
    name = _MOMENTS[type(fact)]
    return int(getattr(fact, name)) if name else 0


def wall_of(fact: Fact) -> int:
    """Its own wall time; 0 where it has none."""
    return fact.wall_ns if type(fact) in _DATED else 0  # type: ignore[attr-defined]  # by the table


def orders_of(fact: object) -> tuple[tuple[CycleId, Order], ...]:
    """The orders that this fact allows to be sent."""
    if isinstance(fact, CycleOpened):
        return tuple([(fact.cycle, order) for order in fact.orders])
    return ((fact.cycle, fact.order),) if isinstance(fact, OrderSent) else ()


def body_of(fact: Fact) -> str:
    return _encode(fact).decode()


def fact_of(kind: str, body: str, where: str) -> Fact:
    """where: what to call the row in an error. Raises JournalError."""
    try:
        fact: Fact = _DECODERS[kind].decode(body)
    except (KeyError, TypeError, *UNREADABLE) as exc:
        raise JournalError(f"{where} cannot be read as {shown(kind)}: {shown(exc)}") from None
    if _SUSPECT.search(body) and not _sound(fact):
        raise JournalError(f"{where} cannot be read as {kind}: an amount in it is no number that can be reckoned with")
    return fact


def _sound(value: object) -> bool:
    """Whether every amount in it can be added and written out: "NaN" and "1E+999999999" are Decimals too."""
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) <= _MOST_EXPONENT
    if isinstance(value, msgspec.Struct):
        return all(_sound(getattr(value, name)) for name in value.__struct_fields__)
    return not isinstance(value, tuple) or all(map(_sound, value))
