"""The whole story of one cycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from arb.domain import CycleClosed, CycleId, CycleOpened, Fill, OrderStatus, OrderUpdate
from arb.errors import JournalError
from arb.history.cycles import cycle_row
from arb.history.orders import order_row, own_fills
from arb.history.rows import Explained, Moment, Stage
from arb.history.split import Traded, split
from arb.journal import Committed, Left, Record, Records, SentOrder

_NO_ANSWER = (OrderStatus.PENDING, OrderStatus.UNKNOWN)


def explain(records: Records, name: str) -> Explained:
    """name: of the cycle, or as much of its beginning as no other has. Raises JournalError."""
    cycle = _named(records, name)
    opened = records.opened(cycle)
    if opened is None:
        raise JournalError(f"{records.path} has no beginning of cycle {cycle}")
    closed = records.closed(cycle)
    story = records.story(cycle)
    sent = tuple(records.orders(cycle=cycle))
    answers = [records.answers(each.order) for each in sent]
    traded = (
        Traded(each.purpose, each.order.side, own_fills(heard)) for each, heard in zip(sent, answers, strict=True)
    )
    times = _Times(opened, story)
    return Explained(
        row=cycle_row(opened, closed),
        opened=opened,
        closed=closed,
        stages=tuple(_stages(times.passed(opened, closed, sent, story))),
        orders=tuple(
            order_row(each, heard, ended=closed is not None) for each, heard in zip(sent, answers, strict=True)
        ),
        split=None if closed is None else split(opened.plan, closed, traded),
        story=tuple(Moment(times.us(times.at(record)), record.run, record.fact) for record in story),
    )


def _named(records: Records, name: str) -> CycleId:
    found = records.cycle_ids(name)
    if name in found:
        return CycleId(name)
    if not found:
        raise JournalError(f"{records.path} has no cycle {name}; 'arb history' lists them")
    if len(found) > 1:
        raise JournalError(f"{len(found)} cycles begin with {name!r}, {found[0]} and {found[1]} among them: say more")
    return found[0]


class _Times:
    """Moments of a cycle on the monotonic clock of the run that opened it, whichever run wrote them."""

    def __init__(self, opened: CycleOpened, story: Sequence[Record]) -> None:
        self._zero_ns = opened.plan.detected_ns
        self._first = next(record for record in story if isinstance(record.fact, CycleOpened))

    def at(self, record: Record) -> int:
        """Another run's clock may be of another boot: its records are placed by wall time."""
        if record.run == self._first.run:
            return record.mono_ns
        return self._first.mono_ns + record.wall_ns - self._first.wall_ns

    def us(self, at_ns: int) -> float:
        return (at_ns - self._zero_ns) / 1_000

    def passed(
        self, opened: CycleOpened, closed: CycleClosed | None, sent: Sequence[SentOrder], story: Sequence[Record]
    ) -> Iterator[tuple[str, float]]:
        """Each stage with its moment, in µs; those that no record tells of are left out."""
        yield "detected", 0.0
        yield "planned", self.us(opened.plan.planned_ns)
        yield "approved", self.us(opened.at_ns)
        for name, kind in (("committed", Committed), ("sent", Left)):
            at = [self.at(record) for record in story if isinstance(record.fact, kind)]
            if at:
                yield name, self.us(at[0])
        entries = {each.order.client_id for each in sent if each.step == 0}
        heard: dict[str, int] = {}
        for record in story:
            fact = record.fact
            answered = isinstance(fact, OrderUpdate) and fact.status not in _NO_ANSWER
            if isinstance(fact, OrderUpdate | Fill) and (answered or isinstance(fact, Fill)):
                heard.setdefault(fact.client_id, self.at(record))
        if entries and entries <= heard.keys():
            yield "acknowledged", self.us(max(heard[client_id] for client_id in entries))
        fills = [self.at(record) for record in story if isinstance(record.fact, Fill)]
        if fills:
            yield "filled", self.us(max(fills))
        if closed is not None:
            yield "closed", self.us(next(self.at(r) for r in story if isinstance(r.fact, CycleClosed)))


def _stages(passed: Iterable[tuple[str, float]]) -> Iterator[Stage]:
    before = 0.0
    for name, at_us in passed:
        yield Stage(name, at_us, at_us - before)
        before = at_us
