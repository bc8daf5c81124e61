"""Where settings come from, who wins, and what is refused in one line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arb.config import Loaded, Settings, load, override, require_exchanges
from arb.domain import Depth, FeeCoin, Trust
from arb.errors import ConfigError


class Home:
    """A folder to start in and a home folder, both empty."""

    def __init__(self, folder: Path) -> None:
        self.cwd = folder / "work"
        self.home = folder / "home"
        self.cwd.mkdir()

    def write(self, text: str, path: Path | None = None) -> Path:
        path = path or self.cwd / "arb.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(self, environ: Mapping[str, str] | None = None, **given: Any) -> Loaded:
        aliases = {"gate": "gateio"}
        return load(
            environ=environ or {}, cwd=self.cwd, home=self.home, canonical=lambda name: aliases.get(name, name), **given
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_nothing_at_all_is_the_defaults(home: Home) -> None:
    loaded = home.load()
    assert loaded.path is None
    assert loaded.settings == Settings()
    assert loaded.settings.size == {"USDT": Decimal(500)}
    assert loaded.settings.scan.depth is Depth.TWENTY
    assert loaded.settings.scan.min_trust is Trust.POLLED
    assert loaded.origin("scan.depth") == "default"


def test_the_four_ways_to_name_a_venue(home: Home) -> None:
    home.write(
        '[exchanges]\nmexc = {}\ngateio = { fastpath = true }\nkucoin = { fastpath = false }\nbitmart = "ccxt"\n'
    )
    venues = home.load().settings.exchanges
    assert {name: venue.fastpath for name, venue in venues.items()} == {
        "mexc": None,
        "gateio": True,
        "kucoin": False,
        "bitmart": False,
    }


def test_everything_that_a_venue_may_say(home: Home) -> None:
    home.write(
        "[exchanges.mexc]\n"
        'rest_url = "http://127.0.0.1:8080/"\nws_url = "ws://[::1]:9/ws"\nfeed = "limit.depth"\n'
        'taker_fee = "0.0005"\nmaker_fee = -0.0001\nbuy_fee_coin = "base"\nsell_fee_coin = "quote"\n'
        "options = { defaultType = 'spot', deep = { x = 1 } }\n"
    )
    venue = home.load().settings.exchanges["mexc"]
    assert (venue.rest_url, venue.ws_url, venue.feed) == ("http://127.0.0.1:8080", "ws://[::1]:9/ws", "limit.depth")
    assert (venue.taker_fee, venue.maker_fee) == (Decimal("0.0005"), Decimal("-0.0001"))
    assert (venue.buy_fee_coin, venue.sell_fee_coin) == (FeeCoin.BASE, FeeCoin.QUOTE)
    assert venue.options == {"defaultType": "spot", "deep": {"x": 1}}


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param(["option", "variable", "cwd", "xdg", "home"], "option", id="--config wins"),
        pytest.param(["variable", "cwd", "xdg", "home"], "variable", id="then ARB_CONFIG"),
        pytest.param(["cwd", "xdg", "home"], "cwd", id="then ./arb.toml"),
        pytest.param(["xdg", "home"], "xdg", id="then XDG_CONFIG_HOME"),
        pytest.param(["home"], "home", id="then ~/.config"),
        pytest.param([], None, id="then nothing"),
    ],
)
def test_which_file_is_read(home: Home, tmp_path: Path, there: list[str], expected: str | None) -> None:
    places = {
        "option": tmp_path / "o.toml",
        "variable": tmp_path / "v.toml",
        "cwd": home.cwd / "arb.toml",
        "xdg": tmp_path / "xdg/arb/arb.toml",
        "home": home.home / ".config/arb/arb.toml",
    }
    for place in there:
        home.write("", places[place])
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")} if "xdg" in there else {}
    if "variable" in there:
        environ["ARB_CONFIG"] = str(places["variable"])
    loaded = home.load(environ, config=places["option"] if "option" in there else None)
    assert loaded.path == (places[expected] if expected else None)


def test_a_relative_name_is_meant_from_here(home: Home) -> None:
    path = home.write("", home.cwd / "sub/x.toml")
    assert home.load(config=Path("sub/x.toml")).path == path
    assert home.load({"ARB_CONFIG": "sub/x.toml"}).path == path


@pytest.mark.parametrize(
    ("file", "variable", "option", "value", "origin"),
    [
        pytest.param(None, None, None, "0", "default", id="default"),
        pytest.param("1", None, None, "1", "file {path}", id="file over default"),
        pytest.param("1", "2", None, "2", "env ARB__SCAN__MIN_EDGE_BPS", id="environment over file"),
        pytest.param(None, "2", None, "2", "env ARB__SCAN__MIN_EDGE_BPS", id="environment over default"),
        pytest.param("1", "2", "3", "3", "--min-edge-bps", id="command line over all"),
        pytest.param("1", None, "3", "3", "--min-edge-bps", id="command line over file"),
    ],
)
def test_precedence(
    home: Home, file: str | None, variable: str | None, option: str | None, value: str, origin: str
) -> None:
    path = home.cwd / "arb.toml"
    if file is not None:
        home.write(f"[scan]\nmin_edge_bps = {file}\n")
    environ = {} if variable is None else {"ARB__SCAN__MIN_EDGE_BPS": variable}
    options = {} if option is None else {("scan", "min_edge_bps"): ("--min-edge-bps", option)}
    loaded = home.load(environ, options=options)
    assert loaded.settings.scan.min_edge_bps == Decimal(value)
    assert loaded.origin("scan.min_edge_bps") == origin.format(path=path)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        pytest.param("ARB__SCAN__DEPTH", "full", lambda s: s.scan.depth is Depth.FULL, id="a word"),
        pytest.param("ARB__SCAN__MAX_AGE_MS", "250", lambda s: s.scan.max_age_ms == 250, id="a number"),
        pytest.param("ARB__SIZE__BTC", "0.01", lambda s: s.size["BTC"] == Decimal("0.01"), id="a coin"),
        pytest.param(
            "ARB__SCAN__SYMBOLS", "A/B, */USDT", lambda s: s.scan.symbols == ("A/B", "*/USDT"), id="a list as one text"
        ),
        pytest.param("ARB__SCAN__SYMBOLS", '["a/b"]', lambda s: s.scan.symbols == ("A/B",), id="a list as TOML"),
        pytest.param(
            "ARB__EXCHANGES__MEXC__FASTPATH", "false", lambda s: s.exchanges["mexc"].fastpath is False, id="a switch"
        ),
        pytest.param("ARB__EXCHANGES__MEXC", "ccxt", lambda s: s.exchanges["mexc"].fastpath is False, id="a venue"),
        pytest.param(
            "ARB__EXCHANGES__MEXC", "{ feed = 'x' }", lambda s: s.exchanges["mexc"].feed == "x", id="a venue as TOML"
        ),
        pytest.param(
            "ARB__EXCHANGES__MEXC__OPTIONS__defaultType",
            "spot",
            lambda s: s.exchanges["mexc"].options == {"defaultType": "spot"},
            id="an option of ccxt keeps its spelling",
        ),
        pytest.param("ARB__POLICY__MAY_BE_UNKNOWN", "", lambda s: s.policy.may_be_unknown == (), id="an empty list"),
    ],
)
def test_the_environment(home: Home, name: str, value: str, read: Any) -> None:
    home.write("[exchanges]\nmexc = {}\n")
    loaded = home.load({name: value})
    assert read(loaded.settings)
    assert f"env {name}" in loaded.origins.values()


def test_one_key_of_the_environment_leaves_the_file_its_others(home: Home) -> None:
    path = home.write("[exchanges.gate]\nfastpath = true\nfeed = 'obu'\n")
    loaded = home.load({"ARB__EXCHANGES__GATEIO__FASTPATH": "false"})
    assert loaded.settings.exchanges["gateio"].feed == "obu"
    assert loaded.settings.exchanges["gateio"].fastpath is False
    assert loaded.origin("exchanges.gateio.feed") == f"file {path}"
    assert loaded.origin("exchanges.gateio.fastpath") == "env ARB__EXCHANGES__GATEIO__FASTPATH"


def test_sizes_add_up_and_usdt_has_one_anyway(home: Home) -> None:
    home.write('[size]\nBTC = "0.01"\n')
    assert home.load().settings.size == {"USDT": Decimal(500), "BTC": Decimal("0.01")}


def test_floats_in_toml_are_taken_as_written(home: Home) -> None:
    home.write("[size]\nBTC = 0.1\n[scan]\nmin_edge_bps = 0.3\n")
    settings = home.load().settings
    assert (str(settings.size["BTC"]), str(settings.scan.min_edge_bps)) == ("0.1", "0.3")


def test_only_the_venues_asked_for_with_their_tables(home: Home) -> None:
    home.write("[exchanges]\nmexc = { feed = 'x' }\nkucoin = {}\n")
    loaded = home.load(only=["gate", "mexc"])
    assert list(loaded.settings.exchanges) == ["gateio", "mexc"]
    assert loaded.settings.exchanges["mexc"].feed == "x"
    assert loaded.origin("exchanges.gateio") == "--exchanges"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "[scan]\nmin_egde_bps = 1\n", "unknown key scan.min_egde_bps; did you mean min_edge_bps?", id="key"
        ),
        pytest.param("[scna]\n", "unknown key scna; did you mean scan?", id="section"),
        pytest.param(
            "min_edge_bps = 1\n",
            "unknown key min_edge_bps; did you mean scan.min_edge_bps?",
            id="key outside its section",
        ),
        pytest.param(
            "[exchanges.mexc]\nfast_path = true\n",
            "unknown key exchanges.mexc.fast_path; did you mean fastpath?",
            id="key of a venue",
        ),
        pytest.param("[log]\nzzz = 1\n", "unknown key log.zzz; known here: level", id="nothing alike"),
        pytest.param("[scan]\nmax_age_ms = 0\n", "scan.max_age_ms should be greater than 0, not 0", id="not positive"),
        pytest.param("[scan]\nmax_age_ms = 2.5\n", "scan.max_age_ms should be a valid integer", id="not whole"),
        pytest.param(
            "[scan]\nmin_edge_bps = -1\n", "scan.min_edge_bps should be greater than or equal to 0", id="minus"
        ),
        pytest.param("[scan]\nmin_edge_bps = nan\n", "scan.min_edge_bps should be a finite number", id="no number"),
        pytest.param("[scan]\nmin_edge_bps = true\n", "scan.min_edge_bps", id="a switch is no number"),
        pytest.param("[scan]\nmax_price_ratio = inf\n", "scan.max_price_ratio should be a finite number", id="endless"),
        pytest.param("[scan]\nmax_price_ratio = 1\n", "should be greater than 1", id="a ratio that refuses all"),
        pytest.param("[scan]\ndepth = 10\n", "scan.depth: '10' is no depth; use top, 5, 20, full", id="depth"),
        pytest.param("[scan]\nmin_trust = 'blind'\n", "use polled, unchecked, whole, chained", id="trust"),
        pytest.param("[scan]\nsymbols = []\n", "scan.symbols: no symbols", id="no symbols"),
        pytest.param("[scan]\nsymbols = ['BTC']\n", "scan.symbols: 'BTC' is not a symbol", id="symbol"),
        pytest.param("[size]\nUSDT = 0\n", "size.USDT should be greater than 0", id="no size"),
        pytest.param("[size]\nusdt = 1\n", "size: 'usdt' is not a coin", id="coin"),
        pytest.param(
            "[policy]\nmay_be_unknown = ['age']\n", "should be 'identity' or 'transfer', not 'age'", id="policy"
        ),
        pytest.param("[identity]\nsame = ['a b']\n", "identity.same: 'a b' is not a coin", id="pin"),
        pytest.param("[identity]\nsame = ['A@mexc']\n", "at least two, as in ABC@mexc,gateio", id="pin of one venue"),
        pytest.param("[cache]\nttl_h = 0\n", "cache.ttl_h should be greater than 0", id="ttl"),
        pytest.param("[log]\nlevel = 'LOUD'\n", "log.level: 'LOUD' is no log level", id="log level"),
        pytest.param("scan = 5\n", "scan should be a table, as in [scan]", id="no table"),
        pytest.param("exchanges = ['mexc']\n", "exchanges should be a table", id="exchanges as a list"),
        pytest.param("[exchanges]\nmexc = true\n", "exchanges.mexc should be a table", id="a venue that is none"),
        pytest.param("[exchanges]\nmexc = 'native'\n", 'write {} for the best one, or "ccxt"', id="no such way"),
        pytest.param("[exchanges]\nMEXC = {}\n", "names are made of a-z, 0-9 and _", id="venue name"),
        pytest.param("[exchanges]\nwire = {}\n", "'wire' is a folder of helpers", id="helper folder wire"),
        pytest.param("[exchanges]\nnet = {}\n", "'net' is a folder of helpers", id="helper folder net"),
        pytest.param("[exchanges]\n__init__ = {}\n", "'__init__' is not a venue's name", id="no module of Python's"),
        pytest.param("[exchanges.mexc]\nfastpath = 'maybe'\n", "exchanges.mexc.fastpath should be", id="switch"),
        pytest.param("[exchanges.mexc]\nrest_url = 'ws://h'\n", "write http:// or https://host", id="rest url"),
        pytest.param("[exchanges.mexc]\nws_url = 'https://h'\n", "write ws:// or wss://host", id="ws url"),
        pytest.param("[exchanges.mexc]\nrest_url = 'http://h:99999'\n", "is not a URL", id="port"),
        pytest.param("[exchanges.mexc]\nrest_url = 'http:///x'\n", "is not a URL", id="no host"),
        pytest.param("[exchanges.mexc]\ntaker_fee = '0.1'\n", "as in 0.001 for 0.1 %", id="a fee in percent"),
        pytest.param("[exchanges.mexc]\nbuy_fee_coin = 'gt'\n", "use quote, base", id="fee coin"),
        pytest.param("[exchanges]\ngate = {}\ngateio = {}\n", "gate and gateio are the same exchange", id="one twice"),
        pytest.param("a = 1\na = 2\n", "line 2", id="not TOML tells the line"),
        pytest.param("[scan]\nx = [\n", "line 3, the end", id="not TOML at its end tells the line"),
    ],
)
def test_a_bad_file_is_one_line_that_names_file_key_and_cure(home: Home, text: str, says: str) -> None:
    path = home.write(text)
    with pytest.raises(ConfigError) as caught:
        home.load()
    message = str(caught.value)
    assert says in message
    assert str(path) in message
    assert "\n" not in message


def test_more_than_one_error_is_counted(home: Home) -> None:
    home.write("[scan]\nx = 1\ny = 2\ndepth = 3\n")
    with pytest.raises(ConfigError, match=r"\(and 2 more\)"):
        home.load()


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        pytest.param({"ARB__SCAN__MIN_EGDE_BPS": "1"}, "did you mean min_edge_bps?", id="unknown key"),
        pytest.param({"ARB__SCNA__DEPTH": "5"}, "did you mean scan?", id="unknown section"),
        pytest.param({"ARB__SCAN": "1"}, "write ARB__SECTION__KEY", id="a section alone"),
        pytest.param({"ARB__SCAN__": "1"}, "write ARB__SECTION__KEY", id="a key without a name"),
        pytest.param({"ARB__SCAN__DEPTH": "10"}, "use top, 5, 20, full", id="a bad value"),
        pytest.param({"ARB__SCAN__SYMBOLS": "['a"}, "not a TOML value", id="bad TOML"),
        pytest.param({"ARB__SCAN__DEPTH__X": "5"}, "scan.depth", id="too deep"),
        pytest.param(
            {"ARB__EXCHANGES__MEXC": "ccxt", "ARB__EXCHANGES__MEXC__FEED": "x"}, "has a value already", id="both ways"
        ),
        pytest.param({"ARB_CONFIG": "nowhere.toml"}, "'arb init nowhere.toml' writes one", id="no such file"),
    ],
)
def test_a_bad_environment_is_one_line_that_names_the_variable(home: Home, environ: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        home.load(environ)
    assert says in str(caught.value)
    assert any(name in str(caught.value) for name in environ)


@pytest.mark.parametrize("key", ["api_key", "apiKey", "secret", "API-Secret", "password", "passphrase", "private_key"])
@pytest.mark.parametrize("table", ["exchanges.mexc", "exchanges.mexc.options", "scan"])
def test_credentials_in_a_file_are_refused_without_showing_them(home: Home, key: str, table: str) -> None:
    home.write(f'[{table}]\n{key} = "s3cr3t"\n')
    venue = "<VENUE>" if table == "scan" else "MEXC"
    with pytest.raises(ConfigError, match=f"ARB_{venue}_KEY, ARB_{venue}_SECRET") as caught:
        home.load()
    assert "s3cr3t" not in str(caught.value)


def test_credentials_in_an_override_are_refused_too(home: Home) -> None:
    with pytest.raises(ConfigError, match=r"env ARB__EXCHANGES__MEXC__SECRET: .*ARB_MEXC_SECRET"):
        home.load({"ARB__EXCHANGES__MEXC__SECRET": "s3cr3t"})


def test_a_coin_may_be_called_key(home: Home) -> None:
    home.write("[size]\nKEY = 5\n")
    assert home.load().settings.size["KEY"] == 5


def test_an_unreadable_file_is_one_line(home: Home) -> None:
    path = home.write("")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        home.load()


def test_an_option_about_a_venue_that_takes_no_part_is_refused(home: Home) -> None:
    home.write("[exchanges]\nmexc = {}\n")
    options = {("exchanges", "gate", "fastpath"): ("--fastpath", False)}
    with pytest.raises(ConfigError, match=r"--fastpath: gateio is not among the exchanges \(mexc\)"):
        home.load(options=options)
    assert home.load(options=options, only=["gateio"]).settings.exchanges["gateio"].fastpath is False


@pytest.mark.parametrize(
    ("text", "at_least", "says"),
    [
        pytest.param(None, 1, "no configuration file was found; 'arb init' writes one", id="no file"),
        pytest.param("", 1, "names no exchange", id="none named"),
        pytest.param("[exchanges]\nmexc = {}\n", 2, "only mexc is named, and a gap needs 2", id="one of two"),
        pytest.param("[exchanges]\nmexc = {}\n", 1, None, id="one of one"),
    ],
)
def test_enough_exchanges(home: Home, text: str | None, at_least: int, says: str | None) -> None:
    if text is not None:
        home.write(text)
    loaded = home.load()
    if says is None:
        require_exchanges(loaded, at_least)
    else:
        with pytest.raises(ConfigError, match=says):
            require_exchanges(loaded, at_least)


def test_settings_that_were_written_down_can_be_overridden() -> None:
    before = Settings.model_validate({"exchanges": {"mexc": {"buy_fee_coin": "base"}}, "scan": {"depth": "top"}})
    again = Settings.model_validate(before.model_dump(mode="json"))
    assert again == before
    after = override(again, {("size", "USDT"): ("--size", Decimal(7)), ("scan", "depth"): ("--depth", "5")})
    assert (after.size, after.scan.depth) == ({"USDT": Decimal(7)}, Depth.FIVE)
    assert after.exchanges == before.exchanges
    with pytest.raises(ConfigError, match=r"--depth: scan\.depth: '6' is no depth"):
        override(again, {("scan", "depth"): ("--depth", "6")})
