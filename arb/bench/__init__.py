"""What `arb bench` runs: every figure with its rival in the same run, medians over interleaved rounds."""

from arb.bench.cycle import CycleReport, cycle, cycle_lines
from arb.bench.decode import decode
from arb.bench.journal import JournalReport, journal, journal_lines
from arb.bench.machine import Machine, machine
from arb.bench.order import OrderReport, order, order_lines
from arb.bench.show import lines

__all__ = [
    "CycleReport",
    "JournalReport",
    "Machine",
    "OrderReport",
    "cycle",
    "cycle_lines",
    "decode",
    "journal",
    "journal_lines",
    "lines",
    "machine",
    "order",
    "order_lines",
]
