"""Built frames and the events they mean: `tests/frames/<venue>/*.json`.

A file is `{"natives": {native: symbol}, "cases": [case, ...]}`; a case has a `rule` in words, the frame as `text` or
`hex` (or a REST answer as `rest`, with the `symbol` it was asked for) and the `events` it means. Without `events` it
cannot be read. Receive time and connection are the caller's and stand in no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from arb import domain

FRAMES = Path(__file__).parent / "frames"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    rule: str
    text: str = ""
    hex: str = ""
    rest: str = ""
    symbol: str = ""
    events: list[dict[str, Any]] | None = None
    natives: dict[str, str] = {}

    @property
    def data(self) -> bytes:
        return bytes.fromhex(self.hex) if self.hex else (self.text or self.rest).encode()

    def expected(self, venue: str, recv_ns: int, conn: int) -> tuple[domain.Event, ...]:
        """The events, stamped. Raises where the file names a field that an event does not have."""
        return tuple(_event(dict(fields), venue, recv_ns, conn) for fields in self.events or ())


class _File(msgspec.Struct, forbid_unknown_fields=True):
    natives: dict[str, str]
    cases: list[Case]


def cases(venue: str) -> Iterator[Case]:
    """Every case of a venue, frames and REST answers. Raises msgspec.ValidationError for a file that is none."""
    for path in sorted((FRAMES / venue).glob("*.json")):
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        for case in file.cases:
            yield msgspec.structs.replace(case, rule=f"{venue} {path.stem}: {case.rule}", natives=file.natives)


def _event(fields: dict[str, Any], venue: str, recv_ns: int, conn: int) -> domain.Event:
    kind = getattr(domain, fields.pop("type"))
    names = {field.name for field in msgspec.structs.fields(kind)}
    if fields.keys() - names:
        raise ValueError(f"{kind.__name__} has no {fields.keys() - names}")
    stamp = {"venue": venue, "recv_ns": recv_ns, "conn": conn}
    event: domain.Event = msgspec.convert(fields | {k: v for k, v in stamp.items() if k in names}, kind)
    return event
