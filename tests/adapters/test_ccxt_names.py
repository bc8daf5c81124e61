"""ccxt's own lists are the only ones there are."""

from __future__ import annotations

import subprocess
import sys

import ccxt
import ccxt.pro
import pytest

from adapters.ccxt_names import ccxt_ids, has_stream, resolve
from arb.errors import ConfigError


def test_the_ids_are_those_that_ccxt_exports() -> None:
    assert ccxt_ids() == tuple(sorted(ccxt.exchanges))
    assert {name for name in ccxt_ids() if has_stream(name)} == set(ccxt.pro.exchanges)
    assert not has_stream("no such exchange")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("kraken",), "kraken", id="a name that ccxt knows is its id"),
        pytest.param(("gateio", "gate"), "gate", id="what a SPEC says counts where ccxt does not know our name"),
        pytest.param(("gate", "gate", "gateio"), "gate", id="an alias for our name leads to the same exchange"),
        pytest.param(("kraken", "gate"), "gate", id="what a SPEC says counts even where ccxt knows the name"),
        pytest.param(("ours", "renamed", "gate"), "gate", id="an alias helps where ccxt has renamed the exchange"),
    ],
)
def test_resolve(names: tuple[str, ...], expected: str) -> None:
    assert resolve(*names) == expected


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        pytest.param("gateio", "did you mean gate,", id="another spelling"),
        pytest.param("krakn", "did you mean kraken", id="a typo"),
    ],
)
def test_an_unknown_exchange_gets_suggestions(name: str, suggestion: str) -> None:
    with pytest.raises(ConfigError, match=suggestion) as raised:
        resolve(name)
    assert "\n" not in str(raised.value)
    assert repr(name) in str(raised.value)


def test_nothing_is_suggested_where_nothing_is_alike() -> None:
    with pytest.raises(ConfigError, match=r"^ccxt serves no exchange called 'qqqqqqqq'$"):
        resolve("qqqqqqqq")


def test_neither_a_name_nor_a_factory_imports_ccxt() -> None:
    """Half a second that `arb --help` and a warm native start must not pay."""
    code = (
        "import sys\n"
        "from adapters.ccxt_venue import CcxtFactory\n"
        "from arb.clock import SystemClock\n"
        "from arb.domain import Depth\n"
        "factory = CcxtFactory('kraken', clock=SystemClock(), on_error=print)\n"
        "factory.feed(Depth.TOP), factory.metadata(), factory.market_data((), Depth.TOP)\n"
        "print(*sorted({'ccxt', 'aiohttp', 'picows'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=".")
    assert done.stdout.split() == []
