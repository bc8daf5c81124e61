"""What can be examined without a venue: files, their modes, the disk."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from arb.app.doctor import verdicts
from arb.app.passes import digest
from arb.config import Settings
from arb.rows import DoctorFiles, DoctorRow, Health

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def examine(settings: Settings, files: DoctorFiles) -> Iterator[DoctorRow]:
    yield _config(settings, files.config)
    if files.keys is not None:
        yield DoctorRow("config", "", Health.OK, f"keys in {files.keys}, its owner's alone")
    yield from _disk(files)


def _config(settings: Settings, path: Path | None) -> DoctorRow:
    where = path or "environment and command line"
    found = f"{where}: {', '.join(settings.exchanges)}, mode {settings.run.mode}, digest {digest(settings)[:12]}"
    if path is not None and path.stat().st_mode & _WRITABLE_BY_OTHERS:
        cure = f"others may change limits and mode; run: chmod go-w {path}"
        return DoctorRow("config", "", Health.WARN, found, cure)
    return DoctorRow("config", "", Health.OK, found)


def _disk(files: DoctorFiles) -> Iterator[DoctorRow]:
    folder = next(parent for parent in files.journal.parents if parent.is_dir())
    yield verdicts.free_space(shutil.disk_usage(folder).free, str(folder))
    beside = [files.journal] if files.journal.exists() else []
    if shut := next((path for path in (folder, *beside) if not os.access(path, os.W_OK)), None):
        cure = "mend its mode, or name another one under [journal] path"
        yield DoctorRow("disk", "", Health.FAIL, f"{shut} cannot be written", cure)
    else:
        yield DoctorRow("disk", "", Health.OK, f"the journal {files.journal} can be written")
    for path in (files.data, *beside):
        if path.exists() and path.stat().st_mode & _OTHERS:
            mode = stat.S_IMODE(path.stat().st_mode)
            cure = f"run: chmod go-rwx {path}"
            yield DoctorRow("disk", "", Health.WARN, f"others can look into {path} (mode {mode:04o})", cure)
