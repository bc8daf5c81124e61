from __future__ import annotations

from functools import partial

from arb.paper.timeline import Channel, Timeline


def test_what_is_due_happens_in_the_order_of_its_times_and_of_its_putting() -> None:
    line = Timeline()
    done: list[tuple[str, int]] = []

    def keep(name: str, now_ns: int) -> None:
        done.append((name, now_ns))

    for name, due in (("late", 30), ("second", 20), ("first", 10), ("third", 20)):
        line.put(due, partial(keep, name))
    assert line.next_ns == 10
    assert line.advance(25) == 3
    assert done == [("first", 25), ("second", 25), ("third", 25)]
    assert line.next_ns == 30


def test_what_is_put_meanwhile_and_due_already_happens_at_once() -> None:
    line = Timeline()
    done: list[int] = []
    line.put(10, lambda now: line.put(now, done.append))
    assert line.advance(10) == 2
    assert (done, line.next_ns) == ([10], None)


def test_nothing_overtakes_on_a_channel() -> None:
    channel = Channel()
    assert [channel.due(at) for at in (30, 20, 40)] == [30, 30, 40]
