"""Which form of the hot path's core is in use: the compiled one where it was built, unless ARB_PURE is set.

Both forms give the same answers to the same questions; the pure one is the reference. `NAME` is for people to see.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Literal

SWITCH = "ARB_PURE"


def compiled(name: str) -> ModuleType | None:
    """An extension module of ours; None where there is none (no compiler was at hand) or none is wanted."""
    if os.environ.get(SWITCH):
        return None
    try:
        return import_module(name)
    except ImportError:
        return None


cursors = compiled("arb._core")
NAME: Literal["pure", "compiled"] = "pure" if cursors is None else "compiled"
