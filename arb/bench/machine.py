"""Where a figure was measured: without this a figure says nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from arb import core

PACKAGES = ("arb", "ccxt", "msgspec", "picows", "protobuf", "uvloop")


class Machine(msgspec.Struct, frozen=True):
    cpu: str
    cores: int
    system: str
    python: str
    packages: tuple[tuple[str, str], ...]


def machine() -> Machine:
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=tuple((name, _version(name) + (f" ({core.NAME} core)" if name == "arb" else "")) for name in PACKAGES),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
