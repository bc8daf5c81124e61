"""Intent -> plan -> gate -> execution, and when a book may be traded on again."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from arb.domain import (
    Balance,
    BookSeen,
    ClientId,
    Coin,
    Connected,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    Fill,
    Intent,
    Order,
    OrderType,
    Plan,
    Refused,
    Side,
    Symbol,
    VenueId,
)
from arb.errors import JournalError
from arb.observers import Observers
from arb.publisher import Publisher
from arb.trader import Trader
from tests.plans import a_plan, approved

NOW = 50
ORDER = Order(VenueId("v"), Symbol("A/B"), Side.BUY, OrderType.IOC, Decimal(1), Decimal(1), ClientId("arb-x-1"))


class Parts:
    """Planner, gate, executor, inventory, journal and observer in one: keeps what it was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.plan_of = lambda intent: a_plan(seq=self.seq)
        self.seq = 1
        self.refuses = ""
        self.broken = None
        self.open = {}

    def plan(self, intent, opportunity, now_ns):
        self.asked.append(("plan", intent))
        return self.plan_of(intent)

    def check(self, plan, now_ns):
        self.asked.append(("check", plan))
        return Refused(plan.intent, self.refuses, "no", now_ns) if self.refuses else approved(plan)

    def start(self, verdict, now_ns):
        if self.broken is not None:
            raise self.broken
        self.asked.append(("start", verdict.plan))
        cycle = CycleId(f"c{sum(what == 'start' for what, _ in self.asked)}")
        self.publisher.publish(CycleOpened(cycle, verdict.plan, (ORDER,), now_ns, 0))

    def on_event(self, event):
        self.asked.append(("event", event))

    def on_timer(self, now_ns):
        self.asked.append(("timer", now_ns))

    def on_idle(self):
        raise AssertionError

    def flush(self):
        self.asked.append(("flush", None))

    def ahead(self, *facts):
        raise AssertionError

    def note(self, fact):
        self.asked.append(("note", fact))

    def on_fact(self, fact):
        if isinstance(fact, Refused):
            self.asked.append(("refused", fact.limit))


@pytest.fixture
def parts() -> Parts:
    return Parts()


def trader(parts: Parts, max_cycles: int | None = None) -> Trader:
    parts.publisher = Publisher(parts, Observers([parts]))
    made = Trader(
        planner=parts, risk=parts, executor=parts, inventory=parts, publisher=parts.publisher, journal=parts,
        max_cycles=max_cycles,
    )  # fmt: skip
    made.open_for_business = True
    return made


def intent() -> Intent:
    return a_plan().intent


def end(parts: Parts, number: int, how: CycleEnd = CycleEnd.HEDGED) -> None:
    plan: Plan = a_plan()
    zero = Decimal(0)
    parts.publisher.publish(
        CycleClosed(CycleId(f"c{number}"), plan.symbol, how, (), zero, None, zero, zero, zero, "", NOW, 0)
    )


def words(parts: Parts, *kinds: str) -> list[object]:
    return [what if what != "refused" else value for what, value in parts.asked if what in kinds]


def test_what_passes_is_started_in_the_same_call(parts):
    trader(parts).on_intent(intent(), None, NOW)
    assert words(parts, "plan", "check", "start") == ["plan", "check", "start"]


def test_nothing_is_even_planned_before_the_doors_open(parts):
    made = trader(parts)
    made.open_for_business = False
    made.on_intent(intent(), None, NOW)
    assert parts.asked == []


@pytest.mark.parametrize("who", ["planner", "gate"])
def test_a_refusal_is_told_and_ends_it(parts, who):
    if who == "planner":
        parts.plan_of = lambda wanted: Refused(wanted, "edge", "gone", NOW)
    else:
        parts.refuses = "max_trade"
    made = trader(parts)
    made.on_intent(intent(), None, NOW)
    assert words(parts, "refused", "start") == ["edge" if who == "planner" else "max_trade"]
    assert made.started == 0


