"""MEXC's binary frames among the shared samples and recordings."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


def samples(shared: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(name, frame, decoded form) of every sample the page documents."""
    for path in sorted((shared / "protocols/samples/mexc").glob("[0-9]*.json")):
        sample = msgspec.json.decode(path.read_bytes())
        for number, frame in enumerate(sample.get("frames_in_arrival_order", [sample])):
            yield f"{path.stem}.{number}", bytes.fromhex(frame["hex"]), frame["decoded"]
    for path in sorted((shared / "data/subscriptions/mexc").glob("pb.*.json")):
        for step in msgspec.json.decode(path.read_bytes())["steps"]:
            if "data_b64" in step:
                yield path.stem, base64.b64decode(step["data_b64"]), step["decoded"]


def pushes(shared: Path) -> Iterator[bytes]:
    """Every binary frame of the recorded session."""
    for line in (shared / "data/books/MEXC_SYNTH.jsonl").read_bytes().splitlines():
        frame = msgspec.json.decode(line).get("data_b64")
        if frame:
            yield base64.b64decode(frame)
