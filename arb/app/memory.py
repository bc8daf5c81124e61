"""What is loaded before a run lives as long as it: the collector of cycles need not walk it again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settled() -> Iterator[None]:
    """Until left, objects that are there now are passed over.

    Libraries and static facts are a quarter of a million objects, and a full collection would hold up the loop for
    tens of milliseconds, again and again, to find that all of them still live.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
