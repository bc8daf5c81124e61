"""What was done, from the journal alone: cycles, orders, the whole story of one cycle, and reports of profit."""

from arb.history.cycles import cycle_row, cycles
from arb.history.explain import explain
from arb.history.orders import orders
from arb.history.report import report
from arb.history.rows import CycleRow, Explained, Moment, OrderRow, Point, Report, ReportRow, Split, Stage

__all__ = [
    "CycleRow",
    "Explained",
    "Moment",
    "OrderRow",
    "Point",
    "Report",
    "ReportRow",
    "Split",
    "Stage",
    "cycle_row",
    "cycles",
    "explain",
    "orders",
    "report",
]
