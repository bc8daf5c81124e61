"""The steps between a configuration and real orders. Each one missing is named, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arb.app.passes import Pass, doctor_pass, require_pass
from arb.config import Credentials, Loaded
from arb.config.credentials import variables
from arb.errors import ConfigError


def require_live(
    loaded: Loaded, live_flag: bool, credentials: Mapping[str, Credentials], passed: Pass | None, wall_ns: int
) -> None:
    """Raises ConfigError with the first step that is missing.

    passed: the last pass of `arb doctor`.   wall_ns: now.
    """
    run = loaded.settings.run
    origin = loaded.origin("run.mode")
    if run.mode != "live" or not origin.startswith("file "):
        where = loaded.path or "a configuration file"
        said = f' (mode = "{run.mode}" comes from {origin})' if run.mode == "live" else ""
        raise ConfigError(f'live needs mode = "live" under [run] in {where}{said}')
    if not live_flag:
        raise ConfigError('mode = "live" sends real orders: say --live too, or another --mode')
    for venue in loaded.settings.exchanges:
        if venue not in credentials:
            key, secret, _passphrase = variables(venue)
            raise ConfigError(f"live needs a key of {venue}: set {key} and {secret}, or write them to the file of keys")
    unknown = require_pass(passed, loaded.settings, credentials, wall_ns).unknown_rights
    if unknown and not run.accept_unknown_rights:
        raise ConfigError(
            f"{', '.join(unknown)} does not tell whether its key may withdraw: look there, then acknowledge it with "
            "accept_unknown_rights = true under [run]"
        )


def check_live(
    loaded: Loaded, live_flag: bool, credentials: Mapping[str, Credentials], data: Path, wall_ns: int
) -> None:
    """`require_live` with the last pass that is recorded in the data folder."""
    require_live(loaded, live_flag, credentials, doctor_pass(data), wall_ns)
