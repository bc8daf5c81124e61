"""`arb config check`, `arb config show` and `arb init`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from arb.cli.codes import OK
from arb.cli.desk import Desk
from arb.cli.setup import check_venues, keys_of, read
from arb.config import Options, find_keys, require_exchanges, show
from arb.config.template import TEMPLATE
from arb.errors import ConfigError


class Check(msgspec.Struct, frozen=True):
    config: Path | None

    def __call__(self, desk: Desk) -> int:
        loaded = read(desk, config=self.config, exchanges=None, options={})
        require_exchanges(loaded)
        check_venues(desk, loaded)
        keys_of(desk, loaded)
        where = loaded.path or "environment"
        desk.line(f"ok: {where} names {', '.join(loaded.settings.exchanges)}")
        return OK


class Show(msgspec.Struct, frozen=True):
    config: Path | None
    exchanges: list[str] | None
    options: Options
    resolved: bool

    def __call__(self, desk: Desk) -> int:
        loaded = read(desk, config=self.config, exchanges=self.exchanges, options=self.options)
        for line in show.lines(loaded, desk.environ, resolved=self.resolved):
            desk.line(line)
        if (path := find_keys(desk.environ, desk.cwd, desk.home)) is not None:
            desk.line(f"# keys are looked for in {path} too; the environment wins")
        return OK


class Init(msgspec.Struct, frozen=True):
    path: Path
    force: bool

    def __call__(self, desk: Desk) -> int:
        path = desk.cwd / self.path
        if path.is_dir():
            path /= "arb.toml"
        try:
            with path.open("w" if self.force else "x", encoding="utf-8") as file:
                file.write(TEMPLATE)
        except FileExistsError:
            raise ConfigError(f"{path} is there already; --force overwrites it") from None
        except OSError as exc:
            raise ConfigError(f"{path} cannot be written: {exc.strerror}") from None
        desk.line(f"wrote {path}; 'arb config check' reads it, 'arb scan' uses ./arb.toml")
        return OK
