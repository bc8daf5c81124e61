"""Both forms of the hot path's core, so that one test asks the same of each; the compiled one where it was built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest

from arb import core, engine, look, sync, turn
from arb.book import Book
from arb.latency import Latency
from arb.scanner import scanner

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
_LOOKS = () if look.compiled else _NONE
_TURNS = () if turn.compiled else _NONE
SCANNERS = [
    pytest.param(scanner.PureScanner, id="pure"),
    pytest.param(getattr(scanner, "CompiledScanner", None), id="compiled", marks=_LOOKS),
]
ENGINES = [
    pytest.param(engine.PureEngine, id="pure"),
    pytest.param(getattr(engine, "CompiledEngine", None), id="compiled", marks=_TURNS),
]
LATENCIES = [
    pytest.param(Latency, id="pure"),
    pytest.param(getattr(turn.compiled, "Latency", None), id="compiled", marks=_TURNS),
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
