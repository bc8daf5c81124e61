"""`arb history`, `orders`, `explain` and `report`: what the journal says, also while an engine writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from arb import history
from arb.cli.codes import OK
from arb.cli.desk import Desk
from arb.cli.operate import Target
from arb.cli.since import Since
from arb.cli.views import records as view
from arb.history import lines
from arb.history.page import page
from arb.journal import Records


class Source(msgspec.Struct, frozen=True):
    """Which journal. path: this file; else the one of `mode`, else that of the configuration."""

    config: Path | None
    mode: str | None
    path: Path | None

    @contextmanager
    def open(self, desk: Desk) -> Iterator[Records]:
        """Raises JournalError where there is none, or none that can be read."""
        path = desk.cwd / self.path if self.path is not None else Target(self.config, self.mode).of(desk)[1]
        with closing(Records(path)) as records:
            yield records


class Cycles(msgspec.Struct, frozen=True):
    source: Source
    since: Since
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        with self.source.open(desk) as records:
            rows = history.cycles(records, self.since.wall_ns(desk.clock.wall_ns()))
            if self.jsonl:
                for row in rows:
                    desk.line(lines.cycle_line(row).decode())
            else:
                view.put(desk.line, view.CYCLE_COLUMNS, map(view.cycle, rows))
        return OK


class Orders(msgspec.Struct, frozen=True):
    source: Source
    only_open: bool
    since: Since
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        with self.source.open(desk) as records:
            rows = history.orders(records, self.since.wall_ns(desk.clock.wall_ns()), only_open=self.only_open)
            if self.jsonl:
                for row in rows:
                    desk.line(lines.order_line(row).decode())
            else:
                view.put(desk.line, view.ORDER_COLUMNS, map(view.order, rows))
        return OK


class Explain(msgspec.Struct, frozen=True):
    source: Source
    cycle: str
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        with self.source.open(desk) as records:
            found = history.explain(records, self.cycle)
        for line in [lines.explain_line(found).decode()] if self.jsonl else view.explained(found):
            desk.line(line)
        return OK


class Report(msgspec.Struct, frozen=True):
    source: Source
    since: Since
    csv: bool
    jsonl: bool
    html: Path | None

    def __call__(self, desk: Desk) -> int:
        now_ns = desk.clock.wall_ns()
        with self.source.open(desk) as records:
            found = history.report(records, self.since.wall_ns(now_ns), now_ns)
        if self.html is not None:
            (desk.cwd / self.html).write_text(page(found), encoding="utf-8")
        if self.csv:
            desk.stdout.write(lines.report_csv(found))
        elif self.jsonl:
            desk.line(lines.report_line(found).decode())
        else:
            view.put(desk.line, view.REPORT_COLUMNS, map(view.report_row, found.rows))
            if self.html is not None:
                desk.line(f"wrote {desk.cwd / self.html}")
        return OK
