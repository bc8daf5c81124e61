"""The other commands: what the app is asked and what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from arb.config import Settings
from arb.domain import BookState
from arb.rows import SimOptions
from tests.arb.cli.fakes import Shell, opportunity, shot

ROOT = Path(__file__).parents[3]


def test_book_watches_one_market_of_one_venue(shell: Shell) -> None:
    shell.app.tell = [shot(), shot(seq=43, state=BookState.GAP, bids=(), asks=())]
    assert shell("book", "gate:btc/usdt", "--levels", "3", "--duration", "2") == 0
    call = shell.app.calls["book"]
    assert (call.venue, call.symbol, call.levels, call.compare, call.duration_s) == (
        "gateio",
        "BTC/USDT",
        3,
        False,
        2.0,
    )
    first, second, last = shell.out.splitlines()
    assert first == "mexc:BTC/USDT native LIVE trust=chained seq=42 bid=100.5x0.25 ask=101x0.0000001 levels=2/1 frame=3"
    assert second == "mexc:BTC/USDT native GAP trust=chained seq=43 bid=- ask=- levels=0/0 frame=3"
    assert last.startswith("summary: book")


def test_book_jsonl_is_one_line_for_every_change(shell: Shell) -> None:
    shell.app.tell = [shot(), shot(seq=43)]
    assert shell("book", "mexc:BTC/USDT", "--jsonl") == 0
    lines = [json.loads(line) for line in shell.out.splitlines()]
    assert [line["schema"] for line in lines] == ["arb.book/1", "arb.book/1", "arb.summary/1"]
    assert [line.get("seq") for line in lines] == [42, 43, None]
    assert "path" not in lines[0]


def test_book_compared_says_who_keeps_which(shell: Shell) -> None:
    shell.app.tell = [shot(), shot(path="ccxt")]
    assert shell("book", "mexc:BTC/USDT", "--compare", "ccxt", "--jsonl") == 0
    assert shell.app.calls["book"].compare is True
    assert [json.loads(line).get("path") for line in shell.out.splitlines()] == ["native", "ccxt", None]


def test_book_of_a_simulated_venue_needs_no_file(shell: Shell) -> None:
    assert shell("book", "mexc:BTC/USDT", "--sim", "--seed", "2") == 0
    assert shell.app.calls["book"].sim == SimOptions(seed=2)


def test_exchanges(shell: Shell) -> None:
    assert shell("exchanges") == 0
    assert [line.split() for line in shell.out.splitlines()] == [
        ["name", "path", "stream", "feeds", "aliases"],
        ["gateio", "native", "+", "ccxt", "yes", "obu", "book_ticker", "gate"],
        ["tinyex", "ccxt", "polled", "-", "-"],
    ]
    shell("exchanges", "--jsonl")
    assert json.loads(shell.out.splitlines()[0]) == {
        "schema": "arb.exchange/1",
        "name": "gateio",
        "native": True,
        "ccxt": True,
        "stream": True,
        "feeds": ["obu", "book_ticker"],
        "aliases": ["gate"],
    }


def test_markets(shell: Shell) -> None:
    assert shell("markets", "*/usdt", "--exchanges", "mexc") == 0
    assert shell.app.calls["markets"].patterns == ("*/USDT",)
    assert [" ".join(line.split()) for line in shell.out.splitlines()] == [
        "symbol venue native tick step min_qty min_notional taker maker fee_from tradable",
        "BTC/USDT mexc BTCUSDT 0.01 0.000001 - 1 0.0005 - market buy",
    ]
    shell("markets", "--exchanges", "mexc", "--jsonl")
    assert shell.app.calls["markets"].patterns == ("*/*",)
    line = json.loads(shell.out)
    assert (line["schema"], line["taker"], line["maker"], line["min_qty"]) == ("arb.market/1", "0.0005", None, None)


@pytest.mark.parametrize(
    ("arguments", "exchanges", "symbols", "out"),
    [
        pytest.param(
            ("--exchanges", "mexc,gate", "--symbols", "A/USDT", "x.tape"),
            ["mexc", "gateio"],
            ("A/USDT",),
            "x.tape",
            id="options and OUT",
        ),
        pytest.param(("kucoin", "BTC/USDT", "y.tape"), ["kucoin"], ("BTC/USDT",), "y.tape", id="venue, symbol, OUT"),
        pytest.param(("kucoin", "a/b,c/d", "y.tape"), ["kucoin"], ("A/B", "C/D"), "y.tape", id="several symbols"),
    ],
)
def test_record(
    shell: Shell, arguments: tuple[str, ...], exchanges: list[str], symbols: tuple[str, ...], out: str
) -> None:
    assert shell("record", *arguments, "--duration", "1") == 0
    call = shell.app.calls["record"]
    assert (list(call.settings.exchanges), call.settings.scan.symbols, call.out) == (exchanges, symbols, Path(out))
    assert shell.out.splitlines()[-1].startswith("summary: record")


def test_record_without_a_name_gets_one(shell: Shell) -> None:
    assert shell("record", "kucoin", "BTC/USDT") == 0
    out = shell.app.calls["record"].out
    assert out.parent == shell.folder
    assert out.name.startswith("kucoin-2")
    assert out.suffix == ".tape"


def test_replay_decides_with_the_tapes_settings_unless_a_file_is_named(shell: Shell) -> None:
    tape = str(shell.write("", "a.tape"))
    shell.app.tell = [opportunity()]
    assert shell("replay", tape, "--size", "9", "--venue", "mexc") == 0
    call = shell.app.calls["replay"]
    assert call.options == {("size", "USDT"): ("--size", 9)}
    assert call.venue == "mexc"
    assert shell.out.splitlines()[0].startswith("OPEN BTC/USDT")
    assert shell.out.splitlines()[-1].startswith("summary: replay ended (end)")
    shell.write("[scan]\nmin_edge_bps = 7\n", "other.toml")
    assert shell("replay", tape, "--config", "other.toml") == 0
    call = shell.app.calls["replay"]
    assert call.options is None
    assert call.settings.scan.min_edge_bps == 7


def test_replay_of_books(shell: Shell) -> None:
    shell.app.tell = [shot()]
    assert shell("replay", str(shell.write("", "a.tape")), "--books", "--levels", "4", "--jsonl") == 0
    assert shell.app.calls["replay_books"].levels == 4
    assert [json.loads(line)["schema"] for line in shell.out.splitlines()] == ["arb.book/1", "arb.summary/1"]


def test_replay_ends_with_a_summary_when_interrupted(shell: Shell) -> None:
    shell.app.waits = True
    shell.app.on_wait = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert shell("replay", str(shell.write("", "a.tape")), "--jsonl") == 130
    assert json.loads(shell.out)["ended"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sim_says_first_where_it_listens(shell: Shell) -> None:
    assert shell("sim", "--port", "9000", "--seed", "4", "--symbols", "70", "--duration", "1") == 0
    call = shell.app.calls["simulate"]
    assert (call.port, call.options, call.duration_s) == (9000, SimOptions(seed=4, symbols=70), 1.0)
    assert json.loads(shell.out.splitlines()[0]) == {
        "schema": "arb.sim/1",
        "venues": {"mexc": {"rest_url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:2/ws"}},
    }
    assert "closed" in shell.err


def test_init_writes_a_configuration_that_is_right(shell: Shell) -> None:
    assert shell("init") == 0
    assert shell("config", "check") == 0
    assert shell.out == f"ok: {shell.folder}/arb.toml names mexc, gateio\n"
    written = tomllib.loads((shell.folder / "arb.toml").read_text())
    defaults = Settings().model_dump(mode="json", exclude={"exchanges"})
    assert {section: table for section, table in written.items() if section != "exchanges"} == defaults


def test_init_overwrites_only_by_force(shell: Shell) -> None:
    path = shell.write("mine")
    assert shell("init", "arb.toml") == 4
    assert path.read_text() == "mine"
    assert shell("init", "arb.toml", "--force") == 0
    assert path.read_text().startswith("# arb:")


def test_config_check_takes_a_file_by_name(shell: Shell) -> None:
    shell.write("[exchanges]\nnosuch = {}\n", "b.toml")
    assert shell("config", "check", "b.toml") == 4
    assert shell.err.startswith(f"error: file {shell.folder}/b.toml: nobody serves nosuch")


def test_config_show_tells_where_each_value_is_from_and_hides_secrets(shell: Shell) -> None:
    shell.write('[exchanges]\nmexc = { rest_url = "https://me:pw@proxy/x?token=t0k" }\ngateio = {}\n')
    shell.environ |= {"ARB__SCAN__DEPTH": "5", "ARB_MEXC_KEY": "k3y", "ARB_MEXC_SECRET": "s3cr3t"}
    assert shell("config", "show", "--size", "100") == 0
    file = f"file {shell.folder}/arb.toml"
    assert shell.out.splitlines() == [
        f'exchanges.mexc.rest_url = "https://****@proxy/x?token=****"  # {file}',
        'scan.depth = "5"  # env ARB__SCAN__DEPTH',
        'size.USDT = "100"  # --size',
        f"exchanges.gateio = {{}}  # {file}",
        '# ARB_MEXC_KEY = "********"  # env ARB_MEXC_KEY',
        '# ARB_MEXC_SECRET = "********"  # env ARB_MEXC_SECRET',
    ]
    shell("config", "show", "--resolved")
    assert "scan.max_age_ms = 3000  # default" in shell.out.splitlines()
    assert not any(secret in shell.out for secret in ("pw@", "t0k", "k3y", "s3cr3t"))


def test_config_show_names_the_file_of_keys_and_nothing_in_it(shell: Shell) -> None:
    keys = shell.write("[mexc]\nkey = 'k3y'\nsecret = 's3cr3t'\n", "home/.config/arb/keys.toml")
    assert shell("config", "show", "--exchanges", "mexc") == 0
    assert shell.out.splitlines()[-1] == f"# keys are looked for in {keys} too; the environment wins"
    assert not any(secret in shell.out for secret in ("k3y", "s3cr3t"))


def test_logs_go_to_stderr_at_the_level_asked_for(shell: Shell) -> None:
    shell.write('[log]\nlevel = "ERROR"\n')
    assert shell("sim") == 0
    assert "INFO" in shell.err
    assert shell("sim", "--log-level", "error") == 0
    assert shell.err == ""


def test_version(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell("--version") == 0
    assert capsys.readouterr().out.startswith("arb")


def test_bench_prints_both_paths(shell: Shell) -> None:
    assert shell("bench", "decode", "--frames", "200", "--rounds", "1", "--exchanges", "mexc", "--jsonl") == 0
    line = json.loads(shell.out)
    assert line["schema"] == "arb.bench/1"
    (result,) = line["results"]
    assert (result["venue"], result["frames"], result["native"]["name"]) == ("mexc", 200, "native")
    assert result["native"]["p50_us"] > 0
    assert result["ccxt"]["frames_per_s"] > 0


def test_bench_order_prints_every_client(shell: Shell) -> None:
    few = ("--orders", "20", "--rounds", "1", "--ticks", "0")
    assert shell("bench", "order", *few, "--exchanges", "mexc", "--jsonl") == 0
    line = json.loads(shell.out)
    assert line["schema"] == "arb.bench/1"
    (result,) = line["results"]
    assert [path["name"] for path in result["paths"]] == ["native", "aiohttp", "httpx", "ccxt"]


def test_help_is_light() -> None:
    heavy = ["ccxt", "aiohttp", "pydantic", "rich", "msgspec", "loguru", "asyncio", "uvloop", "picows"]
    code = (
        "import sys; from arb.cli import main; code = main(['--help']);"
        f"print(code, [name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True, cwd=ROOT
    )
    assert done.stderr == "0 []\n"
    assert "scan" in done.stdout
