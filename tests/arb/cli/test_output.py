"""Lines reach stdout whole and in order; a reader who leaves is noticed and never in the way."""

from __future__ import annotations

import io
import threading

import pytest

from arb.cli import output
from arb.cli.output import DirectLines, ThreadedLines
from tests.arb.cli.fakes import Closed


def test_threaded_lines_keep_their_order() -> None:
    stream = io.StringIO()
    lines = ThreadedLines(stream, on_broken=lambda: None)
    for number in range(1000):
        lines.put(str, number)
    lines.put(bytes, b"end")
    lines.close()
    assert stream.getvalue() == "".join(f"{number}\n" for number in range(1000)) + "end\n"


def test_direct_lines_are_there_at_once() -> None:
    stream = io.StringIO()
    DirectLines(stream).put(str, 1)
    assert stream.getvalue() == "1\n"


def test_a_reader_who_leaves_is_told_once_and_raised_at_the_end() -> None:
    told = threading.Event()
    lines = ThreadedLines(Closed(), on_broken=told.set)
    lines.put(str, 1)
    assert told.wait(10)
    lines.put(str, 2)
    with pytest.raises(BrokenPipeError):
        lines.close()


def test_a_reader_who_does_not_read_costs_lines_not_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_LIMIT", 3)
    begun, release = threading.Event(), threading.Event()

    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            begun.set()
            assert release.wait(10)
            return super().write(text)

    stream = Slow()
    lines = ThreadedLines(stream, on_broken=lambda: None)
    lines.put(str, "first")
    assert begun.wait(10)
    for number in range(9):
        lines.put(str, number)
    release.set()
    lines.close()
    assert stream.getvalue() == "first\n0\n1\n2\n"
