"""Before a command does its work: settings read and checked, credentials found, logs going to stderr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import msgspec
from loguru import logger

from arb.cli.desk import Desk
from arb.config import (
    Credentials,
    Loaded,
    Options,
    Settings,
    credentials_for,
    find_keys,
    load,
    read_keys,
    require_exchanges,
)
from arb.errors import ConfigError

_FORMAT = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> {message}"
_ABOUT_TLS = {  # what OpenSSL and Python obey without a word
    "SSL_CERT_FILE": "whom it names is trusted to say who a venue is",
    "SSL_CERT_DIR": "whom it names is trusted to say who a venue is",
    "SSLKEYLOGFILE": "whoever reads that file can read everything that is sent to venues, keys included",
}


class Ready(msgspec.Struct, frozen=True):
    """What a run is started with."""

    settings: Settings
    credentials: Mapping[str, Credentials]


def prepare(
    desk: Desk,
    *,
    config: Path | None,
    exchanges: Sequence[str] | None,
    options: Options,
    sim: bool = False,
    at_least: int = 1,
) -> Ready:
    """Settings for a run over venues, logging begun. Raises ConfigError.

    exchanges: those named on the command line.   sim: the simulated ones, whatever else a file names.
    """
    app = desk.app
    if sim:
        exchanges = exchanges or app.simulated()
    loaded = read(desk, config=config, exchanges=exchanges, options=options)
    require_exchanges(loaded, at_least)
    if not sim:
        check_venues(desk, loaded)
    keys = {} if sim else keys_of(desk, loaded)  # the simulated exchanges bring their own
    start_logging(desk, loaded.settings.log.level)
    return Ready(loaded.settings, keys)


def keys_of(desk: Desk, loaded: Loaded) -> Mapping[str, Credentials]:
    """The credentials of the venues in use, from the environment or the file of keys. Raises ConfigError."""
    path = find_keys(desk.environ, desk.cwd, desk.home)
    filed = read_keys(path, desk.app.canonical) if path is not None else {}
    return credentials_for(loaded.settings.exchanges, desk.environ, filed)


def read(desk: Desk, *, config: Path | None, exchanges: Sequence[str] | None, options: Options) -> Loaded:
    return load(
        environ=desk.environ,
        cwd=desk.cwd,
        home=desk.home,
        config=config,
        options=options,
        only=exchanges,
        canonical=desk.app.canonical,
    )


def check_venues(desk: Desk, loaded: Loaded) -> None:
    """Does somebody serve every venue, the way it is asked for? Raises ConfigError that names who asked."""
    for name, venue in loaded.settings.exchanges.items():
        try:
            desk.app.check_venue(name, venue.fastpath)
        except ConfigError as exc:
            key = f"exchanges.{name}"
            origin = next((loaded.origins[k] for k in (f"{key}.fastpath", key) if k in loaded.origins), "")
            raise ConfigError(f"{origin}: {exc}" if origin else str(exc)) from None


def start_logging(desk: Desk, level: str) -> None:
    """Logs go to stderr as it is at each line: a live table redirects it to keep lines above itself."""
    logger.remove()
    plain = not desk.stderr.isatty() or bool(desk.environ.get("NO_COLOR"))
    logger.add(_Stderr(desk.stderr), level=level, format=_FORMAT, colorize=not plain, backtrace=False, diagnose=False)
    for name, meaning in _ABOUT_TLS.items():
        if desk.environ.get(name):
            logger.warning("{} is set: {}", name, meaning)


class _Stderr:
    """The desk's stderr, or what stands in for the process's own while a table is shown."""

    def __init__(self, stream: TextIO) -> None:
        import sys

        self._stream = None if stream is sys.stderr else stream

    def write(self, text: str) -> None:
        import sys

        (self._stream or sys.stderr).write(text)

    def flush(self) -> None:
        import sys

        (self._stream or sys.stderr).flush()
