"""The matrix's table: each case hands in its row, and they are printed together at the end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from arb.config import values
from tests.chaos.rows import Row, table

_PROPERTY = "chaos"


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Hand in a row; the test fails where it does not hold."""

    def tell(row: Row) -> None:
        record_property(_PROPERTY, msgspec.json.encode(row).decode())
        assert row.holds, next(line for line in list(table([row]))[1:])

    return tell


@pytest.fixture(autouse=True)
def names_of_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that nobody resolves but the test are of this machine too: addresses without TLS may have them."""
    real = values._is_here
    monkeypatch.setattr(values, "_is_here", lambda host: host.endswith(".sim.invalid") or real(host))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        msgspec.json.decode(text, type=Row)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if report.when == "call"
        for name, text in report.user_properties
        if name == _PROPERTY
    ]
    if rows:
        terminalreporter.section("chaos")
        for line in table(rows):
            terminalreporter.write_line(line)
