"""What `arb bench` runs: every figure with its rival in the same run, medians over interleaved rounds."""

from arb.bench.decode import decode
from arb.bench.journal import JournalReport, journal, journal_lines
from arb.bench.machine import Machine, machine
from arb.bench.order import OrderReport, order, order_lines
from arb.bench.show import lines

__all__ = [
    "JournalReport",
    "Machine",
    "OrderReport",
    "decode",
    "journal",
    "journal_lines",
    "lines",
    "machine",
    "order",
    "order_lines",
]
