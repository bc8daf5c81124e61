"""The sections that `arb run` reads, from every source."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from arb.config import ExecutionConfig, Settings, UnwindStep, load, override
from arb.errors import ConfigError


def settings_of(folder: Path, text: str = "", environ: dict[str, str] | None = None) -> Settings:
    (folder / "arb.toml").write_text(text)
    return load(environ=environ or {}, cwd=folder, home=folder).settings


LADDER = (UnwindStep(action="hedge", max_loss_bps=Decimal(7), attempts=2),)


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        pytest.param(
            "[[execution.unwind]]\naction = 'hedge'\nmax_loss_bps = 7\nattempts = 2\n", {}, id="a list of tables"
        ),
        pytest.param(
            "", {"ARB__EXECUTION__UNWIND": "[{action = 'hedge', max_loss_bps = 7, attempts = 2}]"}, id="environment"
        ),
        pytest.param(
            "[[execution.unwind]]\naction = 'retry'\nmax_loss_bps = 1\n",
            {"ARB__EXECUTION__UNWIND": "[{action = 'hedge', max_loss_bps = '7', attempts = '2'}]"},
            id="the environment replaces the ladder as a whole",
        ),
    ],
)
def test_the_ladder(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    settings = settings_of(tmp_path, text, environ)
    assert settings.execution.unwind == LADDER
    assert override(settings, {}).execution.unwind == LADDER


def test_an_empty_ladder_is_none_and_not_the_default(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "[execution]\nunwind = []\n").execution.unwind == ()
    assert len(ExecutionConfig().unwind) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "[[execution.unwind]]\naction = 'retry'\nmax_loss = 1\n",
            "unknown key execution.unwind.max_loss; did you mean max_loss_bps?",
            id="a key of a step",
        ),
        pytest.param(
            "[[execution.unwind]]\naction = 'pray'\nmax_loss_bps = 1\n", "'retry', 'reverse' or 'hedge'", id="action"
        ),
        pytest.param("[risk]\nmax_trade = 0\n", "risk.max_trade should be greater than 0", id="a limit of nothing"),
        pytest.param("[risk]\nfee_coin_reserve = { MX = 1 }\n", "write them as in mexc:MX", id="a coin of no venue"),
        pytest.param("[run]\nmode = 'real'\n", "'paper', 'sim' or 'live'", id="mode"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(tmp_path, text)
    message = str(caught.value)
    assert says in message
    assert message.startswith(f"file {tmp_path}/arb.toml: ")
    assert "\n" not in message


def test_coins_of_the_environment_are_written_in_capitals(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, environ={"ARB__PAPER__BALANCES__USDT": "5000"})
    assert settings.paper.balances == {"USDT": Decimal(5000)}
