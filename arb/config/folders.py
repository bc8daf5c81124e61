"""Where a run keeps what must outlive it, and where a running engine can be reached. Nothing here touches the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_dir(environ: Mapping[str, str], home: Path) -> Path:
    """`arb` in the XDG config folder: arb.toml and keys.toml."""
    return _xdg(environ, "XDG_CONFIG_HOME") or home / ".config" / "arb"


def data_dir(environ: Mapping[str, str], home: Path) -> Path:
    """`arb` in the XDG data folder: journals, and the passes of `arb doctor`."""
    return _xdg(environ, "XDG_DATA_HOME") or home / ".local" / "share" / "arb"


def journal_path(configured: str, mode: str, environ: Mapping[str, str], home: Path) -> Path:
    """configured: [journal] path, "" for the usual one of this mode: paper fills and real ones never share a file."""
    return Path(configured).expanduser() if configured else data_dir(environ, home) / f"journal-{mode}.sqlite"


def control_path(mode: str, environ: Mapping[str, str], home: Path) -> Path:
    """The control socket of the engine that runs in this mode."""
    folder = _xdg(environ, "XDG_RUNTIME_DIR") or data_dir(environ, home) / "run"
    return folder / f"{mode}.sock"


def _xdg(environ: Mapping[str, str], name: str) -> Path | None:
    """The XDG rules: a path that is not absolute counts as unset."""
    base = Path(environ.get(name, ""))
    return base / "arb" if base.is_absolute() else None
