"""The names of cycles and orders: unique over restarts, and an order's name tells its cycle."""

from __future__ import annotations

import re

from arb.domain import ClientId, CycleId
from arb.errors import ConfigError

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MARK = "arb-"
_OURS = re.compile(r"arb-([0-9a-z]{10,20})-[0-9a-z]{1,3}")  # 28 characters at most: what every venue takes
_INSTANCE = re.compile(r"[0-9a-z]{2}")


class Ids:
    """Names cycles: wall time of the start in ms, the instance, a counter, all in base 36.

    instance: two characters out of 0-9a-z, to tell apart processes that start in the same millisecond.
    """

    def __init__(self, wall_ns: int, instance: str) -> None:
        if not _INSTANCE.fullmatch(instance):
            raise ConfigError(f"{instance!r} cannot tell an instance apart; use two characters out of 0-9 and a-z")
        self._stamp = base36(wall_ns // 1_000_000).rjust(8, "0") + instance
        self._made = 0

    def cycle(self) -> CycleId:
        self._made += 1
        return CycleId(self._stamp + base36(self._made))


def client_id(cycle: CycleId, number: int) -> ClientId:
    """Of the order that is the `number`-th of its cycle, from 1. Whoever goes on with a cycle counts what it had."""
    return ClientId(f"{_MARK}{cycle}-{base36(number)}")


def cycle_of(name: str) -> CycleId | None:
    """The cycle of an order of ours; None: the order is not ours."""
    found = _OURS.fullmatch(name)
    return None if found is None else CycleId(found[1])


def ours(name: str) -> bool:
    return _OURS.fullmatch(name) is not None


def base36(number: int) -> str:
    """number >= 0."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text
