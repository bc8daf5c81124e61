"""`arb fastpath`: what is asked of a run, what is shown of its answer, and every way in which there is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from arb.control import ControlServer, path_verbs
from arb.domain import DataPath
from arb.rows import SimOptions
from tests.arb.cli.fakes import Shell
from tests.arb.control.fake_paths import DIFFERS, FakePaths


@pytest.fixture
def shell(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """With folders of its own, and no time to wait."""
    shell.environ |= {"XDG_RUNTIME_DIR": str(shell.folder / "run"), "XDG_DATA_HOME": str(shell.folder / "data")}
    monkeypatch.setattr("arb.cli.fastpath.LOOK_S", 0.001)
    return shell


@contextmanager
def running(shell: Shell, mode: str = "paper") -> Iterator[FakePaths]:
    """A run with a loop of its own, as another process would have."""
    run, up, down = FakePaths(), Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        control = ControlServer(shell.folder / "run" / "arb" / f"{mode}.sock", path_verbs(run))
        await control.start()
        up.set()
        await down.wait()
        control.close()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())

    thread = Thread(target=work)
    thread.start()
    assert up.wait(5)
    try:
        yield run
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(5)


def test_status_in_columns(shell: Shell) -> None:
    with running(shell):
        assert shell("fastpath", "status") == 0
    assert shell.out.splitlines() == [
        "venue  path            trust      books_live  by     beside        clean_s  errors  gaps  mismatches  note",
        "mexc   ccxt (demoted)  unchecked  40/44       watch  native 43/44  30/120   2       3     1           "
        "not clean yet: 1 gaps",
    ]


def test_status_as_json(shell: Shell) -> None:
    with running(shell, "scan"):
        assert shell("fastpath", "status", "--json", "--mode", "scan") == 0
    line = json.loads(shell.out)
    assert (line["schema"], line["mode"]) == ("arb.fastpath/1", "scan")
    (venue,) = line["venues"]
    assert (venue["path"], venue["by"], venue["shadow"], venue["clean_needed_s"], venue["goal"]) == (
        "ccxt", "watch", "native", 120.0, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "moves", "code", "asked", "out", "err"),
    [
        pytest.param(
            "on", True, 0, ("turn", "mexc", DataPath.NATIVE, "mended"),
            "mexc: market data by native, unchecked, 40/44 books LIVE\n", "", id="on, and it is done",
        ),
        pytest.param(
            "on", False, 1, ("turn", "mexc", DataPath.NATIVE, "mended"), "",
            "error: mexc: stays on ccxt: native does not carry A/USDT GAP\n", id="on, and it cannot be",
        ),
        pytest.param(
            "off", True, 0, ("turn", "mexc", DataPath.CCXT, "mended"),
            "mexc: market data by ccxt (demoted), unchecked, 40/44 books LIVE\n", "", id="off, as it was",
        ),
    ],
)  # fmt: skip
def test_turning(shell: Shell, verb, moves, code, asked, out, err) -> None:
    with running(shell) as run:
        run.moves = moves
        assert shell("fastpath", verb, "mexc", "--why", "mended") == code
    assert asked in run.asked
    assert (shell.out, shell.err) == (out, err)


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        pytest.param(
            ("off", "kucoin"), 1, "error: kucoin is none of this run's exchanges (mexc)\n", id="a strange venue",
        ),
        pytest.param(
            ("off", "a b"), 2,
            "error: invalid value for VENUE: 'a b' is not a venue's name; names are made of a-z, 0-9 and _, as in "
            "gateio; try 'arb fastpath off --help'\n", id="what is no name",
        ),
        pytest.param(
            ("status", "--mode", "sim"), 1,
            "error: no sim engine is running: one runs in scan mode; say --mode scan\n", id="another run is meant",
        ),
        pytest.param(
            ("status", "--mode", "demo"), 2,
            "error: invalid value for --mode: 'demo' is none; use paper, sim, live or scan; try 'arb fastpath status "
            "--help'\n", id="no mode",
        ),
        pytest.param(("verify", "mexc", "--duration", "0"), 2, None, id="no time"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(shell: Shell, arguments, code, err) -> None:
    mode = "scan" if "sim" in arguments else "paper"
    with running(shell, mode):
        assert shell("fastpath", *arguments) == code
    assert err is None or shell.err == err
    assert shell.err.count("\n") == 1
    assert shell.out == ""


@pytest.mark.parametrize("verb", ["status", "on", "off"])
def test_no_run_is_one_line_and_exit_code_1(shell: Shell, verb: str) -> None:
    assert shell("fastpath", verb, *(("mexc",) if verb != "status" else ())) == 1
    assert shell.err == "error: no paper engine is running\n"


def test_an_alias_is_the_venue(shell: Shell) -> None:
    with running(shell) as run:
        shell("fastpath", "off", "gate")
    assert ("turn", "gateio", DataPath.CCXT, "") in run.asked


def test_verify_beside_a_run(shell: Shell) -> None:
    with running(shell) as run:
        assert shell("fastpath", "verify", "mexc", "--duration", "5") == 0
    assert run.asked[1:] == [("verify", "mexc", 5.0), ("verified", "mexc"), ("verified", "mexc")]
    assert shell.out.splitlines() == [
        "mexc: native and ccxt agree after 60.0 s; 2/2 markets LIVE on both, decided by native",
        "tops equal 99.5% of the time; largest difference 1.50 bps, longest 120 ms, 0 longer than 5 s",
        "states of one sequence: 100 seen on both, 0 of them not equal",
        "native first with 90.0% of 90 states of ccxt's, by p1 -1.0 ms p50 2.5 ms p99 40.0 ms",
        "path    frames  updates  gaps  crossed  resyncs  reconnects  errors",
        "native  1000    990      2     0        2        0           1",
        "ccxt    -       500      0     0        0        0           0",
        "facts: 24 compared, 0 differ",
    ]


def test_verify_that_finds_a_difference_is_exit_code_1(shell: Shell) -> None:
    with running(shell) as run:
        run.report = DIFFERS
        assert shell("fastpath", "verify", "mexc") == 1
        assert "mexc: native and ccxt DIFFER" in shell.out
        assert "A/USDT  90.0%  59.5         1.50         120         50        1" in shell.out
        assert "A/USDT  tick  0.01    0.1" in shell.out
        assert shell("fastpath", "verify", "mexc", "--json") == 1
    line = json.loads(shell.out)
    assert (line["schema"], line["agrees"], line["deciding"]) == ("arb.verify/1", False, "native")
    assert line["facts"] == [{"symbol": "A/USDT", "fact": "tick", "ours": "0.01", "theirs": "0.1"}]
    assert shell.err == ""


def test_verify_by_itself_where_no_run_is(shell: Shell) -> None:
    assert shell("fastpath", "verify", "gate", "--symbols", "BTC/USDT", "--duration", "5") == 0
    call = shell.app.calls["verify"]
    assert (call.venue, call.seconds, call.sim, call.settings.scan.symbols) == ("gateio", 5.0, None, ("BTC/USDT",))
    assert shell.err == "no paper engine is running; comparing on connections of our own\n"


def test_verify_on_the_simulated_exchanges(shell: Shell) -> None:
    with running(shell) as run:
        assert shell("fastpath", "verify", "mexc", "--sim", "--seed", "3") == 0
    assert shell.app.calls["verify"].sim == SimOptions(seed=3)
    assert run.asked == []


@pytest.mark.parametrize(
    ("venue", "says"),
    [
        pytest.param("kucoin", "kucoin has no native codec", id="a venue of one path"),
        pytest.param("nowhere", "nobody serves nowhere", id="a venue of nobody's"),
    ],
)
def test_verify_of_a_venue_that_has_no_native_path(shell: Shell, venue: str, says: str) -> None:
    assert shell("fastpath", "verify", venue, "--sim") == 4
    assert shell.err.startswith(f"error: {says}")
    assert shell.err.count("\n") == 1
    assert "verify" not in shell.app.calls


def test_a_mode_that_was_named_and_does_not_run_is_not_replaced(shell: Shell) -> None:
    assert shell("fastpath", "verify", "mexc", "--mode", "live") == 1
    assert shell.err == "error: no live engine is running\n"
