"""`arb run`: what the app is asked, what is printed where, and how it ends."""

from __future__ import annotations

import json
import os
import signal

import pytest

from arb.domain import CycleEnd
from arb.errors import ConfigError, JournalError, ReconcileError
from arb.rows import SimOptions
from tests.arb.cli.fakes import Shell, Terminal
from tests.arb.cli.trading_facts import MOVED, OPENED, closed, trade_summary

RUN = ("run", "--exchanges", "mexc,gateio")
KEYS = {"ARB_MEXC_KEY": "k1", "ARB_MEXC_SECRET": "s1", "ARB_GATEIO_KEY": "k2", "ARB_GATEIO_SECRET": "s2"}


def test_paper_is_what_one_gets_without_a_word(shell: Shell) -> None:
    assert shell(*RUN) == 0
    call = shell.app.calls["trade"]
    assert (call.mode, call.sim, call.duration_s, call.max_cycles, call.accept_balances) == (
        "paper", None, None, None, False,
    )  # fmt: skip
    assert call.files.journal == shell.home / ".local/share/arb/journal-paper.sqlite"
    assert call.files.control == shell.home / ".local/share/arb/run/paper.sock"
    assert "live" not in shell.app.calls


def test_the_app_gets_what_the_options_say(shell: Shell) -> None:
    shell.environ |= KEYS
    more = ("--duration", "60", "--max-cycles", "3", "--accept-balances", "--journal", "j.sqlite", "--size", "250")
    assert shell(*RUN, "--orders", "ccxt,mexc=native", *more) == 0
    call = shell.app.calls["trade"]
    assert (call.duration_s, call.max_cycles, call.accept_balances) == (60.0, 3, True)
    assert call.files.journal == shell.folder / "j.sqlite"
    assert [venue.orders for venue in call.settings.exchanges.values()] == ["native", "ccxt"]
    assert sorted(call.credentials) == ["gateio", "mexc"]


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        pytest.param(("--mode", "sim"), "sim", id="orders go to the simulated exchanges"),
        pytest.param(("--sim",), "paper", id="paper fills on the books of the simulated exchanges"),
    ],
)
def test_the_simulation_needs_neither_file_nor_keys(shell: Shell, arguments: tuple[str, ...], mode: str) -> None:
    shell.environ |= {"ARB_MEXC_KEY": "real"}
    assert shell("run", *arguments, "--seed", "7") == 0
    call = shell.app.calls["trade"]
    assert (call.mode, call.sim, dict(call.credentials)) == (mode, SimOptions(seed=7), {})
    assert list(call.settings.exchanges) == ["mexc", "gateio"]


def test_live_passes_the_gate_first(shell: Shell) -> None:
    shell.environ |= KEYS
    shell.write('[exchanges]\nmexc = {}\ngateio = {}\n[run]\nmode = "live"\n')
    assert shell("run", "--live") == 0
    gate = shell.app.calls["live"]
    assert (gate.live_flag, sorted(gate.credentials)) == (True, ["gateio", "mexc"])
    assert gate.loaded.origin("run.mode") == f"file {shell.folder / 'arb.toml'}"
    assert shell.app.calls["trade"].mode == "live"


