"""`arb history`, `orders`, `explain` and `report`, from the command line to what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arb.cli.since import Since, parse_since
from tests.arb.cli.fakes import Shell
from tests.arb.history.stories import Writer

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def journal(shell: Shell) -> Path:
    """Where the paper engine keeps it, with three cycles: a good one, a bad one and an open one."""
    path = shell.home / ".local" / "share" / "arb" / "journal-paper.sqlite"
    writer = Writer(path)
    writer.good(1)
    writer.bad(2)
    writer.open(3)
    writer.close()
    return path


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("command", [("history",), ("orders",), ("explain", "c1"), ("report",)], ids=lambda c: c[0])
def test_no_journal_yet_is_one_clear_line(shell: Shell, command: tuple[str, ...]) -> None:
    assert shell(*command, "--mode", "live") == 1
    path = shell.home / ".local/share/arb/journal-live.sqlite"
    assert shell.err == f"error: there is no journal {path} yet: 'arb run' begins one\n"
    assert shell.out == ""


def test_a_damaged_one_too(shell: Shell) -> None:
    path = shell.write("no database, but long enough to look like one " * 50, "j.sqlite")
    assert shell("history", "--journal", "j.sqlite") == 1
    assert shell.err.startswith(f"error: {path} cannot be read: ")
    assert shell.err.count("\n") == 1


def test_history_lists_cycles(shell: Shell, journal: Path) -> None:
    assert shell("history") == 0
    names, good, bad, open_ = rows(shell.out)
    assert names[:8] == ["ended", "cycle", "symbol", "buy", "sell", "qty", "end", "profit"]
    assert good[1:10] == ["c1", "BTC/USDT", "mexc", "gateio", "0.01", "hedged", "0.00799", "0.00799", "USDT"]
    assert (bad[6:8], open_[6:8]) == (["flat", "-0.0113"], ["open", "-"])
    assert shell("history", "--json") == 0
    assert [json.loads(line)["cycle"] for line in shell.out.splitlines()] == ["c1", "c2", "c3"]


def test_the_journal_is_found_by_option_mode_or_configuration(shell: Shell, journal: Path) -> None:
    assert shell("history", "--mode", "paper") == 0
    assert shell("history", "--mode", "sim") == 1
    shell.write(f'[journal]\npath = "{journal}"\n[run]\nmode = "sim"\n')
    assert shell("history") == 0
    (shell.folder / "arb.toml").unlink()
    assert shell("history", "--journal", str(journal)) == 0
    shell.environ["XDG_DATA_HOME"] = str(shell.folder / "elsewhere")
    assert shell("history") == 1


def test_since(shell: Shell, journal: Path) -> None:
    assert shell("history", "--since", "2027-01-01") == 0
    assert [row[1] for row in rows(shell.out)] == ["cycle", "c3"]  # what is open is shown whenever it began
    assert shell("history", "--since", "soon") == 2
    assert "'soon' is no time; write 7d, 12h, 30m, 2w or 2026-01-31" in shell.err


@pytest.mark.parametrize(
    ("text", "now_ns", "expected"),
    [
        pytest.param("", 5, 0, id="all there is"),
        pytest.param("2h", 3 * HOUR_NS, HOUR_NS, id="so long ago"),
        pytest.param("1w", 5, 0, id="before the beginning of time"),
        pytest.param("1970-01-02", 5, 24 * HOUR_NS, id="a day"),
        pytest.param("1970-01-01T02:00", 5, 2 * HOUR_NS, id="a moment without a zone is UTC"),
        pytest.param("1970-01-01T02:00+01:00", 5, HOUR_NS, id="a moment with its zone"),
    ],
)
def test_parse_since(text: str, now_ns: int, expected: int) -> None:
    assert parse_since(text).wall_ns(now_ns) == expected
    assert isinstance(parse_since(text), Since)


def test_orders(shell: Shell, journal: Path) -> None:
    assert shell("orders") == 0
    assert [(row[1], row[9]) for row in rows(shell.out)[1:]] == [
        ("arb-1-1", "filled"), ("arb-1-2", "open"), ("arb-2-1", "filled"), ("arb-2-2", "not_found"),
        ("arb-2-3", "filled"), ("arb-3-1", "unanswered"), ("arb-3-2", "unanswered"),
    ]  # fmt: skip
    assert shell("orders", "--open", "--json") == 0
    assert [json.loads(line)["client_id"] for line in shell.out.splitlines()] == ["arb-3-1", "arb-3-2"]


def test_explain(shell: Shell, journal: Path) -> None:
    assert shell("explain", "c2") == 0
    lines = shell.out.splitlines()
    assert lines[0] == "cycle c2: BTC/USDT, bought at mexc, sold at gateio, by test: flat"
    assert "  buy  0.01 at mexc, cap 100, promised 100, fee 0.001" in lines
    assert "  book mexc BTC/USDT LIVE seq 1 age 0.0 ms, bid 99 ask 100" in lines
    assert "realised -0.0113, expected 0.00799, difference -0.01929" in lines
    told = {line.split()[0]: line for line in lines}
    assert told["hedge"].split() == ["hedge", "-0.015"]
    assert told["book"].split() == ["book", "move", "-0.005", "of", "which", "never", "filled", "-0.005"]
    assert any("CycleMoved" in line and "before=sent after=unwinding why=buy filled" in line for line in lines)
    assert shell("explain", "c2", "--json") == 0
    assert json.loads(shell.out)["schema"] == "arb.explain/1"
    assert shell("explain", "c9") == 1
    assert "has no cycle c9; 'arb history' lists them" in shell.err


def test_report(shell: Shell, journal: Path) -> None:
    assert shell("report", "--html", "r.html") == 0
    total, *_ = rows(shell.out)[1:]
    assert total == ["total", "USDT", "USDT", "2", "1", "0", "4", "0.00331", "0.01598", "-0.00331", "0"]
    assert shell.out.splitlines()[-1] == f"wrote {shell.folder}/r.html"
    assert (shell.folder / "r.html").read_text().startswith("<!doctype html>")
    assert shell("report", "--csv") == 0
    assert shell.out.startswith("by,key,quote,cycles,won,reported,volume,fees,expected,pnl,naked\ntotal,USDT,")
    assert shell("report", "--json") == 0
    assert json.loads(shell.out)["schema"] == "arb.report/1"
    assert shell("report", "--json", "--csv") == 2
    assert "choose one of them" in shell.err
    assert shell("report", "--html", "no/such/r.html") == 1
    assert shell.err.startswith(f"error: {shell.folder}/no/such/r.html: ")
