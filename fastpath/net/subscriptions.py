"""Who is subscribed on one connection, who was asked for, and what must be done next. Pure: time is an argument.

A symbol's way: WANTED -> ASKED -> ON. Where the venue pushes the first full book (`Seed.PUSHED`), an accepted symbol is
ACCEPTED until that book has come. A symbol that is refused, not answered or not served in time is SPOILED and asked for
again later: first taken off (LEAVING), since the venue may hold it subscribed whatever it said, then WANTED again. The
others on the connection never notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from random import Random
from typing import NamedTuple

from arb.domain import Symbol
from fastpath.net.pacing import CALM_S, SECOND_NS, Ladder

ANSWER_S = 5.0  # Gate acks within 0.1 s, and a stream that has pushed nothing after 5 s never does (gateio.md 2.7)
_NEVER = 1 << 63


class State(IntEnum):
    WANTED = 1
    ASKED = 2
    ACCEPTED = 3
    ON = 4
    SPOILED = 5
    LEAVING = 6


class Ask(NamedTuple):
    """Something to be sent: `leave` unsubscribes, else it subscribes."""

    leave: bool
    symbols: tuple[Symbol, ...]


class Silence(NamedTuple):
    """Symbols whose time was up, and what did not come."""

    reason: str
    symbols: tuple[Symbol, ...]


@dataclass(slots=True)
class _Entry:
    state: State = State.WANTED
    at_ns: int = 0  # WANTED, SPOILED: not before; ASKED, ACCEPTED, LEAVING: not after (never, until the frame is sent)
    fed: bool = False  # its full book has come
    alone: bool = False  # was refused together with others: ask for it by itself
    failed: bool = False  # refused or silent at least once on this connection


class Subscriptions:
    """symbols: what the connection should carry.   pushed: each begins with a full book."""

    def __init__(self, symbols: Sequence[Symbol], pushed: bool, rng: Random, answer_s: float = ANSWER_S) -> None:
        self._entries = {symbol: _Entry() for symbol in symbols}
        self._pushed = pushed
        self._answer_ns = round(answer_s * SECOND_NS)
        self._refusals = Ladder(first_s=60.0, cap_s=600.0, quiet_s=1200.0, rng=rng)
        self._silences = Ladder(first_s=1.0, cap_s=600.0, quiet_s=1200.0, rng=rng)
        self._renewals = Ladder(first_s=0.1, cap_s=10.0, quiet_s=60.0, rng=rng, free=1, calm_s=CALM_S)
        self.waiting = pushed  # whether some full book has yet to come

    @property
    def on(self) -> frozenset[Symbol]:
        """Symbols whose stream flows."""
        return frozenset(s for s, e in self._entries.items() if e.state is State.ON)

    @property
    def settled(self) -> bool:
        """Whether every symbol is on, or has failed once: more will not come soon."""
        return all(e.state is State.ON or e.failed for e in self._entries.values())

    # ------------------------------------------------------------------------------------------- what to do

    def expire(self, now_ns: int) -> tuple[Silence, ...]:
        """End the waits that are over. What is returned has failed; an unsubscription may go unanswered."""
        late: dict[str, list[Symbol]] = {}
        for symbol, entry in self._entries.items():
            if now_ns < entry.at_ns:
                continue
            if entry.state is State.ASKED:
                late.setdefault("no answer", []).append(symbol)
            elif entry.state is State.ACCEPTED:
                late.setdefault("no full book", []).append(symbol)
            elif entry.state is State.LEAVING:
                self._want(entry, now_ns)
        for symbols in late.values():
            for symbol in symbols:
                self._spoil(symbol, self._silences, now_ns)
        return tuple(Silence(reason, tuple(symbols)) for reason, symbols in late.items())

    def due(self, now_ns: int) -> tuple[Ask, ...]:
        """What must be sent now. The time for an answer begins with `sent`."""
        ready = [(s, e) for s, e in self._entries.items() if now_ns >= e.at_ns]
        leaving = [s for s, e in ready if e.state is State.SPOILED]
        together = [s for s, e in ready if e.state is State.WANTED and not e.alone]
        alone = [s for s, e in ready if e.state is State.WANTED and e.alone]
        asks = [Ask(True, tuple(leaving))] if leaving else []
        asks += [Ask(False, tuple(together))] if together else []
        asks += [Ask(False, (s,)) for s in alone]
        for ask in asks:
            for symbol in ask.symbols:
                entry = self._entries[symbol]
                entry.state = State.LEAVING if ask.leave else State.ASKED
                entry.at_ns, entry.fed = _NEVER, False
        return tuple(asks)

    def sent(self, ask: Ask, now_ns: int) -> None:
        """The last frame of `ask` has gone. The first may have been answered while the others waited for their turn."""
        state = State.LEAVING if ask.leave else State.ASKED
        for symbol in ask.symbols:
            entry = self._entries[symbol]
            if entry.state is state and entry.at_ns == _NEVER:
                entry.at_ns = now_ns + self._answer_ns

    def wait_ns(self, now_ns: int) -> int:
        """How long until `expire` or `due` may have something."""
        return max(0, min((e.at_ns for e in self._entries.values()), default=_NEVER) - now_ns)

    # ------------------------------------------------------------------------------------------- what the venue says

    def accepted(self, symbols: Iterable[Symbol], now_ns: int) -> None:
        """An answer that comes too late is as good as any, unless the symbol is being taken off already."""
        for symbol in symbols:
            entry = self._entries.get(symbol)
            if entry is None or entry.state not in (State.ASKED, State.SPOILED):
                continue
            if self._pushed and not entry.fed:
                entry.state, entry.at_ns = State.ACCEPTED, now_ns + self._answer_ns
            else:
                self._flows(entry)

    def refused(self, symbols: Sequence[Symbol], now_ns: int) -> None:
        """One bad symbol fails a whole request on some venues: each is then asked for by itself, at once."""
        for symbol in symbols:
            entry = self._entries.get(symbol)
            if entry is None:
                continue
            if entry.state is State.LEAVING:
                self._want(entry, now_ns)  # it was not there to be taken off
            elif entry.state is State.ASKED and len(symbols) > 1 and not entry.alone:
                entry.alone = True
                self._want(entry, now_ns)
            elif entry.state in (State.ASKED, State.ACCEPTED, State.ON):
                self._spoil(symbol, self._refusals, now_ns)

    def left(self, symbols: Iterable[Symbol], now_ns: int) -> None:
        """Taken off: by us, to be asked for anew, or by the venue, which gets some time first."""
        for symbol in symbols:
            entry = self._entries.get(symbol)
            if entry is None:
                continue
            if entry.state is State.LEAVING:
                self._want(entry, now_ns)
            elif entry.state in (State.ACCEPTED, State.ON):
                self._spoil(symbol, self._silences, now_ns)

    def fed(self, symbol: Symbol) -> None:
        """A full book has come; it may come before the answer to the subscription."""
        entry = self._entries.get(symbol)
        if entry is None:
            return
        entry.fed = True
        if entry.state is State.ACCEPTED:
            self._flows(entry)

    def starved(self, symbol: Symbol, now_ns: int) -> None:
        """Changes come, and the full book that should have come before them did not: it was lost, so ask anew."""
        entry = self._entries.get(symbol)
        if entry is not None and entry.state is State.ACCEPTED and not entry.fed:
            entry.state, entry.at_ns = State.SPOILED, now_ns + self._renewals.step_ns(symbol, now_ns)

    def renew(self, symbol: Symbol, now_ns: int) -> bool:
        """Have the venue push the full book again. False: not here, or already on its way."""
        entry = self._entries.get(symbol)
        if entry is None or entry.state is not State.ON:
            return False
        entry.state, entry.at_ns = State.SPOILED, now_ns + self._renewals.step_ns(symbol, now_ns)
        entry.fed = False
        self.waiting = True
        return True

    # ------------------------------------------------------------------------------------------- inside

    def _want(self, entry: _Entry, now_ns: int) -> None:
        entry.state, entry.at_ns, entry.fed = State.WANTED, now_ns, False
        self.waiting = self._pushed

    def _spoil(self, symbol: Symbol, ladder: Ladder, now_ns: int) -> None:
        entry = self._entries[symbol]
        entry.state, entry.at_ns = State.SPOILED, now_ns + ladder.step_ns(symbol, now_ns)
        entry.fed, entry.failed = False, True
        self.waiting = self._pushed

    def _flows(self, entry: _Entry) -> None:
        entry.state, entry.at_ns, entry.failed = State.ON, _NEVER, False
        self.waiting = self._pushed and any(e.state is not State.ON for e in self._entries.values())
