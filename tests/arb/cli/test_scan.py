"""`arb scan`: what the app is asked, what is printed where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from arb.domain import Depth, OppEvent, Reason
from arb.rows import SimOptions
from tests.arb.cli.fakes import Shell, Terminal, opportunity, rejected

SCAN = ("scan", "--exchanges", "mexc,gate")


def test_the_app_gets_what_the_options_say(shell: Shell, tmp_path: Path) -> None:
    shell.environ |= {"ARB_MEXC_KEY": "k", "ARB_MEXC_SECRET": "s"}
    options = ("--symbols", "btc/usdt,*/ETH", "--size", "250.5", "--min-edge-bps", "5", "--depth", "full")
    more = ("--fastpath", "mexc=off", "--duration", "60", "--once", "--tape", "x.tape", "--show", "rejected")
    assert shell(*SCAN, *options, *more, "--spin") == 6
    call = shell.app.calls["scan"]
    assert list(call.settings.exchanges) == ["mexc", "gateio"]
    assert call.settings.exchanges["mexc"].fastpath is False
    assert call.settings.exchanges["gateio"].fastpath is None
    assert call.settings.scan.symbols == ("BTC/USDT", "*/ETH")
    assert call.settings.scan.depth is Depth.FULL
    assert call.settings.scan.min_edge_bps == 5
    assert call.settings.scan.spin
    assert call.settings.size == {"USDT": Decimal("250.5")}
    assert (call.duration_s, call.once, call.rejected, call.tape) == (60.0, True, True, Path("x.tape"))
    assert call.sim is None
    assert call.control == shell.home / ".local" / "share" / "arb" / "run" / "scan.sock"
    assert list(call.credentials) == ["mexc"]
    assert call.credentials["mexc"].secret == "s"


def test_options_may_be_repeated(shell: Shell) -> None:
    shell("scan", "-e", "mexc", "-e", "gateio", "-s", "A/USDT", "-s", "B/USDT", "--fastpath", "mexc=off,gate=off")
    settings = shell.app.calls["scan"].settings
    assert {name: venue.fastpath for name, venue in settings.exchanges.items()} == {"mexc": False, "gateio": False}
    assert settings.scan.symbols == ("A/USDT", "B/USDT")


def test_the_simulation_needs_no_file_and_takes_its_own_venues(shell: Shell) -> None:
    shell.write("[exchanges]\nkucoin = {}\nmexc = { fastpath = false }\n[scan]\nmin_edge_bps = 9\n")
    assert shell("scan", "--sim", "--seed", "3", "--sim-symbols", "60", "--truth", "t.jsonl") == 0
    call = shell.app.calls["scan"]
    assert call.sim == SimOptions(seed=3, symbols=60, truth=Path("t.jsonl"))
    assert list(call.settings.exchanges) == ["mexc", "gateio"]
    assert call.settings.exchanges["mexc"].fastpath is False
    assert call.settings.scan.min_edge_bps == 9


def test_jsonl_is_nothing_but_json_and_ends_with_the_summary(shell: Shell) -> None:
    shell.app.tell = [opportunity(), opportunity(OppEvent.CLOSE)]
    assert shell(*SCAN, "--jsonl") == 0
    lines = [json.loads(line) for line in shell.out.splitlines()]
    assert [line["schema"] for line in lines] == ["arb.opportunity/1", "arb.opportunity/1", "arb.summary/1"]
    assert [line.get("event") for line in lines] == ["open", "close", None]


def test_a_pipe_gets_plain_lines_without_colour(shell: Shell) -> None:
    shell.app.tell = [opportunity(reason=Reason.UNKNOWN)]
    assert shell(*SCAN) == 0
    first, last = shell.out.splitlines()
    assert first == (
        "OPEN BTC/USDT buy=mexc@100.1 sell=gateio@100.9 net_bps=12.3 gross_bps=79.9201 size=0.5 breakeven=0.9 "
        "profit=1.2 life_ms=2 age_ms=3/40 status=UNKNOWN "
        'why="identity: no contract is known; transfer: mexc does not say" id=x000001'
    )
    assert last.startswith("summary: scan ended (duration) after 5.0 s; 3 opened, 10 updates, 3 closed")
    assert "\x1b" not in shell.out


@pytest.mark.parametrize(
    ("told", "options", "shown"),
    [
        pytest.param([rejected()], (), [], id="what is refused stays hidden"),
        pytest.param([rejected()], ("--show", "rejected"), ["OPEN"], id="unless it is asked for"),
        pytest.param(
            [opportunity(), rejected(OppEvent.UPDATE, "x000001"), rejected(OppEvent.CLOSE, "x000001")],
            (),
            ["OPEN", "UPDATE", "CLOSE"],
            id="an episode that was shown is shown to its end",
        ),
        pytest.param(
            [rejected(), opportunity(OppEvent.UPDATE, id="x000009"), rejected(OppEvent.CLOSE)],
            (),
            ["UPDATE", "CLOSE"],
            id="an episode is shown from the moment it is not refused",
        ),
        pytest.param(
            [opportunity(), opportunity(OppEvent.CLOSE), rejected(OppEvent.UPDATE, "x000001")],
            (),
            ["OPEN", "CLOSE"],
            id="nothing is shown after the end",
        ),
    ],
)
def test_which_events_are_shown(shell: Shell, told: list[object], options: tuple[str, ...], shown: list[str]) -> None:
    shell.app.tell = told
    shell(*SCAN, *options)
    assert [line.split()[0] for line in shell.out.splitlines()[:-1]] == shown


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param([], 6, id="nothing"),
        pytest.param([rejected()], 6, id="only what is refused"),
        pytest.param([opportunity(reason=Reason.UNKNOWN)], 0, id="something that may be"),
        pytest.param([opportunity()], 0, id="something that is"),
    ],
)
def test_once_tells_by_its_exit_code_whether_something_was_found(shell: Shell, told: list[object], code: int) -> None:
    shell.app.tell = told
    assert shell(*SCAN, "--once", "--show", "rejected") == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_summary(shell: Shell, number: signal.Signals) -> None:
    shell.app.waits = True
    shell.app.on_wait = lambda: os.kill(os.getpid(), number)
    assert shell(*SCAN, "--jsonl") == 130
    assert json.loads(shell.out.splitlines()[-1])["ended"] == "interrupted"
    assert shell.err == ""


def test_a_terminal_gets_a_table_and_the_summary_last(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shell.stdout = Terminal()
    shell.environ |= {"NO_COLOR": "1"}
    shell.app.tell = [opportunity()]
    assert shell(*SCAN) == 0
    assert "break-even" in shell.out
    assert "funnel  listed: 50 → OK: 2" in shell.out
    assert "summary: scan ended (duration)" in shell.out.splitlines()[-1]
    assert "\x1b[3" not in shell.out  # no colour; moving the cursor is no colour


def test_once_on_a_terminal_prints_what_it_found(shell: Shell) -> None:
    shell.stdout = Terminal()
    shell.app.tell = [opportunity()]
    assert shell(*SCAN, "--once") == 0
    assert [line.split()[0] for line in shell.out.splitlines()] == ["OPEN", "summary:"]
