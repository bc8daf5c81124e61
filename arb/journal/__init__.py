"""The audit trail: an append-only SQLite file, written ahead of every order, and what a restart recovers from."""

from arb.journal.aside import set_aside
from arb.journal.kinds import Committed, Left
from arb.journal.read import Record, Records, SentOrder, fill_key
from arb.journal.writer import SqliteJournal

__all__ = ["Committed", "Left", "Record", "Records", "SentOrder", "SqliteJournal", "fill_key", "set_aside"]
