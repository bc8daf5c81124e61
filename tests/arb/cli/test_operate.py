"""A person and a running engine: what is said, what comes back, and what happens where no engine runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from arb.control import ControlServer, read_wish, verbs_of
from arb.errors import ControlError
from tests.arb.cli.fakes import Shell
from tests.arb.control.fakes import FakeEngine


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With folders of its own for sockets and journals."""
    shell.environ |= {"XDG_RUNTIME_DIR": str(shell.folder / "run"), "XDG_DATA_HOME": str(shell.folder / "data")}
    return shell


@contextmanager
def running(shell: Shell, mode: str = "paper") -> Iterator[FakeEngine]:
    """An engine with a loop of its own, as another process would have."""
    engine, up, down = FakeEngine(), Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        control = ControlServer(shell.folder / "run" / "arb" / f"{mode}.sock", verbs_of(engine))
        await control.start()
        up.set()
        await down.wait()
        control.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())

    thread = Thread(target=run)
    thread.start()
    assert up.wait(5)
    try:
        yield engine
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(5)


def test_status_in_words(shell: Shell) -> None:
    with running(shell):
        assert shell("status") == 0
    assert shell.out.splitlines() == [
        "paper engine, process 4242, up 1m 1s: ACTIVE",
        "cycles: 1 open, 12 closed, 1 reported; 27 orders sent",
        "pnl: 1.25 USDT today, -3 in all",
        "decision to sent p50 85 us p99 200 us, to acknowledged -",
        "loop lag p50 0.3 ms p99 1.1 ms worst 12.5 ms",
        "refused: balance 3, edge 40",
        "exposure: gateio -0.002 A (-0.025 USDT)",
        "venue   path   private  clock_error_ms  orders_left  balances_age_ms  books_path      books_live  live   "
        "  outages  detect_ms  recover_ms  breakers            why",
        "mexc    paper  up       12.5            9            40.0             ccxt (demoted)  39/40       99.942%"
        "  3        100/900    40/331      -                   -",
        "gateio  paper  DOWN     -               -            -                native          0/0         -      "
        "  0        -          -           PRIVATE OPEN 1.4 s  its private side is down",
        "journal: /home/me/journal-paper.sqlite",
    ]


def test_status_as_json(shell: Shell) -> None:
    with running(shell):
        assert shell("status", "--json") == 0
    line = json.loads(shell.out)
    assert (line["schema"], line["risk"], line["pnl_today"], line["refused"]) == (
        "arb.engine/1",
        "ACTIVE",
        "1.25",
        {"balance": 3, "edge": 40},
    )
    assert line["exposure"] == [{"venue": "gateio", "coin": "A", "qty": "-0.002", "value": "-0.025"}]


