"""A pass of `arb doctor`: what it was about, and when. A live run asks for a recent one of the same things."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.config import Credentials, Settings
from arb.config.files import write_owner_only
from arb.errors import ConfigError

MOST_BYTES = 1 << 20
MOST_AGE_S = 24 * 3600.0

_SECTIONS = ("exchanges", "run", "execution", "risk", "policy", "identity", "journal")  # what a live run stands on
_CURE = "run 'arb doctor --live'"


class Pass(msgspec.Struct, frozen=True):
    """digest: of the settings.   keys: fingerprints, salted, by venue: nothing of a key can be told from them.

    unknown_rights: venues that did not tell what their key may do.
    """

    wall_ns: int
    digest: str
    salt: str
    keys: dict[str, str]
    unknown_rights: tuple[str, ...] = ()


def make_pass(
    settings: Settings, credentials: Mapping[str, Credentials], unknown_rights: Sequence[str], wall_ns: int
) -> Pass:
    salt = secrets.token_hex(16)
    keys = {venue: _fingerprint(found, salt) for venue, found in credentials.items()}
    return Pass(wall_ns, digest(settings), salt, keys, tuple(unknown_rights))


def doctor_pass(folder: Path) -> Pass | None:
    """The last one recorded in the data folder; None: there is none. Raises ConfigError where it cannot be read."""
    path = _path(folder)
    try:
        return msgspec.json.decode(read_at_most(path, MOST_BYTES), type=Pass)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE) as exc:
        raise ConfigError(f"{path}: cannot be read ({shown(exc)}); {_CURE}") from None


def record_pass(folder: Path, passed: Pass) -> Path:
    path = _path(folder)
    write_owner_only(path, msgspec.json.encode(passed))
    return path


def require_pass(passed: Pass | None, settings: Settings, credentials: Mapping[str, Credentials], wall_ns: int) -> Pass:
    """The same pass. Raises ConfigError unless it is recent, and of these settings and keys."""
    if passed is None:
        raise ConfigError(f"live needs a pass of the doctor, and there is none: {_CURE}")
    age_s = (wall_ns - passed.wall_ns) / 1e9
    if not 0 <= age_s < MOST_AGE_S:
        told = f"{age_s / 3600:.1f} hours old" if age_s > 0 else "of the future"
        raise ConfigError(
            f"live needs a pass of the doctor under {MOST_AGE_S / 3600:.0f} h old, and the last one is {told}: {_CURE}"
        )
    if passed.digest != digest(settings):
        raise ConfigError(f"the configuration is another one than the doctor has passed: {_CURE}")
    for venue in settings.exchanges:
        found = credentials.get(venue)
        if found is None or passed.keys.get(venue) != _fingerprint(found, passed.salt):
            raise ConfigError(f"the key of {venue} is another one than the doctor has passed: {_CURE}")
    return passed


def digest(settings: Settings) -> str:
    """Of all that a live run stands on; what is scanned, shown and told may change, and so may an acknowledgement."""
    tree = settings.model_dump(mode="json", include=set(_SECTIONS), exclude={"run": {"accept_unknown_rights"}})
    return hashlib.sha256(msgspec.json.encode(tree, order="deterministic")).hexdigest()


def _fingerprint(found: Credentials, salt: str) -> str:
    text = "\0".join((found.venue, found.key, found.secret, found.passphrase))
    return hashlib.blake2b(text.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _path(folder: Path) -> Path:
    return folder / "doctor.json"
