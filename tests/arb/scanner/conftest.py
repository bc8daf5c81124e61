"""Both forms of the look, and of the books it looks at."""

from __future__ import annotations

import pytest

from arb.sync import PureSync
from tests.cores import SCANNERS


@pytest.fixture(params=SCANNERS)
def form(request, monkeypatch):
    """Worlds have a scanner of this form, and the pure one pure books."""
    monkeypatch.setattr("tests.arb.scanner.world.Scanner", request.param)
    if request.param.__name__ == "PureScanner":
        monkeypatch.setattr("arb.books.BookSync", PureSync)