def test_status_can_be_watched_until_the_engine_ends(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb.cli.operate.WATCH_S", 0.001)
    with running(shell) as engine:
        stop = ControlError("that was all")

        def status() -> object:
            if len(engine.asked) == 3:
                raise stop
            return FakeEngine.status(engine)

        engine.status = status  # type: ignore[method-assign,assignment]
        assert shell("status", "--watch") == 1
    assert shell.out.count("paper engine, process 4242") == 3
    assert shell.err == "error: that was all\n"


@pytest.mark.parametrize(
    ("arguments", "asked", "out"),
    [
        pytest.param(
            ("halt", "--why", "news"),
            ("halt", "news"),
            ["paper engine: ACTIVE -> HALTED (news); cancelling 2 orders"],
            id="halt",
        ),
        pytest.param(("resume",), ("resume", ""), ["paper engine: HALTED -> ACTIVE"], id="resume"),
        pytest.param(
            ("cancel-all",),
            ("cancel-all",),
            [
                "paper engine: cancelling 1 orders of ours; 'arb orders' tells what became of them",
                "  mexc A/USDT sell 0.5 at 12.5, arb-1",
            ],
            id="cancel-all",
        ),
        pytest.param(
            ("flatten",),
            ("flatten",),
            [
                "paper engine: 1 orders sent to flatten; 1 residuals stay",
                "  mexc A/USDT sell 0.5 at 12.5, arb-1",
                "  left: 0.5 DOGE: below the smallest order",
            ],
            id="flatten",
        ),
        pytest.param(
            ("balances",),
            ("balances",),
            [
                "venue  coin  free  locked  reserved  age_ms  usable",
                "mexc   USDT  1000  0.5     0         12      yes",
            ],
            id="balances",
        ),
        pytest.param(
            ("status", "--books"),
            ("uptime",),
            [
                "venue   symbol  live      outages  detect_ms  recover_ms  down_ms",
                "mexc    A/USDT  99.942%   3        100/900    40/331      12",
                "gateio  A/USDT  100.000%  0        -          -           -",
            ],
            id="how long each book was LIVE, the worst first",
        ),
    ],
)
def test_each_verb_says_what_was_done(
    shell: Shell, arguments: tuple[str, ...], asked: tuple[str, ...], out: list[str]
) -> None:
    with running(shell) as engine:
        assert shell(*arguments) == 0
    assert engine.asked == [asked]
    assert shell.out.splitlines() == out


def test_books_as_json(shell: Shell) -> None:
    with running(shell):
        assert shell("status", "--books", "--json") == 0
    line = json.loads(shell.out)
    assert (line["schema"], line["mode"]) == ("arb.uptime/1", "paper")
    assert [(row["symbol"], row["outages"], row["recover_worst_ms"]) for row in line["rows"]] == [
        ("A/USDT", 0, None),
        ("A/USDT", 3, 330.6),
    ]


def test_balances_as_json(shell: Shell) -> None:
    with running(shell):
        assert shell("balances", "--json") == 0
    line = json.loads(shell.out)
    assert (line["schema"], line["mode"], line["rows"][0]["free"]) == ("arb.balances/1", "paper", "1000")


def test_a_refusal_of_the_engine_is_one_line(shell: Shell) -> None:
    with running(shell) as engine:
        engine.fails = ControlError("HALTED: resume first")
        assert shell("flatten") == 1
    assert shell.err == "error: HALTED: resume first\n"


@pytest.mark.parametrize("verb", ["status", "cancel-all", "flatten", "balances"])
def test_without_an_engine_it_is_one_line_that_names_the_one_that_runs(shell: Shell, verb: str) -> None:
    assert shell(verb) == 1
    assert shell.err == "error: no paper engine is running\n"
    with running(shell, "live"):
        assert shell(verb) == 1
    assert shell.err == "error: no paper engine is running: one runs in live mode; say --mode live\n"


def test_the_mode_is_that_of_the_file_unless_it_is_said(shell: Shell) -> None:
    shell.write('[run]\nmode = "live"\n')
    with running(shell, "live") as engine:
        assert shell("halt") == 0
        assert shell("halt", "--mode", "live") == 0
    assert engine.asked == [("halt", ""), ("halt", "")]
    assert shell("status", "--mode", "fast") == 2
    assert "use paper, sim, live" in shell.err


def test_a_broken_configuration_keeps_nobody_from_halting(shell: Shell) -> None:
    shell.write("[scna]\n")
    with running(shell, "live") as engine:
        assert shell("halt") == 4
        assert shell.err.endswith("or say --mode paper|sim|live\n")
        assert shell("halt", "--mode", "live") == 0
    assert engine.asked == [("halt", "")]


@pytest.mark.parametrize(("verb", "outcome"), [("halt", "will be HALTED"), ("resume", "will be no longer halted")])
def test_without_an_engine_the_next_start_obeys(shell: Shell, verb: str, outcome: str) -> None:
    assert shell(verb, "--why", "news") == 0
    kept = shell.folder / "data" / "arb" / "journal-paper.sqlite.wish"
    assert shell.out == f"no paper engine is running: its next start {outcome} (kept in {kept})\n"
    wish = read_wish(kept)
    assert wish is not None
    assert (wish.verb, wish.why) == (verb, "news")


def test_the_wish_lies_beside_the_journal_that_the_file_names(shell: Shell) -> None:
    shell.write('[journal]\npath = "mine.sqlite"\n')
    assert shell("halt") == 0
    assert read_wish(shell.folder / "mine.sqlite.wish") is not None


def test_a_halt_that_misses_a_running_engine_says_so(shell: Shell) -> None:
    with running(shell, "sim"):
        assert shell("halt") == 0
    assert shell.err == "warning: one runs in sim mode; say --mode sim\n"


def test_the_wish_is_kept_where_nobody_else_reads(shell: Shell) -> None:
    assert shell("halt") == 0
    folder = shell.folder / "data" / "arb"
    assert folder.stat().st_mode & 0o077 == 0
