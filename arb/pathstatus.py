"""What a run says about the paths of its venues' market data, and what a comparison of two paths has found."""

from __future__ import annotations

import msgspec

from arb.domain import DataPath, Mover, Symbol, VenueId


class PathRow(msgspec.Struct, frozen=True):
    """One venue. label: how the path is shown, "native", "ccxt", "ccxt (demoted)", "ccxt (by hand)".

    by, why: who decided on it, and on what grounds.   native: whether the venue has a codec of ours.
    fixed: why it cannot change in this run; "": it can.   shadow: the path that runs beside it; None: none.
    goal: the path that is being moved to.   note: what else a person should know of it now.
    moves: how often it has changed.   errors, gaps, mismatches: of native, since it decides or runs in the shadow.
    """

    venue: VenueId
    path: DataPath
    label: str
    by: Mover = Mover.CONFIG
    why: str = ""
    native: bool = True
    fixed: str = ""
    trust: str = ""
    books: int = 0
    books_live: int = 0
    shadow: DataPath | None = None
    shadow_live: int = 0
    goal: DataPath | None = None
    clean_s: float = 0.0
    clean_needed_s: float = 0.0
    note: str = ""
    moves: int = 0
    errors: int = 0
    gaps: int = 0
    mismatches: int = 0


class SymbolDifference(msgspec.Struct, frozen=True):
    """How one market's two books compare. Shares are of the time for which both were LIVE; None: they never were.

    largest_bps: between the two best bids, or the two best asks.   longest_ms: for which the tops differed at a time.
    compared: states of one sequence seen on both paths.   unequal: of those, where the levels were not the same.
    """

    symbol: Symbol
    both_live_s: float
    equal_share: float | None
    largest_bps: float = 0.0
    longest_ms: float = 0.0
    compared: int = 0
    unequal: int = 0


class FactDifference(msgspec.Struct, frozen=True):
    """A static fact that the two paths have otherwise."""

    symbol: Symbol
    fact: str
    ours: str
    theirs: str


class Sequences(msgspec.Struct, frozen=True):
    """What one path counted meanwhile. frames: -1 where nobody counts them."""

    frames: int = 0
    updates: int = 0
    decode_errors: int = 0
    gaps: int = 0
    crossed: int = 0
    resyncs: int = 0
    losses: int = 0


class PathReport(msgspec.Struct, frozen=True):
    """Native and ccxt of one venue side by side for `seconds`.

    equal_share: of the time for which both books of a market were LIVE, over all of them.
    leads: how often it could be told who was first.   native_first: the share of them.   lead_p*_ms: by how much native
    was earlier with a state (< 0: later).   lasting: tops that differed for longer than `lasting_s` at a time.
    worst: the markets that differ most.   agrees: some market was LIVE on both, no state of one sequence was different
    on the two, no difference lasted, and no fact differed.
    """

    venue: VenueId
    seconds: float
    deciding: DataPath
    symbols: int
    both_live: int
    equal_share: float | None
    largest_bps: float
    longest_ms: float
    lasting_s: float
    lasting: int
    compared: int
    unequal: int
    leads: int
    native_first: float | None
    lead_p1_ms: float | None
    lead_p50_ms: float | None
    lead_p99_ms: float | None
    native: Sequences
    ccxt: Sequences
    worst: tuple[SymbolDifference, ...] = ()
    facts_compared: int = 0
    facts: tuple[FactDifference, ...] = ()
    notes: tuple[str, ...] = ()
    agrees: bool = False
