"""How a run fares, as the screen and the summaries say it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arb.cli.views.health import breakers, loop_lag, outages
from arb.cli.views.table import scan_picture
from arb.cli.views.text import summary_text
from arb.domain import BreakerState, Part, Symbol, VenueId
from arb.status import BreakerRow, LoopStatus, ScanStatus, UptimeRow
from tests.arb.cli.fakes import status, summary
from tests.arb.cli.views.test_table import printed, terminal

LOST = UptimeRow(VenueId("mexc"), Symbol(""), 0.9994, 3, 100.4, 900.0, 40.0, 330.6)
OPEN = BreakerRow(Part.PUBLIC, BreakerState.OPEN, 1.44, "503")
TRYING = BreakerRow(Part.PRIVATE, BreakerState.HALF_OPEN)
CLOSED = BreakerRow(Part.STREAM, BreakerState.CLOSED)
LAG = LoopStatus(310.0, 1100.0, 12_500.0)


def troubled() -> ScanStatus:
    now = status()
    return replace(now, venues=(replace(now.venues[0], uptime=LOST, breakers=(CLOSED, OPEN)),), loop=LAG)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        pytest.param(None, "", id="nobody counts"),
        pytest.param(UptimeRow(VenueId("mexc"), Symbol(""), 1.0), "", id="there was none"),
        pytest.param(LOST, "3 outages (seen in 100/900 ms, back in 40/331 ms)", id="some"),
        pytest.param(
            replace(LOST, outages=1, recover_p50_ms=None, recover_worst_ms=None),
            "1 outage (seen in 100/900 ms, back in - ms)",
            id="one that goes on",
        ),
    ],
)
def test_outages(row: UptimeRow | None, text: str) -> None:
    assert outages(row) == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        pytest.param((), "-", id="there are none"),
        pytest.param((CLOSED,), "-", id="all work"),
        pytest.param((OPEN, TRYING, CLOSED), "PUBLIC OPEN 1.4 s, PRIVATE HALF_OPEN", id="those that do not"),
    ],
)
def test_breakers(rows: tuple[BreakerRow, ...], text: str) -> None:
    assert breakers(rows) == text


def test_a_loop_that_nobody_measured() -> None:
    assert loop_lag(LoopStatus()) == "-"


def test_the_screen_shows_outages_an_open_breaker_and_the_lag() -> None:
    text = printed(scan_picture(troubled(), rejected=False, width=200, height=40), terminal(200))
    assert "breaker  mexc PUBLIC OPEN 1.4 s: 503" in text
    assert "loop lag p50 0.3 ms p99 1.1 ms worst 12.5 ms" in text
    assert [cell.strip() for cell in next(line for line in text.splitlines() if "│ mexc" in line).split("│")][
        -3:-1
    ] == [
        "3",
        "40/331",
    ]


def test_the_summary_tells_the_same() -> None:
    text = summary_text(replace(summary(), status=troubled()))
    assert "3 outages (seen in 100/900 ms, back in 40/331 ms), breaker PUBLIC OPEN 1.4 s: 503" in text
    assert "loop lag p50 0.3 ms p99 1.1 ms worst 12.5 ms" in text
