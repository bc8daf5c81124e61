"""Small files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from arb.errors import ConfigError


def write_owner_only(path: Path, data: bytes) -> None:
    """Replaces what is there; on disk when this returns. Raises ConfigError."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be written: {exc.strerror}") from exc
