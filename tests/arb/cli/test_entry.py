"""Every misuse is one line on stderr that names the cure, and its exit code; every foreseen error has its own code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Never

import pytest

from arb.errors import (
    ArbError,
    AuthFailed,
    ConfigError,
    JournalError,
    NotRunning,
    ProtocolError,
    ReconcileError,
    Rejected,
    TapeError,
    Transient,
)
from tests.arb.cli.fakes import Closed, Shell

ROOT = Path(__file__).parents[3]
SCAN = ("scan", "--exchanges", "mexc,gateio")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("scna",), "did you mean 'scan'?", id="unknown command"),
        pytest.param(("scan", "--exhanges", "mexc"), "--exchanges", id="unknown option"),
        pytest.param(("scan", "extra"), "unexpected extra argument", id="an argument too many"),
        pytest.param(("config",), "try 'arb config --help'", id="a group without its command"),
        pytest.param(("config", "chek"), "did you mean 'check'?", id="unknown command of a group"),
        pytest.param(("book",), "missing argument 'VENUE:SYMBOL'", id="missing argument"),
        pytest.param(("scan", "--size"), "--size", id="an option without its value"),
        pytest.param((*SCAN, "--size", "lots"), "'lots' is not a number; write it as 12.5", id="size is no number"),
        pytest.param((*SCAN, "--size", "0"), "0 is not above 0", id="size is zero"),
        pytest.param((*SCAN, "--size", "nan"), "not a finite number", id="size is not finite"),
        pytest.param((*SCAN, "--min-edge-bps", "-1"), "not within 0 and 10000 bps", id="negative edge"),
        pytest.param((*SCAN, "--min-edge-bps", "5bps"), "write it as 12.5", id="edge is no number"),
        pytest.param((*SCAN, "--depth", "7"), "use top, 5, 20, full", id="bad depth"),
        pytest.param((*SCAN, "--symbols", "BTCUSDT"), "write BASE/QUOTE, as in BTC/USDT", id="bad symbol"),
        pytest.param((*SCAN, "--symbols", ","), "write them as in 'BTC/USDT,*/USDT'", id="no symbol"),
        pytest.param((*SCAN, "--duration", "soon"), "--duration", id="duration is no number"),
        pytest.param((*SCAN, "--duration", "0"), "give seconds above 0", id="no duration"),
        pytest.param((*SCAN, "--duration", "inf"), "give seconds above 0", id="endless duration"),
        pytest.param((*SCAN, "--show", "all"), "use --show rejected", id="bad show"),
        pytest.param((*SCAN, "--fastpath", "mexc"), "VENUE=on or VENUE=off", id="fastpath without a switch"),
        pytest.param((*SCAN, "--fastpath", "mexc=maybe"), "VENUE=on or VENUE=off", id="fastpath with a bad switch"),
        pytest.param(("scan", "--exchanges", "MEXC!"), "names are made of a-z, 0-9 and _", id="bad venue name"),
        pytest.param(("scan", "--exchanges", "wire,mexc"), "folder of helpers", id="a helper folder's name"),
        pytest.param(("scan", "--exchanges", ""), "as in mexc,gateio", id="no venue"),
        pytest.param((*SCAN, "--seed", "3"), "add --sim", id="seed without a simulation"),
        pytest.param((*SCAN, "--truth", "t.jsonl"), "add --sim", id="truth without a simulation"),
        pytest.param((*SCAN, "--sim", "--seed", "x"), "--seed", id="seed is no number"),
        pytest.param((*SCAN, "--sim", "--faults", "none.toml"), "there is no file none.toml", id="no fault file"),
        pytest.param((*SCAN, "--tape", "no/such/folder/t"), "make it first", id="tape in no folder"),
        pytest.param((*SCAN, "--log-level", "LOUD"), "TRACE, DEBUG, INFO", id="bad log level"),
        pytest.param(("book", "mexc/BTC"), "as in mexc:BTC/USDT", id="bad book"),
        pytest.param(("book", "mexc:BTC"), "as in mexc:BTC/USDT", id="book without a quote"),
        pytest.param(("book", "mexc:*/USDT"), "as in mexc:BTC/USDT", id="book of a pattern"),
        pytest.param(("book", "mexc:BTC/USDT", "--compare", "binance"), "use --compare ccxt", id="bad compare"),
        pytest.param(("book", "mexc:BTC/USDT", "--levels", "0"), "--levels", id="no levels"),
        pytest.param(("markets", "BTC"), "write BASE/QUOTE", id="bad pattern"),
        pytest.param(("replay", "none.tape"), "there is no file none.tape", id="no tape"),
        pytest.param(("replay", "--books"), "missing argument 'TAPE'", id="replay of nothing"),
        pytest.param(("record",), "missing argument", id="record to nowhere"),
        pytest.param(("record", "kucoin", "BTC/USDT", "a", "b"), "give OUT alone", id="record with too many arguments"),
        pytest.param(
            ("record", "kucoin", "BTC/USDT", "--exchanges", "mexc"), "give OUT alone", id="record said two ways"
        ),
        pytest.param(("bench", "orders"), "use all, decode", id="unknown benchmark"),
        pytest.param(("bench", "--frames", "1"), "--frames", id="too few frames"),
        pytest.param(("sim", "--port", "70000"), "--port", id="bad port"),
        pytest.param(("sim", "--symbols", "0"), "--symbols", id="no symbols to simulate"),
        pytest.param(
            ("sim", "--faults", "none.toml"), "there is no file none.toml", id="simulation without its faults"
        ),
    ],
)
def test_usage(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    assert shell(*arguments) == 2
    assert shell.out == ""
    assert shell.err.count("\n") == 1
    assert shell.err.startswith("error: ")
    assert says.lower() in shell.err.lower()
    assert "--help'" in shell.err


def test_a_tape_is_never_overwritten(shell: Shell) -> None:
    shell.write("", "there.tape")
    assert shell(*SCAN, "--tape", "there.tape") == 2
    assert "choose another name" in shell.err
    assert shell("record", "there.tape") == 2


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        pytest.param(("scan",), None, "'arb init' writes one", id="no file, no --sim, no --exchanges"),
        pytest.param(("record", "x.tape"), None, "'arb init' writes one", id="no file to record by"),
        pytest.param(("markets",), None, "'arb init' writes one", id="no file to list by"),
        pytest.param(("config", "check"), None, "'arb init' writes one", id="nothing to check"),
        pytest.param(
            ("scan", "--config", "no.toml"), None, "'arb init no.toml' writes one", id="the named file is not there"
        ),
        pytest.param(("scan",), "[scan]\n", "add a line such as mexc = {}", id="a file without exchanges"),
        pytest.param(("scan",), "[exchanges]\nmexc = {}\n", "only mexc is named", id="one exchange has no gaps"),
        pytest.param(("scan",), "[exchanges]\nmexc = {\n", "line 2", id="not TOML"),
        pytest.param(("scan",), "[scan]\nmin_egde_bps = 1\n", "did you mean min_edge_bps?", id="unknown key"),
        pytest.param(
            ("scan",),
            "[exchanges]\ngate = {}\ngateio = {}\n",
            "gate and gateio are the same exchange",
            id="one venue twice",
        ),
        pytest.param(
            ("scan", "--exchanges", "gate,gateio"), None, "the same exchange", id="one venue twice, as options"
        ),
        pytest.param(("scan", "--exchanges", "mexc,nosuch"), None, "nobody serves nosuch", id="a venue nobody serves"),
        pytest.param(
            ("scan",),
            "[exchanges]\nmexc = {}\nkucoin = { fastpath = true }\n",
            "arb.toml: kucoin has no native codec",
            id="a fast path that does not exist",
        ),
        pytest.param(
            (*SCAN, "--fastpath", "kucoin=off"), None, "kucoin is not among the exchanges", id="fastpath of a stranger"
        ),
        pytest.param(
            ("scan", "--exchanges", "mexc,kucoin", "--fastpath", "kucoin=on"),
            None,
            "--fastpath: kucoin has no native codec",
            id="a fast path asked for that does not exist",
        ),
        pytest.param(("init", "."), "there\n", "--force overwrites it", id="init does not overwrite"),
        pytest.param(("init", "no/such/x.toml"), None, "cannot be written", id="init in no folder"),
        pytest.param(
            ("config", "show"), "[exchanges.mexc]\nsecret = 's3cr3t'\n", "ARB_MEXC_SECRET", id="a secret in the file"
        ),
    ],
)
def test_configuration(shell: Shell, arguments: tuple[str, ...], text: str | None, says: str) -> None:
    if text is not None:
        shell.write(text)
    assert shell(*arguments) == 4
    assert shell.out == ""
    assert shell.err.count("\n") == 1
    assert shell.err.startswith("error: ")
    assert says in shell.err
    assert "s3cr3t" not in shell.err


def test_half_of_a_key_is_an_error(shell: Shell) -> None:
    shell.environ["ARB_MEXC_KEY"] = "k3y"
    assert shell(*SCAN) == 4
    assert "ARB_MEXC_SECRET" in shell.err
    assert "k3y" not in shell.err


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        pytest.param(ConfigError("mend the file"), 4, "mend the file", id="configuration"),
        pytest.param(AuthFailed("mexc", "key refused"), 4, "mexc: key refused", id="credentials"),
        pytest.param(Transient("mexc", "no route"), 5, "mexc: no route", id="unreachable"),
        pytest.param(TimeoutError(), 5, "timed out", id="timeout"),
        pytest.param(Rejected("mexc", "no such market"), 1, "no such market", id="refused"),
        pytest.param(ProtocolError("mexc", "what", b"x"), 1, "mexc: what", id="misread"),
        pytest.param(TapeError("not a tape"), 1, "not a tape", id="tape"),
        pytest.param(JournalError("the disk is full"), 1, "the disk is full", id="journal"),
        pytest.param(ReconcileError("mexc has 1 BTC more"), 9, "mexc has 1 BTC more", id="records that disagree"),
        pytest.param(NotRunning("nobody is there"), 1, "nobody is there", id="no engine"),
        pytest.param(ArbError("two\nlines"), 1, "two lines", id="never more than one line"),
        pytest.param(OSError(28, "No space left on device", "x.tape"), 1, "x.tape: No space left", id="disk full"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted", id="interrupted before anything ran"),
        pytest.param(ExceptionGroup("g", [Transient("mexc", "down")]), 5, "mexc: down", id="tasks that fail together"),
    ],
)
def test_foreseen_errors(shell: Shell, raised: BaseException, code: int, says: str) -> None:
    shell.app.fails = raised
    assert shell(*SCAN) == code
    assert shell.err.count("\n") == 1
    assert says in shell.err


def test_no_memory_for_a_command_without_a_loop(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_arguments: object) -> Never:
        raise MemoryError

    monkeypatch.setattr("arb.cli.entry._parse", parse)
    assert shell(*SCAN) == 1
    assert shell.err == "error: out of memory\n"


def test_a_bug_is_one_line_and_its_traceback_a_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(shell.folder))
    shell.app.fails = ZeroDivisionError("oops")
    assert shell(*SCAN) == 1
    assert shell.err.count("\n") == 1
    assert shell.err.startswith("internal error: ZeroDivisionError('oops')")
    path = Path(shell.err.split()[-1])
    assert "ZeroDivisionError: oops" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("arguments", [(*SCAN, "--jsonl"), SCAN, ("exchanges",), ("book", "mexc:BTC/USDT")])
def test_a_reader_who_leaves_ends_it_quietly(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.stdout = Closed()
    assert shell(*arguments) == 0
    assert shell.err == ""


def test_a_process_whose_reader_has_left_ends_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "arb.cli", "exchanges"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


@pytest.mark.parametrize(
    "arguments", [(), ("--help",), ("scan", "--help"), ("config", "--help"), ("config", "show", "--help")]
)
def test_help(shell: Shell, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert shell(*arguments) == 0
    assert "Usage: arb" in capsys.readouterr().out


def test_help_documents_the_exit_codes(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell("--help")
    told = capsys.readouterr().out
    assert [code for code in ("0", "1", "2", "4", "5", "6", "130") if f"\n    {code} " in told] == [
        "0", "1", "2", "4", "5", "6", "130",
    ]  # fmt: skip