def test_what_cannot_be_written_ahead_is_refused_and_holds_up_nothing_later(parts):
    made, parts.broken = trader(parts), JournalError("the disk is full")
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["journal"]
    parts.broken = None
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["journal", "start"]
    assert made.started == 1


def test_no_two_cycles_are_open_on_one_book(parts):
    made = trader(parts)
    made.on_intent(intent(), None, NOW)
    parts.seq = 2
    made.on_intent(intent(), None, NOW)
    end(parts, 1)
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["start", "busy", "start"]


def test_a_book_counts_again_once_the_venue_has_told_it_anew(parts):
    made = trader(parts)
    made.on_intent(intent(), None, NOW)
    end(parts, 1)
    made.on_intent(intent(), None, NOW)
    parts.seq = 2
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["start", "book_used", "start"]


@pytest.mark.parametrize(
    ("told_ns", "outcome"),
    [
        pytest.param(0, "start", id="a venue without times: only the sequence tells"),
        pytest.param(99, "book_used", id="told before our fill"),
        pytest.param(100, "book_used", id="in the same moment"),
        pytest.param(101, "start", id="told after it"),
    ],
)
def test_a_book_must_be_of_a_later_moment_than_our_fill_in_it(parts, told_ns, outcome):
    made = trader(parts)
    made.on_intent(intent(), None, NOW)
    seen = a_plan(seq=2).books
    for exch_ns in (100, 90):
        parts.publisher.publish(
            Fill(
                seen[0].venue, seen[0].symbol, ORDER.client_id, f"t{exch_ns}", Side.BUY, Decimal(1), Decimal(1),
                Decimal(0), Coin("USDT"), False, exch_ns, NOW,
            )
        )  # fmt: skip
    end(parts, 1)
    parts.plan_of = lambda wanted: msgspec.structs.replace(
        a_plan(seq=2), books=(msgspec.structs.replace(seen[0], exch_ns=told_ns), seen[1])
    )
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["start", outcome]


def test_a_feed_without_sequences_cannot_be_told_from_a_new_book(parts):
    parts.plan_of = lambda wanted: msgspec.structs.replace(
        a_plan(), books=tuple(msgspec.structs.replace(seen, seq=0) for seen in a_plan().books)
    )
    made = trader(parts)
    made.on_intent(intent(), None, NOW)
    end(parts, 1)
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start", "refused") == ["start", "start"]
    assert all(isinstance(seen, BookSeen) for seen in parts.plan_of(intent()).books)


def test_a_run_of_n_cycles_starts_n_and_is_over_when_they_have_ended(parts):
    made = trader(parts, max_cycles=1)
    made.on_intent(intent(), None, NOW)
    assert not made.enough
    parts.seq = 2
    end(parts, 1, CycleEnd.REPORTED)
    made.on_intent(intent(), None, NOW)
    assert words(parts, "start") == ["start"]
    assert (made.enough, made.started, made.closed, made.reported) == (True, 1, 1, 1)


def test_a_private_event_is_noted_then_counted_then_acted_on(parts):
    balance = Balance(VenueId("v"), Coin("A"), Decimal(1), Decimal(0), 1, 0, NOW)
    made = trader(parts)
    made.on_event(balance)
    made.on_event(Connected(VenueId("v"), 1, NOW))
    made.on_idle(NOW)
    assert [what for what, _ in parts.asked] == ["note", "event", "event", "flush"]


def test_what_a_person_flattens_is_no_cycle_of_the_run(parts):
    made = trader(parts, max_cycles=1)
    made.on_intent(intent(), None, NOW)
    parts.publisher.publish(CycleOpened(CycleId("flat"), a_plan(), (), NOW, 0))
    zero = Decimal(0)
    parts.publisher.publish(
        CycleClosed(CycleId("flat"), a_plan().symbol, CycleEnd.FLAT, (), zero, None, zero, zero, zero, "", NOW, 0)
    )
    assert (made.started, made.closed, made.enough) == (1, 0, False)
    end(parts, 1)
    assert made.enough
