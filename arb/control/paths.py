"""What a run can be asked about the paths of its market data: `arb fastpath`."""

from __future__ import annotations

from typing import Protocol

import msgspec

from arb.control.verbs import Args, Handler, Verb, one_line
from arb.domain import DataPath
from arb.errors import ControlError
from arb.pathstatus import PathReport, PathRow

MOST_VERIFY_S = 86_400.0


class PathsReply(msgspec.Struct, frozen=True):
    rows: tuple[PathRow, ...] = ()


class TurnReply(msgspec.Struct, frozen=True):
    """The venue as it is now: with a goal, the move has begun and is done when the other path is ready."""

    row: PathRow


class VerifyReply(msgspec.Struct, frozen=True):
    """report: once it is over.   left_s: until then.   waiting: the other path is not ready yet."""

    report: PathReport | None = None
    left_s: float = 0.0
    waiting: bool = False


PATHS: Verb[PathsReply] = Verb("paths", PathsReply)
TURN: Verb[TurnReply] = Verb("path-turn", TurnReply)  # venue: text; native: true or false; why: text
VERIFY: Verb[VerifyReply] = Verb("path-verify", VerifyReply)  # venue: text; seconds: number
VERIFIED: Verb[VerifyReply] = Verb("path-verified", VerifyReply)  # venue: text


class Switched(Protocol):
    """A run whose paths can be asked about. Nothing here waits; an ArbError is told to whoever asked."""

    def rows(self) -> tuple[PathRow, ...]: ...

    def turn(self, name: str, path: DataPath, why: str) -> PathRow:
        """Begin to move; whoever asked looks at `rows` for the end of it."""

    def verify(self, name: str, seconds: float) -> VerifyReply:
        """Begin to compare."""

    def verified(self, name: str) -> VerifyReply: ...


def path_verbs(run: Switched) -> dict[str, Handler]:
    """What a ControlServer serves for this run."""
    return {
        PATHS.name: lambda _args: PathsReply(run.rows()),
        TURN.name: lambda args: TurnReply(run.turn(_venue(args), _path(args), one_line(args))),
        VERIFY.name: lambda args: run.verify(_venue(args), _seconds(args)),
        VERIFIED.name: lambda args: run.verified(_venue(args)),
    }


def _venue(args: Args) -> str:
    venue = args.get("venue")
    if not isinstance(venue, str):
        raise ControlError("venue should be a text")
    return venue


def _path(args: Args) -> DataPath:
    native = args.get("native")
    if not isinstance(native, bool):
        raise ControlError("native should be true or false")
    return DataPath.NATIVE if native else DataPath.CCXT


def _seconds(args: Args) -> float:
    seconds = args.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ControlError("seconds should be a number")
    return float(seconds)
