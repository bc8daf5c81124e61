"""Command lines that nobody would write: a documented exit code, one line of ours, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from hypothesis import strategies as st
from loguru import logger

from arb.cli import codes
from arb.cli.commands import app
from tests.arb.cli.fakes import Shell
from tests.hostile.fuzzing import fuzz

DOCUMENTED = {value for name, value in vars(codes).items() if name.isupper()}
WORDS = (
    "", " ", "-", "--", "---", "-1", "0", "1e308", "-1e308", "nan", "inf", "1e999", "9" * 400, "0x10", "٣", "²",
    "1_000", "a" * 5_000, "/", ".", "..", "/dev/null", "/nowhere/x", "\ud800", "\udcff", "\u202e",
    "é", "*", "*/*", "BTC/USDT", "mexc", "mexc,gateio", "mexc:BTC/USDT", "mexc=on", "=", "a=b=c", ",", ",,,", "\n",
    "\t", "%s", "{}", "[", "$(id)", "`id`", "; true", "@file", "c1", "full", "7d", "9999-12-31", "0001-01-01",
    "2026-02-30", "9999-12-31T23:59:59-23:59",
    "ccxt", "paper", "live", "halt", "TRACE", "x\x00y", "--help=1", "--version=0", "-hvq", "1" + "0" * 30,
)  # fmt: skip
NEVER = frozenset({"bench", "sim", "init", "risk"})  # run for long, or write where they are told: see the table below


def commands(root: object, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every command with its options, as typer knows them."""
    for name, command in getattr(root, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name), [option for p in command.params for option in p.opts if option.startswith("-")]


COMMANDS = [found for found in commands(typer.main.get_command(app)) if found[0][0] not in NEVER]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    made = Shell(tmp_path)
    made.environ = {"XDG_DATA_HOME": str(tmp_path / "d"), "XDG_RUNTIME_DIR": str(tmp_path / "r")}
    yield made
    logger.remove()


def test_every_command_is_found() -> None:
    assert len(COMMANDS) >= 20
    assert {("scan",), ("config", "check"), ("halt",), ("history",)} <= {path for path, _ in COMMANDS}


words = st.integers(0, len(WORDS) - 1).map(WORDS.__getitem__)


@fuzz(
    25,
    which=st.integers(0, len(COMMANDS) - 1),
    given_=st.lists(st.tuples(st.integers(0, 30), words, st.booleans()), max_size=4),
    loose=st.lists(words, max_size=3),
)
def test_a_strange_command_line_has_an_exit_code_and_one_line(
    shell: Shell, which: int, given_: list[tuple[int, str, bool]], loose: list[str]
) -> None:
    path, options = COMMANDS[which]
    arguments = [*path, *loose]
    for number, word, joined in given_:
        option = options[number % len(options)] if options else "--x"
        arguments += [f"{option}={word}"] if joined else [option, word]
    code = shell(*arguments)
    assert code in DOCUMENTED, arguments
    assert "Traceback" not in shell.err
    assert "this is a bug" not in shell.err, (arguments, shell.err)
    if code not in (codes.OK, codes.INTERRUPTED):
        assert [line for line in shell.err.splitlines() if line.startswith("error: ")], arguments
        assert all(len(line) < 2_500 for line in shell.err.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("history", "--since", "9999-12-31"), id="a day beyond what a journal can hold"),
        pytest.param(("history", "--since", "9999-12-31T23:59:59-23:59"), id="a moment beyond the calendar"),
        pytest.param(("history", "--since", "0001-01-01T00:00:00+23:59"), id="a moment before the calendar"),
        pytest.param(("report", "--html", "/proc/nowhere/x.html"), id="a page where none can be"),
        pytest.param(("explain", "\udcff"), id="a cycle that is no text"),
        pytest.param(("replay", "/etc/passwd"), id="a recording that is none"),
        pytest.param(("scan", "--config", "/dev/zero"), id="a configuration without end"),
        pytest.param(("scan", "--config", "x\x00y"), id="a name that no file can have"),
        pytest.param(("record", "x\x00y", "--sim"), id="a tape of such a name"),
        pytest.param(("init", "x\x00y"), id="a new configuration of such a name"),
        pytest.param(("sim", "--port", "9" * 400), id="a port of 400 digits"),
        pytest.param(("bench", "--frames", "9" * 5_000), id="a number of 5000 digits"),
        pytest.param(("book", "mexc:" + "A" * 5_000 + "/USDT", "--sim"), id="a symbol of 5000 letters"),
    ],
)
def test_what_the_fuzzer_should_not_have_to_find(shell: Shell, arguments: tuple[str, ...]) -> None:
    code = shell(*arguments)
    assert code in DOCUMENTED
    assert "this is a bug" not in shell.err, shell.err
    assert "Traceback" not in shell.err
