"""`arb replay`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.output import DirectLines
from arb.cli.running import stop_on_signal
from arb.cli.setup import read, start_logging
from arb.cli.views.lines import BookLines, ScanLines, Selection
from arb.config import Options


class Replay(msgspec.Struct, frozen=True):
    tape: Path
    books: bool
    levels: int
    venue: str | None
    config: Path | None
    options: Options
    rejected: bool
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        settings = read(desk, config=self.config, exchanges=None, options=self.options).settings
        start_logging(desk, settings.log.level)
        lines = DirectLines(desk.stdout)
        with stop_on_signal() as stop:
            if self.books:
                desk.app.replay_books(
                    settings,
                    self.tape,
                    view=BookLines(lines, jsonl=self.jsonl),
                    venue=self.venue,
                    levels=self.levels,
                    stop=stop,
                )
            else:
                desk.app.replay(
                    settings,
                    self.tape,
                    options=self.options if self.config is None else None,
                    view=ScanLines(lines, Selection(rejected=self.rejected), jsonl=self.jsonl),
                    venue=self.venue,
                    rejected=self.rejected,
                    stop=stop,
                )
            interrupted = stop()
        lines.close()
        return INTERRUPTED if interrupted else OK
