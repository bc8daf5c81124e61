"""Certificates are verified on every path, and nothing that people set switches that off in silence."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from aiohttp import web

from adapters.alert_post import Post
from adapters.alert_sinks import Sink, webhook_body
from adapters.alert_words import Alert
from adapters.ccxt_client import ClientSettings, Opener, ignore
from arb.clock import SystemClock
from arb.config import Settings
from arb.errors import ConfigError, Rejected, Transient
from arb.interfaces import Request
from fastpath.net.http_pool import HttpPool
from fastpath.net.http_wire import origin_of
from fastpath.net.rest import Rest
from tests.arb.cli.fakes import Shell
from tests.arb.config.test_load import Home
from tests.conftest import ROOT
from tests.fastpath.net.certificates import make_secrets
from tests.fastpath.net.test_driver import Line
from tests.hostile.fuzzing import outcome

CLOCK = SystemClock()
HINTS = {  # what switches verification off for somebody else's programs
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "CURL_CA_BUNDLE": "",
    "REQUESTS_CA_BUNDLE": "",
    "SSL_VERIFY": "false",
}


@pytest.fixture
async def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, Counter[str]]]:
    """A server whose certificate nobody has signed but itself: its port, and the requests that reached it."""
    for name, value in HINTS.items():
        monkeypatch.setenv(name, value)
    reached: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.StreamResponse:
        reached[request.path] += 1
        return web.json_response({"serverTime": 1})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=make_secrets(tmp_path).server).start()
    try:
        yield runner.addresses[0][1], reached
    finally:
        await runner.cleanup()
        await asyncio.sleep(0.05)


async def test_native_rest(stranger: tuple[int, Counter[str]]) -> None:
    port, reached = stranger
    rest = Rest(
        "v", f"https://localhost:{port}", lambda status, body: Rejected("v", str(status)), clock=CLOCK,  # type: ignore[arg-type]
        sleep=asyncio.sleep, rng=Random(1),
    )  # fmt: skip
    with pytest.raises(Transient, match="certificate"):
        await rest.send(Request("GET", "/x"))
    await rest.close()
    assert not reached


async def test_native_orders(stranger: tuple[int, Counter[str]]) -> None:
    port, reached = stranger
    failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    pool = HttpPool(
        origin_of(f"https://localhost:{port}"), clock=CLOCK, tls=ssl.create_default_context(), on_free=lambda: None,
        on_failed=lambda why: failed.done() or failed.set_result(why),
    )  # fmt: skip
    pool.dial()
    assert "certificate" in await asyncio.wait_for(failed, 5.0)
    await pool.close()
    assert not reached


async def test_native_socket(stranger: tuple[int, Counter[str]]) -> None:
    port, reached = stranger
    with pytest.raises(Transient, match="certificate"):
        await Line(port, ssl.create_default_context()).driver.open()
    assert not reached


@pytest.mark.parametrize(
    "options", [{}, {"verify": False, "validateServerSsl": False, "ssl": False}], ids=["", "asked"]
)
async def test_through_ccxt(stranger: tuple[int, Counter[str]], options: dict[str, Any]) -> None:
    """Also where options that no configuration lets pass would ask for less."""
    port, reached = stranger
    settings = ClientSettings(
        "mexc", rest_url=f"https://localhost:{port}", ws_url=f"wss://localhost:{port}/ws", options=options
    )
    client = await Opener(settings)(ignore)
    exchange: Any = client.exchange
    _, error = await attempt(exchange.fetch_time())
    assert "certificate" in f"{error!r} {error.__cause__!r}"
    _, error = await attempt(exchange.watch(f"wss://localhost:{port}/ws", "x", {}, "x"))
    assert "certificate" in f"{error!r} {error.__cause__!r}"
    await client.close()
    assert not reached


async def attempt(awaitable: Any) -> tuple[Any, Exception]:
    try:
        return await asyncio.wait_for(awaitable, 8.0), AssertionError("it went through")
    except Exception as error:  # noqa: BLE001  which of ccxt's it is says little; its cause is looked at
        return None, error


async def test_alerts(stranger: tuple[int, Counter[str]]) -> None:
    port, reached = stranger
    post = Post(Sink("webhook", f"https://localhost:{port}/", webhook_body), 1.0, CLOCK, asyncio.sleep, Random(1))
    post.put(Alert("halt", "k", "halted"))
    post._take()
    async with httpx.AsyncClient() as client:
        assert await post._post(client) == "ConnectError"
    assert not reached


# ------------------------------------------------------------------------------------------------- what people set


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("options = { verify = false }", id="verify"),
        pytest.param("options = { validateServerSsl = false }", id="ccxt's own word"),
        pytest.param("options = { ws = { options = { ssl = false } } }", id="further down"),
        pytest.param("options = { list = [ { rejectUnauthorized = false } ] }", id="in a list"),
        pytest.param("options = { 'SSL-Verify' = false }", id="spelt otherwise"),
        pytest.param("options = { verifyCertificates = 'no' }", id="in other words"),
        pytest.param("rest_url = 'http://api.mexc.com'", id="an address without TLS"),
        pytest.param("rest_url = 'http://10.0.0.1:8080'", id="a proxy somewhere else"),
        pytest.param("rest_url = 'http://localhost.example.com'", id="a name that begins like ours"),
        pytest.param("ws_url = 'ws://wbs.mexc.com/ws'", id="a socket without TLS"),
        pytest.param("ws_url = 'ws://joe:127.0.0.1@h/ws'", id="a login that looks like this machine"),
    ],
)
def test_a_configuration_that_would_do_without_is_refused(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    home.write(f"[exchanges.mexc]\n{text}\n")
    _, error = outcome(ConfigError, home.load)
    assert error is not None
    assert "exchanges.mexc" in str(error)
    assert "always verified" in str(error) or "anybody on the way" in str(error)


def test_the_environment_cannot_either(tmp_path: Path) -> None:
    for name, value in (
        ("OPTIONS__verify", "false"),
        ("REST_URL", "http://api.mexc.com"),
        ("OPTIONS", "{ ssl = false }"),
    ):
        _, error = outcome(ConfigError, lambda: Home(tmp_path).load({f"ARB__EXCHANGES__MEXC__{name}": value}))  # noqa: B023
        assert error is not None, name
        (tmp_path / "work").rmdir()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://[::1]:9", "http://localhost:1", "http://127.9.9.9", "https://10.0.0.1"]
)
def test_this_machine_may_be_spoken_to_in_the_open(url: str) -> None:
    assert Settings.model_validate({"exchanges": {"mexc": {"rest_url": url}}}).exchanges["mexc"].rest_url == url


def test_other_options_pass() -> None:
    options = {"defaultType": "spot", "recvWindow": 5_000, "tlsa": 1, "verifiedOnly": True}
    assert Settings.model_validate({"exchanges": {"x": {"options": options}}}).exchanges["x"].options == options


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"])
def test_what_changes_trust_from_outside_is_said_aloud(tmp_path: Path, name: str) -> None:
    shell = Shell(tmp_path)
    shell.environ[name] = "/tmp/x"
    assert shell("scan", "--exchanges", "mexc,gateio") == 0
    assert f"{name} is set: " in shell.err


def test_nobody_writes_down_how_to_do_without() -> None:
    """The words with which Python's libraries stop verifying stand nowhere in what is installed."""
    words = re.compile(
        r"CERT_NONE|check_hostname\s*=\s*False|\bverify\s*=\s*False|\bssl\s*=\s*False|verify_ssl|_create_unverified"
        r"|verify_mode\s*=|_create_default_https_context|load_verify_locations|trust_env\s*=\s*True"
    )
    sources = [path for package in ("arb", "adapters", "fastpath") for path in (ROOT / package).rglob("*.py")]
    assert len(sources) > 300
    assert [str(path) for path in sources if words.search(path.read_text())] == []
