"""fastpath.net.http_pool over TLS: the same connections, and the tickets a server sends unasked do not disturb."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fastpath.net.http_pool import HttpPool
from fastpath.net.http_wire import Response, origin_of, written
from tests.fastpath.net.scripted import Server
from tests.fastpath.net.test_http_pool import GET
from tests.fastpath.net.venue import CLOCK


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


async def ask(pool: HttpPool, url: str) -> Response | str:
    """On a connection that stands, or the next one to stand."""
    async with asyncio.timeout(5):
        while (line := pool.take()) is None:
            pool.dial()
            await asyncio.sleep(0.002)
        heard: asyncio.Future[Response | str] = asyncio.get_running_loop().create_future()
        line.send(
            written(origin_of(url), GET), lambda answer, why: heard.set_result(why if answer is None else answer), 5.0
        )
        return await heard


async def test_over_tls(certificate: Path) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=theirs)
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    ours = ssl.create_default_context(cafile=str(certificate))
    failures: list[str] = []

    def taken_at_once() -> None:
        """As an order that waits for a connection takes it: before the loop has read anything more."""
        line = pool.take()
        assert line is not None
        pool.give(line)

    pool = HttpPool(origin_of(url), clock=CLOCK, tls=ours, on_free=taken_at_once, on_failed=failures.append, most=1)
    try:
        for _ in range(3):
            heard = await ask(pool, url)
            assert isinstance(heard, Response)
            assert heard.body == b"{}"
        assert (server.conns, failures) == (1, [])
        assert pool.counters == {"rest_opened": 1, "rest_reused": 2}
        server.hang_up()
        await asyncio.sleep(0.05)
        assert pool.take() is None
    finally:
        await pool.close()
        server.hang_up()
        listening.close()
        await asyncio.sleep(0.05)


async def test_a_certificate_of_nobody_we_trust_is_no_connection(certificate: Path) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=theirs)
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    told = asyncio.get_running_loop().create_future()
    pool = HttpPool(
        origin_of(url), clock=CLOCK, tls=ssl.create_default_context(), on_free=lambda: None, on_failed=told.set_result
    )
    try:
        pool.dial()
        assert "certificate" in await asyncio.wait_for(told, 5)
    finally:
        await pool.close()
        listening.close()
        await asyncio.sleep(0.05)
