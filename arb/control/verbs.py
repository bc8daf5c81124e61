"""What a running engine can be asked: every verb with its arguments and its reply, in this one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from arb.domain import RiskState
from arb.errors import ControlError
from arb.status import BalanceRow, EngineStatus, OrderRow, UptimeRow

R = TypeVar("R")
Args = Mapping[str, object]
Handler = Callable[[Args], object]  # synchronous: done when it returns; what it returns msgspec can encode

MOST_WHY = 500  # characters


class RiskReply(msgspec.Struct, frozen=True):
    """before, after: the risk state.   cancelled: orders of ours that a cancel was sent for."""

    before: RiskState
    after: RiskState
    why: str
    cancelled: int = 0


class CancelReply(msgspec.Struct, frozen=True):
    """The orders of ours that a cancel was sent for. That it was sent is all that is known yet."""

    orders: tuple[OrderRow, ...] = ()


class FlattenReply(msgspec.Struct, frozen=True):
    """sent: the orders that take the exposure back.   left: what cannot be traded, and why, a line each."""

    sent: tuple[OrderRow, ...] = ()
    left: tuple[str, ...] = ()


class BalancesReply(msgspec.Struct, frozen=True):
    rows: tuple[BalanceRow, ...] = ()


class UptimeReply(msgspec.Struct, frozen=True):
    """A row for each book of the run."""

    rows: tuple[UptimeRow, ...] = ()


class Verb(msgspec.Struct, Generic[R], frozen=True):
    """name: on the wire.   reply: the type of the answer."""

    name: str
    reply: type[R]


STATUS: Verb[EngineStatus] = Verb("status", EngineStatus)
HALT: Verb[RiskReply] = Verb("halt", RiskReply)  # why: text
RESUME: Verb[RiskReply] = Verb("resume", RiskReply)  # why: text
CANCEL_ALL: Verb[CancelReply] = Verb("cancel-all", CancelReply)
FLATTEN: Verb[FlattenReply] = Verb("flatten", FlattenReply)
BALANCES: Verb[BalancesReply] = Verb("balances", BalancesReply)
UPTIME: Verb[UptimeReply] = Verb("uptime", UptimeReply)


class Operated(Protocol):
    """An engine that can be asked. Nothing here waits; an ArbError is told to whoever asked."""

    def status(self) -> EngineStatus: ...

    def halt(self, why: str) -> RiskReply:
        """HALTED when this returns: nothing leaves any more but cancels, which go for every resting order of ours."""

    def resume(self, why: str) -> RiskReply: ...

    def cancel_all(self) -> CancelReply:
        """Ours only: what others rest in the same account stays."""

    def flatten(self) -> FlattenReply:
        """Take back what the exposure ledger holds; also while HALTED, since a person asks for it."""

    def balances(self) -> BalancesReply: ...

    def uptime(self) -> UptimeReply: ...


def verbs_of(engine: Operated) -> dict[str, Handler]:
    """What a ControlServer serves for this engine."""
    return {
        STATUS.name: lambda _args: engine.status(),
        HALT.name: lambda args: engine.halt(one_line(args)),
        RESUME.name: lambda args: engine.resume(one_line(args)),
        CANCEL_ALL.name: lambda _args: engine.cancel_all(),
        FLATTEN.name: lambda _args: engine.flatten(),
        BALANCES.name: lambda _args: engine.balances(),
        UPTIME.name: lambda _args: engine.uptime(),
    }


def one_line(args: Args) -> str:
    """Why it is asked for, as it goes to the journal. Raises ControlError."""
    why = args.get("why", "")
    if not isinstance(why, str):
        raise ControlError("why should be a text")
    return " ".join(why.split())[:MOST_WHY]
