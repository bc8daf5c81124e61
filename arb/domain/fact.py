"""What all facts have in common."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Base of all facts: immutable, hashable, untracked by the garbage collector (they hold no cycles)."""
