"""API keys. They come from the environment or an owner-only file, and their text forms never show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from arb.errors import ConfigError

MASK = "********"


class Credentials(msgspec.Struct, frozen=True):
    """What signs requests to one venue."""

    venue: str
    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        passphrase = f", passphrase={MASK}" if self.passphrase else ""
        return f"Credentials({self.venue}, key={MASK}, secret={MASK}{passphrase})"

    __str__ = __repr__


def variables(venue: str) -> tuple[str, str, str]:
    """The names of the environment variables of a venue: key, secret, passphrase."""
    name = venue.upper()
    return f"ARB_{name}_KEY", f"ARB_{name}_SECRET", f"ARB_{name}_PASSPHRASE"


def credentials_of(venue: str, environ: Mapping[str, str]) -> Credentials | None:
    """What the environment holds for a venue; None where nothing is set. Raises ConfigError where only some is."""
    names = variables(venue)
    key, secret, passphrase = (environ.get(name, "").strip() for name in names)
    if not (key or secret or passphrase):
        return None
    if not key or not secret:
        missing = names[1] if key else names[0]
        raise ConfigError(f"credentials of {venue} are incomplete: set {missing} too, or unset the others")
    return Credentials(venue, key, secret, passphrase)


def credentials_for(
    venues: Iterable[str], environ: Mapping[str, str], filed: Mapping[str, Credentials]
) -> dict[str, Credentials]:
    """The credentials of these venues, as far as there are any. filed: from the file of keys.

    The environment wins, venue by venue: a key of one place is never joined with a secret of the other.
    """
    found = {venue: credentials_of(venue, environ) or filed.get(venue) for venue in venues}
    return {venue: credentials for venue, credentials in found.items() if credentials is not None}
