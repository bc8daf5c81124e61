"""The answers as JSON objects and CSV: stable, amounts as plain decimal strings, null where nothing is known."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from enum import IntEnum
from typing import Any

import msgspec

from arb.history.rows import CycleRow, Explained, OrderRow, Report, ReportRow
from arb.units import plain

CYCLE = "arb.cycle/1"
ORDER = "arb.order/1"
EXPLAIN = "arb.explain/1"
REPORT = "arb.report/1"

_encode = msgspec.json.Encoder().encode


def cycle_line(row: CycleRow) -> bytes:
    return _encode({"schema": CYCLE, **plainly(row)})


def order_line(row: OrderRow) -> bytes:
    return _encode({"schema": ORDER, **_order(row)})


def explain_line(found: Explained) -> bytes:
    """The row, and all the evidence: plan with the books it saw, stages, orders, split and every fact."""
    return _encode(
        {
            "schema": EXPLAIN,
            "cycle": plainly(found.row),
            "plan": plainly(found.opened.plan),
            "closed": plainly(found.closed),
            "stages": plainly(found.stages),
            "orders": [_order(row) for row in found.orders],
            "split": plainly(found.split),
            "story": [
                {"at_us": moment.at_us, "run": moment.run, "kind": type(moment.fact).__name__, **plainly(moment.fact)}
                for moment in found.story
            ],
        }
    )


def report_line(report: Report) -> bytes:
    return _encode({"schema": REPORT, **plainly(report)})


def report_csv(report: Report) -> str:
    """A line for the names of the columns, then one a row; lines end with a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ReportRow.__struct_fields__)
    for row in report.rows:
        values = plainly(row)
        writer.writerow("" if values[name] is None else values[name] for name in ReportRow.__struct_fields__)
    return out.getvalue()


def plainly(value: Any) -> Any:
    """Structs as objects, amounts as plain decimals, enums by their names."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, msgspec.Struct):
        return {name: plainly(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [plainly(item) for item in value]
    return value


def _order(row: OrderRow) -> dict[str, Any]:
    return {**plainly(row), "average": plainly(row.average), "fees": {coin: plain(fee) for coin, fee in row.fees}}
