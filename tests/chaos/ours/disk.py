"""Disks that fill up or may not be written to, for real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A disk of its own at `folder`. Skips where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    if refused := _mount("-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs", str(folder)):
        pytest.skip(refused)
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Nobody can write there, not even root. Skips where this user may not mount."""
    folder.mkdir(parents=True, exist_ok=True)
    if refused := _mount("--bind", str(folder), str(folder)):
        pytest.skip(refused)
    try:
        assert not _mount("-o", "remount,bind,ro", str(folder))
        yield folder
    finally:
        _unmount(folder)


def fill(folder: Path, leave: int = 0) -> Path:
    """Take every byte of the disk but `leave`; the file that is returned holds them."""
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1 << 9):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
        if leave:
            os.ftruncate(file.fileno(), file.tell() - leave)
    return hog


def mountable(folder: Path) -> bool:
    """Whether there can be a small disk."""
    try:
        with small_disk(folder, 64):
            return True
    except pytest.skip.Exception:
        return False


def _mount(*words: str) -> str:
    """Why not; "" where it is done."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    return f"this user may not mount a disk here: {done.stderr.strip()}" if done.returncode else ""


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=True)
