"""A journal that makes room for the next one."""

from __future__ import annotations

import pytest

from arb.clock import SystemClock
from arb.errors import JournalError
from arb.journal import Records, SqliteJournal, set_aside


def test_a_journal_that_is_being_written_is_not_set_aside(tmp_path) -> None:
    path = tmp_path / "j.sqlite"
    assert set_aside(path) is None
    journal = SqliteJournal(path, SystemClock(), mode="paper", run="r")
    with pytest.raises(JournalError, match="is being written"):
        set_aside(path)
    journal.close()
    kept = set_aside(path)
    assert kept is not None
    assert not path.exists()
    records = Records(kept)
    assert records.meta["mode"] == "paper"
    records.close()
