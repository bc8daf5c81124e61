"""What is shown can be read back in, and tells the same."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from arb.config import Settings, load, show

TEXT = """
[exchanges]
mexc = {}
gateio = { taker_fee = "0.00100", buy_fee_coin = "base", options = { a = { "b c" = [1, "x", { d = 1.5 }] } } }
bitmart = "ccxt"
[scan]
depth = "top"
min_trust = "whole"
min_edge_bps = "1E+1"
symbols = ["A/B", '*/USDT']
[size]
"1INCH.X" = 2
[policy]
may_be_unknown = []
[identity]
different = ["ABC@mexc,gateio"]
[[execution.unwind]]
action = "hedge"
max_loss_bps = "12.50"
[[execution.unwind]]
action = "reverse"
max_loss_bps = 40
attempts = 3
[risk]
fee_coin_reserve = { "mexc:MX" = "2" }
[paper]
balances = { USDT = "1000", "1INCH" = 3 }
"""


@pytest.mark.parametrize("resolved", [True, False])
def test_round_trip(tmp_path: Path, resolved: bool) -> None:
    path = tmp_path / "arb.toml"
    path.write_text(TEXT)

    def read() -> Any:
        return load(environ={}, cwd=tmp_path, home=tmp_path)

    first = read()
    shown = list(show.lines(first, {}, resolved=resolved))
    path.write_text("\n".join(shown))
    assert read().settings == first.settings
    if not resolved:
        assert not any("default" in line for line in shown)


def test_a_list_of_tables_is_shown_as_one_value(tmp_path: Path) -> None:
    (tmp_path / "arb.toml").write_text(TEXT)
    shown = show.lines(load(environ={}, cwd=tmp_path, home=tmp_path), {}, resolved=False)
    ladder = next(line for line in shown if line.startswith("execution.unwind"))
    assert ladder.partition("  # ")[0] == (
        'execution.unwind = [{action = "hedge", max_loss_bps = "12.5", attempts = 1}, '
        '{action = "reverse", max_loss_bps = "40", attempts = 3}]'
    )


def test_resolved_shows_every_key(tmp_path: Path) -> None:
    loaded = load(environ={}, cwd=tmp_path, home=tmp_path, only=["mexc"])
    shown = list(show.lines(loaded, {}, resolved=True))
    keys = {line.removeprefix("# ").split(" ")[0] for line in shown}
    fields = {f"{section}.{key}" for section, table in Settings().model_dump(mode="json").items() for key in table} | {
        f"exchanges.mexc.{key}"
        for key in ("fastpath", "rest_url", "ws_url", "feed", "taker_fee", "buy_fee_coin", "options")
    }
    assert fields <= keys
    assert all(line.endswith("  # default") for line in shown)


def test_numbers_are_shown_plainly(tmp_path: Path) -> None:
    (tmp_path / "arb.toml").write_text(TEXT)
    shown = show.lines(load(environ={}, cwd=tmp_path, home=tmp_path), {}, resolved=False)
    tree = tomllib.loads("\n".join(shown))
    assert tree["scan"]["min_edge_bps"] == "10"
    assert tree["exchanges"]["gateio"]["taker_fee"] == "0.001"
