"""What is measured beside ours and is none of our dependencies: there, or named as missing."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

RIVALS = ("orjson", "numpy", "sortedcontainers", "websockets", "httptools", "h11")


def rival(name: str) -> Any | None:
    """The module; None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def versions() -> tuple[tuple[str, str], ...]:
    """Of those that are there; aiohttp is a rival too, and always there."""
    return tuple((name, version(name)) for name in ("aiohttp", *RIVALS) if rival(name) is not None)


def notes() -> tuple[str, ...]:
    return tuple(f"{name}: not installed (pip install 'arb[bench]')" for name in RIVALS if rival(name) is None)
