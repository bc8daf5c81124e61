"""What the live table shows, drawn on a terminal that is none."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console, RenderableType

from arb.cli.views.lines import Selection
from arb.cli.views.table import ScanTable
from arb.domain import Opportunity, Reason, Symbol
from arb.status import ScanStatus
from tests.arb.cli.fakes import opportunity, rejected, status, summary


class Source:
    def __init__(self, *opps: Opportunity) -> None:
        self.opps = opps

    def status(self) -> ScanStatus:
        return status(*self.opps)


def terminal(width: int, height: int = 40) -> Console:
    return Console(file=io.StringIO(), width=width, height=height, color_system=None)


def printed(picture: RenderableType, console: Console) -> str:
    console.print(picture)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(table: ScanTable, width: int = 180, height: int = 40) -> str:
    table.refresh()
    console = terminal(width, height)
    return printed(table.picture(console), console)


def table_of(*opps: Opportunity, show: bool = False) -> ScanTable:
    table = ScanTable(Selection(rejected=show), rejected=show)
    table.started(Source(*opps))
    return table


def row(text: str, symbol: str) -> list[str]:
    line = next(line for line in text.splitlines() if symbol in line)
    return [cell.strip() for cell in line.strip("│ ").split("│")]


def test_every_column_of_an_opportunity() -> None:
    assert row(drawn(table_of(opportunity(life_ns=2_400_000_000))), "BTC/USDT") == [
        "BTC/USDT", "mexc 100.1", "gateio 100.9", "12.3", "79.9201", "0.5", "0.9", "1.2", "2.4 s", "3/40 ms", "OK",
    ]  # fmt: skip


def test_a_status_is_shown_with_its_reason() -> None:
    text = drawn(table_of(opportunity(reason=Reason.UNKNOWN)))
    assert row(text, "BTC/USDT")[-1].startswith("UNKNOWN identity: no contract is known; transfer: mexc")
    assert row(drawn(table_of(rejected(), show=True)), "BAD/USDT")[-1] == (
        "NO_COMMON_NETWORK transfer: no network is open on both"
    )


def test_what_is_refused_is_hidden_unless_asked_for() -> None:
    assert "BAD/USDT" not in drawn(table_of(rejected()))
    assert "nothing open" in drawn(table_of(rejected()))


def test_the_best_edge_is_on_top_and_what_has_none_below() -> None:
    opps = [
        opportunity(symbol=Symbol(f"{name}/USDT"), net_bps=net)
        for name, net in (("LOW", Decimal(1)), ("NONE", None), ("HIGH", Decimal(30)))
    ]
    text = drawn(table_of(*opps))
    assert text.index("HIGH/USDT") < text.index("LOW/USDT") < text.index("NONE/USDT")


def test_the_rest_is_counted_where_the_terminal_is_too_low() -> None:
    text = drawn(table_of(*(opportunity(symbol=Symbol(f"C{n}/USDT")) for n in range(30))), height=24)
    assert text.count("/USDT") + int(text.split(" more")[0].split()[-1]) == 30
    assert len(text.splitlines()) <= 24


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        pytest.param(80, ["symbol", "buy", "sell", "net bps", "profit", "status"], id="narrow"),
        pytest.param(120, ["symbol", "buy", "sell", "net bps", "size", "profit", "life", "status"], id="roomy"),
    ],
)
def test_a_narrow_terminal_keeps_what_matters(width: int, columns: list[str]) -> None:
    text = drawn(table_of(opportunity()), width=width)
    assert [cell.strip() for cell in text.splitlines()[1].strip("┃ ").split("┃")] == columns
    assert row(text, "BTC/USDT")[1] == "mexc 100.1"


def test_venues_funnel_and_latency_are_always_there() -> None:
    text = drawn(table_of())
    assert "funnel  listed: 50 → OK: 2" in text
    assert row(text, "mexc")[:7] == ["mexc", "native", "limit.depth", "whole", "40 LIVE 2 SYNCING", "99.5%", "240"]
    assert "wire to decision p50 23 us p99 121 us" in text
    assert "rejected  NO_NET_EDGE 12" in text


def test_before_the_first_status_it_says_so() -> None:
    assert "starting" in drawn(ScanTable(Selection(rejected=False), rejected=False))


def test_at_the_end_the_last_open_ones_stay_with_the_final_counters() -> None:
    table = table_of(opportunity())
    drawn(table)
    table.finished(summary(status=status(uptime_s=99.0)))
    assert "BTC/USDT" in drawn(table)
    assert "99 s up" in drawn(table)