def test_what_the_gate_refuses_is_not_run(shell: Shell) -> None:
    shell.app.closed = ConfigError("say --live too")
    shell.write('[exchanges]\nmexc = {}\ngateio = {}\n[run]\nmode = "live"\n')
    assert shell("run") == 4
    assert shell.err == "error: say --live too\n"
    assert "trade" not in shell.app.calls


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--mode", "rich"), "'rich' is no mode", id="a mode nobody has"),
        pytest.param(("--live", "--sim"), "this sends real orders, --sim none", id="live and simulated"),
        pytest.param(("--live", "--mode", "paper"), "this sends real orders, --mode paper none", id="live and paper"),
        pytest.param(("--mode", "live", "--sim"), "live orders go to real venues", id="live on the simulation"),
        pytest.param(("--orders", "carrier"), "'carrier' is no path", id="an order path nobody has"),
        pytest.param(("--seed", "3"), "this says something about the simulation", id="a seed without a simulation"),
        pytest.param(("--max-cycles", "0"), "--max-cycles", id="no cycles at all"),
    ],
)
def test_what_cannot_be_meant(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    assert shell(*RUN, *arguments) == 2
    assert told in shell.err
    assert shell.err.count("\n") == 1


def test_an_order_path_for_a_venue_that_does_not_run(shell: Shell) -> None:
    assert shell(*RUN, "--orders", "kucoin=ccxt") == 4
    assert shell.err == "error: --orders: kucoin is none of this run's exchanges (mexc, gateio)\n"


def test_one_exchange_is_no_arbitrage(shell: Shell) -> None:
    assert shell("run", "-e", "mexc") == 4
    assert "a gap needs 2 exchanges" in shell.err


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({}, 0, id="all is well"),
        pytest.param({"halted_by": "max_daily_loss"}, 7, id="a limit has halted it"),
        pytest.param({"reported": 1}, 8, id="a residual is left"),
        pytest.param({"left_open": 1, "halted_by": "max_naked"}, 8, id="an outcome is unknown: worse than a limit"),
    ],
)
def test_exit_codes(shell: Shell, changes: dict[str, object], code: int) -> None:
    shell.app.trade_summary = trade_summary(**changes)
    assert shell(*RUN) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(ReconcileError("mexc holds 1 BTC less"), 9, id="the venue disagrees with the journal"),
        pytest.param(JournalError("the disk is full"), 1, id="nothing can be written down"),
    ],
)
def test_errors_end_it_in_one_line(shell: Shell, error: Exception, code: int) -> None:
    shell.app.fails = error
    assert shell(*RUN) == code
    assert shell.err == f"error: {error}\n"


def test_interrupted(shell: Shell) -> None:
    shell.app.waits = True
    shell.app.on_wait = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert shell(*RUN) == 130
    assert "run ended (interrupted)" in shell.out


def test_stopped_before_it_began(shell: Shell) -> None:
    shell.app.trade_summary = None
    assert shell(*RUN) == 130
    assert shell.out == ""


def test_lines_for_people(shell: Shell) -> None:
    shell.app.tell = [(OPENED, closed()), MOVED, (OPENED, closed(CycleEnd.REPORTED, why="no book"))]
    shell(*RUN)
    hedged, risk, reported, summary = shell.out.splitlines()
    assert hedged == (
        "HEDGED BTC/USDT buy=mexc@100 sell=gateio@101 qty=0.5 pnl=0.4 USDT expected=0.45 residual=0.01 "
        "naked=1.5 USDT*s took_ms=3.5 cycle=c01"
    )
    assert risk == "RISK ACTIVE -> HALTED by max_daily_loss: lost 51 USDT of 50 USDT"
    assert reported.startswith("REPORTED BTC/USDT ")
    assert 'why="no book"' in reported
    assert summary.startswith(
        "summary: paper run ended (duration) after 61.5 s; 12 cycles: 1 flat, 11 hedged, 0 reported; pnl 1.25 USDT; "
    )


def test_lines_for_programs(shell: Shell) -> None:
    shell.app.tell = [(OPENED, closed()), MOVED]
    shell(*RUN, "--jsonl")
    cycle, risk, run = map(json.loads, shell.out.splitlines())
    assert (cycle["schema"], cycle["end"], cycle["pnl"]) == ("arb.cycle/1", "hedged", "0.4")
    assert (cycle["buy"], cycle["sell"], cycle["closed_ns"]) == ("mexc", "gateio", 6)
    assert (risk["schema"], risk["after"], risk["limit"]) == ("arb.risk/1", "HALTED", "max_daily_loss")
    assert (run["schema"], run["hedged"], run["pnl"], run["engine"]["pid"]) == ("arb.run/1", 11, {"USDT": "1.25"}, 4242)
    assert [venue["venue"] for venue in run["venues"]] == ["mexc"]


def test_a_terminal_gets_a_picture_and_then_the_summary(shell: Shell) -> None:
    shell.stdout = Terminal()
    shell.app.tell = [(OPENED, closed()), MOVED]
    assert shell(*RUN) == 0
    assert "paper engine, process 4242" in shell.out
    assert "cycle=c01" in shell.out
    assert "summary: paper run ended" in shell.out.rstrip().splitlines()[-1]
