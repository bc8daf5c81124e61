"""Simulated money dies with its run, and what is known of it is history: the next run begins a journal of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from arb.errors import JournalError
from arb.journal.lock import Lock


def set_aside(path: Path) -> Path | None:
    """Rename a journal by the time of its last change; None: there is none. Raises JournalError while it is written."""
    if not path.exists():
        return None
    try:
        lock = Lock(path)
        try:
            stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y%m%d-%H%M%S")
            kept = path.with_name(f"{path.stem}-{stamp}{path.suffix}")
            for tail in ("-wal", "-shm"):  # SQLite finds them by the name of the file they belong to
                extra = path.with_name(path.name + tail)
                if extra.exists():
                    extra.rename(kept.with_name(kept.name + tail))
            path.rename(kept)
        finally:
            lock.close()
    except OSError as exc:
        raise JournalError(f"{path}: cannot be set aside: {exc.strerror}") from exc
    return kept
