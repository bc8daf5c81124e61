"""A venue's budgets as we count them, and who may take of them. Pure: time is an argument.

Each budget is a sliding window: whatever fixed windows the venue counts in, none of them sees more than it allows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from arb.domain import Symbol
from arb.interfaces import Lane, RateHint, RatePool, Verb
from fastpath.net.ban import Ban
from fastpath.net.pacing import SECOND_NS

SLACK_NS = SECOND_NS // 20  # two requests may arrive closer together than they were sent
PAUSE_S, PAUSE_CAP_S = 1.0, 60.0  # after a refusal that names no time, doubling while they go on
LONGEST_CLOSE_NS = 60 * SECOND_NS  # a reset further away than this is not meant

Key = tuple[str, str]


class Cost(NamedTuple):
    """What a call will take. orders: in it.   socket: it goes over the private socket."""

    verb: Verb
    symbol: Symbol = Symbol("")
    orders: int = 1
    socket: bool = False


class Window:
    """At most `tokens` within any `window_ns`."""

    def __init__(self, tokens: int, window_ns: int) -> None:
        self.tokens = tokens
        self._window_ns = window_ns + SLACK_NS
        self._taken: deque[tuple[int, int]] = deque()
        self._used = 0
        self._closed_ns = 0

    def free(self, now_ns: int) -> int:
        self._forget(now_ns)
        return 0 if now_ns < self._closed_ns else self.tokens - self._used

    def wait_ns(self, need: int, now_ns: int) -> int:
        """How long until so many may be taken; 0: now."""
        self._forget(now_ns)
        missing = self._used + min(need, self.tokens) - self.tokens
        at_ns = now_ns
        for taken_ns, tokens in self._taken:
            if missing <= 0:
                break
            missing -= tokens
            at_ns = taken_ns + self._window_ns
        return max(at_ns, self._closed_ns) - now_ns

    def take(self, tokens: int, now_ns: int) -> None:
        self._taken.append((now_ns, tokens))
        self._used += tokens

    def learn(self, limit: int, remain: int, now_ns: int) -> None:
        """The venue's own account of it. What it counted and we did not was taken by somebody else."""
        if limit > 0:
            self.tokens = limit
        unseen = (self.tokens - remain) - (self.tokens - self.free(now_ns))
        if unseen > 0 and now_ns >= self._closed_ns:
            self.take(unseen, now_ns)

    def close(self, until_ns: int) -> None:
        self._closed_ns = max(self._closed_ns, until_ns)

    def _forget(self, now_ns: int) -> None:
        while self._taken and self._taken[0][0] + self._window_ns <= now_ns:
            self._used -= self._taken.popleft()[1]


class Governor:
    """Lanes: a CANCEL and a HEDGE may take the last of a budget of orders. Whatever else is counted there must leave

    as much as it takes, so that what an order opened can be hedged. Who goes first is up to whoever keeps the queue.
    """

    def __init__(self, pools: Sequence[RatePool], ban: Ban | None = None) -> None:
        self._pools = tuple(pools)
        self._placing = tuple(pool for pool in self._pools if Verb.PLACE in pool.costs)
        self._windows: dict[Key, Window] = {}
        self._ban = Ban() if ban is None else ban
        self._paused_ns = 0
        self._pauses = 0

    def keys(self, cost: Cost) -> tuple[Key, ...]:
        """The budgets that a call is counted in."""
        return tuple(_key(pool, cost) for pool in self._pools if _counts(pool, cost))

    def wait_ns(self, cost: Cost, lane: Lane, now_ns: int) -> int:
        """How long until this call may leave; 0: now."""
        longest_ns = max(0, self._paused_ns - now_ns, self._ban.left_ns(now_ns))
        for pool in self._pools:
            if _counts(pool, cost):
                need = _tokens(pool, cost) * _share(pool, lane)
                longest_ns = max(longest_ns, self._window(pool, cost).wait_ns(need, now_ns))
        return longest_ns

    def take(self, cost: Cost, now_ns: int) -> None:
        """It leaves now."""
        for pool in self._pools:
            if _counts(pool, cost):
                self._window(pool, cost).take(_tokens(pool, cost), now_ns)

    def refusal(self, orders: int, lane: Lane, now_ns: int) -> str:
        """Why so many orders of one market, whichever, could not leave now. Empty: they could."""
        if left_ns := self._ban.left_ns(now_ns):
            return f"the venue has banned this address for another {left_ns / SECOND_NS:.1f} s"
        if now_ns < self._paused_ns:
            return f"the venue asked for a pause of another {(self._paused_ns - now_ns) / SECOND_NS:.1f} s"
        for pool in self._placing:
            need = pool.costs[Verb.PLACE] * orders * _share(pool, lane)
            for key, window in self._windows.items():
                if key[0] == pool.name and window.free(now_ns) < min(need, window.tokens):
                    return f"the budget {' '.join(key).strip()} has {max(0, window.free(now_ns))} left"
        return ""

    def learn(self, cost: Cost, hint: RateHint, wait_ns: int, now_ns: int, *, refused: bool = False) -> bool:
        """What an answer said of the call's budget. True: it is empty, and closed for a while.

        wait_ns: until it is whole again.   refused: for this budget; one that then names no time to come is closed
        for a whole window.
        """
        empty = False
        for pool in self._pools:
            if pool.told and _counts(pool, cost):
                window = self._window(pool, cost)
                window.learn(hint.limit, hint.remain, now_ns)
                if refused and wait_ns <= 0:
                    wait_ns = round(pool.window_s * SECOND_NS)
                if hint.remain == 0 and wait_ns > 0:
                    window.close(now_ns + min(wait_ns, LONGEST_CLOSE_NS))
                    empty = True
        return empty

    def pause(self, for_s: float, now_ns: int) -> None:
        """The venue refused for too many calls. for_s: as long as it asked for; 0: it did not say."""
        if not for_s:
            for_s = min(PAUSE_CAP_S, PAUSE_S * 2.0 ** min(self._pauses, 10))
        self._pauses += 1
        self._paused_ns = max(self._paused_ns, now_ns + round(for_s * SECOND_NS))

    def banned(self, for_s: float, now_ns: int) -> None:
        """The venue has shut its door."""
        self._ban.begin(for_s, now_ns)

    def answered(self, now_ns: int) -> None:
        """A call was let through: the next refusal is a first one again."""
        if now_ns >= self._paused_ns:
            self._pauses = 0

    def _window(self, pool: RatePool, cost: Cost) -> Window:
        key = _key(pool, cost)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(pool.tokens, round(pool.window_s * SECOND_NS))
        return window


def _counts(pool: RatePool, cost: Cost) -> bool:
    return cost.verb in pool.costs and (pool.socket or not cost.socket)


def _share(pool: RatePool, lane: Lane) -> int:
    """How many times its own need a call must find free: once more, for a hedge, where hedges are counted too."""
    return 2 if lane > Lane.HEDGE and Verb.PLACE in pool.costs else 1


def _tokens(pool: RatePool, cost: Cost) -> int:
    return pool.costs[cost.verb] * (cost.orders if pool.each else 1)


def _key(pool: RatePool, cost: Cost) -> Key:
    apart = pool.apart
    if apart == "account":
        return pool.name, ""
    return pool.name, cost.symbol if apart == "market" else cost.verb.name
