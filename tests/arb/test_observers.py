from __future__ import annotations

from arb.observers import Observers


class Keeps:
    def __init__(self):
        self.facts = []

    def on_fact(self, fact):
        self.facts.append(fact)


class Breaks:
    calls = 0

    def on_fact(self, fact):
        self.calls += 1
        raise RuntimeError("disk full")


def test_a_broken_observer_is_reported_once_and_the_others_go_on():
    broken, first, last, told = Breaks(), Keeps(), Keeps(), []
    observers = Observers([first, broken, last], on_broken=lambda o, exc: told.append((o, str(exc))))
    observers.publish(1)
    observers.publish(2)
    assert (first.facts, last.facts) == ([1, 2], [1, 2])
    assert told == [(broken, "disk full")]
    assert broken.calls == 1
