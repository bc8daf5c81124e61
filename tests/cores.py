"""Both forms of the hot path's core, so that one test asks the same of each; the compiled one where it was built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest

from arb import core, sync
from arb.book import Book

_BUILT = core.cursors
_NONE = pytest.mark.skip(reason="the compiled core was not built here, or ARB_PURE is set")

BOOKS = [
    pytest.param(Book, id="pure"),
    pytest.param(getattr(_BUILT, "Book", None), id="compiled", marks=() if _BUILT else _NONE),
]
SYNCS = [
    pytest.param(sync.PureSync, id="pure"),
    pytest.param(getattr(sync, "CompiledSync", None), id="compiled", marks=() if _BUILT else _NONE),
]
NAMES = [pytest.param("pure"), pytest.param("compiled", marks=() if _BUILT else _NONE)]


@contextmanager
def using(form: str, venue: str) -> Iterator[None]:
    """New books and this venue's readers are of that form."""
    module = import_module(f"fastpath.{venue}")
    with pytest.MonkeyPatch.context() as patch:
        if form == "pure":
            patch.setattr("arb.books.BookSync", sync.PureSync)
            patch.setattr(module, "_compiled", None)
        yield
