"""Cycles, orders and reports, from a journal as an engine writes it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from arb import history
from arb.domain import Purpose
from arb.errors import JournalError
from arb.history import Report
from arb.history.lines import cycle_line, explain_line, order_line, report_csv, report_line
from arb.history.page import page
from arb.journal import Records
from tests.arb.history.stories import DAY_NS, Writer, client_id
from tests.arb.journal.facts import WALL_NS, D, cycle_id, legs


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "j.sqlite")
    yield writer
    writer.close()


@pytest.fixture
def records(writer: Writer) -> Iterator[Records]:
    records = Records(writer.journal.path)
    yield records
    records.close()


class TestCycles:
    def test_ended_ones_then_open_ones(self, writer: Writer, records: Records) -> None:
        writer.open(1)
        writer.good(2)
        writer.bad(3)
        rows = list(history.cycles(records))
        assert [(row.cycle, row.end, row.pnl) for row in rows] == [
            (cycle_id(2), "hedged", D("0.00799")),
            (cycle_id(3), "flat", D("-0.0113")),
            (cycle_id(1), "open", None),
        ]
        assert (rows[0].buy, rows[0].sell, rows[0].quote, rows[0].qty) == ("mexc", "gateio", "USDT", D("0.01"))

    def test_since_counts_from_the_end(self, writer: Writer, records: Records) -> None:
        writer.good(1)
        writer.clock.advance(DAY_NS)
        between = writer.clock.wall_ns()
        writer.good(2)
        assert [row.cycle for row in history.cycles(records, between)] == [cycle_id(2)]
        line = json.loads(cycle_line(next(history.cycles(records, between))))
        assert (line["schema"], line["pnl"], line["end"]) == ("arb.cycle/1", "0.00799", "hedged")


class TestOrders:
    def test_what_became_of_each(self, writer: Writer, records: Records) -> None:
        writer.good(1)
        writer.bad(2)
        writer.open(3)
        rows = {row.client_id: row for row in history.orders(records)}
        found = {name: (row.status, row.filled, row.purpose, row.open) for name, row in rows.items()}
        entry, cent = Purpose.ENTRY, D("0.01")
        assert found == {
            client_id(1, 1): ("filled", cent, entry, False),
            client_id(1, 2): ("open", cent, entry, False),  # its last push was lost; its fills and its cycle were not
            client_id(2, 1): ("filled", cent, entry, False),
            client_id(2, 2): ("not_found", D(0), entry, False),
            client_id(2, 3): ("filled", cent, Purpose.REVERSE, False),
            client_id(3, 1): ("unanswered", D(0), entry, True),
            client_id(3, 2): ("unanswered", D(0), entry, True),
        }
        assert rows[client_id(2, 3)].fees == (("MX", D("0.0001")),)
        assert (rows[client_id(1, 1)].average, rows[client_id(3, 1)].average) == (100, None)
        line = json.loads(order_line(rows[client_id(2, 3)]))
        assert (line["schema"], line["side"], line["fees"], line["average"]) == (
            "arb.order/1",
            "sell",
            {"MX": "0.0001"},
            "99",
        )

    def test_open_ones_only(self, writer: Writer, records: Records) -> None:
        writer.good(1)
        writer.open(2)
        assert [row.client_id for row in history.orders(records, only_open=True)] == [client_id(2, 1), client_id(2, 2)]


class TestExplain:
    def test_the_stages_of_a_good_cycle(self, writer: Writer, records: Records) -> None:
        writer.good(1)
        found = history.explain(records, "c1")
        assert [(stage.name, stage.at_us, stage.took_us) for stage in found.stages] == [
            ("detected", 0, 0),
            ("planned", 40, 40),
            ("approved", 50, 10),
            ("committed", 50, 0),
            ("sent", 100, 50),
            ("acknowledged", 2_100, 2_000),
            ("filled", 2_100, 0),
            ("closed", 3_100, 1_000),
        ]
        assert found.split is not None
        assert (found.split.total, found.row.end) == (0, "hedged")
        assert [type(moment.fact).__name__ for moment in found.story] == [
            "CycleOpened", "Committed", "Left", "OrderUpdate", "Fill", "OrderUpdate", "Fill", "CycleClosed",
        ]  # fmt: skip

    def test_what_is_lost_is_told_by_part(self, writer: Writer, records: Records) -> None:
        writer.bad(1)
        split = history.explain(records, "c1").split
        assert split is not None
        # mark 100.5: sold at 99 instead of it; the sell leg's edge of 0.5 a coin missed; its fee saved, MX paid
        assert (split.hedge, split.missed, split.fees) == (D("-0.015"), D("-0.005"), D("0.00101") - D("0.0003"))
        assert split.total == D("-0.0113") - D("0.00799")

    def test_one_that_is_open_has_no_end_and_no_split(self, writer: Writer, records: Records) -> None:
        writer.open(1)
        found = history.explain(records, "c1")
        assert (found.closed, found.split, found.row.end) == (None, None, "open")
        assert [stage.name for stage in found.stages] == ["detected", "planned", "approved", "committed", "sent"]

    def test_what_another_run_wrote_is_placed_by_wall_time(self, writer: Writer, records: Records) -> None:
        writer.open(1)
        writer.journal.close()
        later = Writer(writer.journal.path, "r2")  # the machine was started anew: its clock begins from the start
        later.clock.set(5, WALL_NS + 10**9)
        later.end(1, "0")
        later.close()
        last = history.explain(records, "c1").stages[-1]
        assert (last.name, last.at_us) == ("closed", 1_000_000.0)

    def test_all_evidence_is_in_the_json(self, writer: Writer, records: Records) -> None:
        writer.good(1)
        line = json.loads(explain_line(history.explain(records, "c1")))
        assert line["schema"] == "arb.explain/1"
        seen = {
            "venue": "mexc",
            "symbol": "BTC/USDT",
            "state": "live",
            "seq": 1,
            "age_ns": 0,
            "bid": "99",
            "ask": "100",
        }
        assert seen.items() <= line["plan"]["books"][0].items()
        assert [row["client_id"] for row in line["orders"]] == [order.client_id for order in legs(1)]
        assert [moment["kind"] for moment in line["story"]][-1] == "CycleClosed"
        assert line["split"]["total"] == "0"

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            pytest.param("c1", "2 cycles begin with 'c1', c11 and c12 among them: say more", id="several"),
            pytest.param("x", "has no cycle x; 'arb history' lists them", id="none"),
        ],
    )
    def test_a_name_must_mean_one(self, writer: Writer, records: Records, name: str, says: str) -> None:
        writer.open(11)
        writer.open(12)
        with pytest.raises(JournalError, match=says):
            history.explain(records, name)
        assert history.explain(records, "c11").row.cycle == cycle_id(11)


class TestReport:
    @pytest.fixture
    def report(self, writer: Writer, records: Records) -> Report:
        """Two good ones, then a bad one on the next day."""
        writer.good(1)
        writer.good(2)
        writer.clock.advance(DAY_NS)
        writer.bad(3)
        return history.report(records, 0, writer.clock.wall_ns())

    def test_the_numbers(self, report: Report) -> None:
        told = {
            (row.by, row.key): (row.cycles, row.won, row.volume, row.fees, row.pnl, row.expected) for row in report.rows
        }
        each = D("0.00799")
        good, bad, mx = D("0.00201"), D("0.001"), D("0.0003")
        whole = (3, 2, D("6.01"), good * 2 + bad + mx, each * 2 - D("0.0113"), each * 3)
        assert told == {
            ("total", "USDT"): whole,
            ("pair", "BTC/USDT"): whole,
            ("venue", "mexc"): (3, 2, D("3.99"), D("0.003") + mx, (D("1.005") - D("1.001")) * 2 - D("0.0113"), None),
            ("venue", "gateio"): (2, 2, D("2.02"), D("0.00202"), (D("1.00899") - D("1.005")) * 2, None),
            ("day", "2026-09-21"): (2, 2, D("4.02"), good * 2, each * 2, each * 2),
            ("day", "2026-09-22"): (1, 0, D("1.99"), bad + mx, D("-0.0113"), each),
        }

    def test_venues_add_up_to_the_total(self, report: Report) -> None:
        sums: dict[str, Decimal] = {}
        for row in report.rows:
            sums[row.by] = sums.get(row.by, D(0)) + row.pnl
        assert len(set(sums.values())) == 1

    def test_the_curve_is_the_sum_so_far(self, report: Report) -> None:
        assert [point.pnl for point in report.curve] == [D("0.00799"), D("0.01598"), D("0.00468")]

    def test_since(self, writer: Writer, records: Records, report: Report) -> None:
        last = report.curve[-1].wall_ns
        rows = history.report(records, last, last).rows
        assert {(row.by, row.cycles, row.volume) for row in rows if row.by == "total"} == {("total", 1, D("1.99"))}
        assert history.report(records, last + 1, last).rows == ()

    def test_as_csv_and_json(self, report: Report) -> None:
        rows = list(csv.DictReader(io.StringIO(report_csv(report))))
        assert [(row["by"], row["key"], row["pnl"]) for row in rows][:2] == [
            ("total", "USDT", "0.00468"),
            ("pair", "BTC/USDT", "0.00468"),
        ]
        assert {row["expected"] for row in rows if row["by"] == "venue"} == {""}
        line = json.loads(report_line(report))
        assert (line["schema"], line["mode"], len(line["rows"]), len(line["curve"])) == ("arb.report/1", "sim", 6, 3)

    def test_the_page_needs_nothing_from_anywhere_else(self, report: Report) -> None:
        text = page(report)
        assert not re.search(r"<script|<link|<img|@import|url\(|https?://|src=", text)
        assert text.count("<svg") == 1
        assert re.search(r'<path d="M84\.0,[\d.]+(H[\d.]+V[\d.]+){3}H948"', text)
        for row in report.rows:
            assert f"<td>{row.key}" in text
        assert "sim · all there is" in text

    def test_a_page_without_cycles_says_so(self, report: Report) -> None:
        empty = Report("paper", WALL_NS, WALL_NS, (), ())
        assert "No cycle has ended in this time." in page(empty)
        assert "since 2026-09-21" in page(empty)
