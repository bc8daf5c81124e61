"""Certificates of a simulated venue: made for this run, one that is trusted and one that nobody trusts."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_LIFE = timedelta(days=365)


class Certificates:
    """Of all venues at one host. ca_file: what a client must trust to be let in."""

    def __init__(self, host: str) -> None:
        self._folder = TemporaryDirectory(prefix="arb-sim-")
        folder = Path(self._folder.name)
        self._trusted, self._other = _written(folder / "venue.pem", host), _written(folder / "other.pem", host)
        self.ca_file = self._trusted

    def context(self) -> ssl.SSLContext:
        """Of one server."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show(made, trusted=True)
        return made

    def show(self, context: ssl.SSLContext, *, trusted: bool) -> None:
        """What every handshake with that server gets from now on."""
        context.load_cert_chain(self._trusted if trusted else self._other)

    def close(self) -> None:
        self._folder.cleanup()


def _written(path: Path, host: str) -> Path:
    """A key and its own certificate in one file, readable by its owner only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"simulated venue at {host}")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path
