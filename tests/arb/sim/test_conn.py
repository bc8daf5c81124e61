from __future__ import annotations

import pytest

from arb.sim.conn import BINARY, PING, TEXT, Conn
from arb.sim.limits import Budget
from arb.sim.venue import Label

LABEL = Label("A/B", "topic")


class Wire:
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.sent = b""
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def get_write_buffer_size(self) -> int:
        return len(self.sent)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def conn(wire: Wire) -> Conn:
    return Conn(1, wire, 0, BINARY, None)


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x82\x00"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (4095, b"\x82\x7e\x0f\xff"),
        (4096, b"\x82\x7e\x10\x00"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_length_of_a_frame_decides_its_header(conn: Conn, wire: Wire, size: int, head: bytes) -> None:
    conn.push(LABEL, b"x" * size, 5)
    assert conn.flush(1 << 30) == 1
    assert wire.sent == head + b"x" * size
    assert conn.said_ns == 5


def test_a_step_is_one_write(conn: Conn, wire: Wire) -> None:
    conn.push(LABEL, b"ab", 1)
    conn.reply(b"c", 2)
    conn.control(PING)
    assert wire.sent == b""
    assert conn.flush(1 << 30) == 3
    assert wire.sent == b"\x82\x02ab\x81\x01c\x89\x00"
    assert conn.flush(1 << 30) == 0


def test_goodbye_comes_after_what_was_due_and_ends_it(conn: Conn, wire: Wire) -> None:
    conn.push(LABEL, b"a", 1)
    conn.close(1001, "bye")
    assert (wire.sent, wire.ended) == (b"\x82\x01a\x88\x05\x03\xe9bye", "closed")
    conn.push(LABEL, b"b", 2)
    conn.reply(b"b", 2)
    conn.control(PING)
    conn.close(1000)
    conn.abort()
    conn.flush(1 << 30)
    assert (wire.sent[-3:], wire.ended) == (b"bye", "closed")


def test_unread_bytes_end_it(conn: Conn, wire: Wire) -> None:
    conn.push(LABEL, b"a" * 100, 1)
    conn.flush(100)
    assert wire.ended == "aborted"


def test_control_text_goes_as_text_on_a_binary_socket(wire: Wire) -> None:
    Conn(1, wire, 0, TEXT, None).reply(b"x", 0)
    conn = Conn(2, wire, 0, BINARY, None)
    conn.reply(b"x", 0)
    conn.flush(1 << 30)
    assert wire.sent == b"\x81\x01x"


def test_a_budget_is_renewed_with_its_window() -> None:
    budget = Budget(10, 1000)
    assert [budget.take("a", 4, 1) for _ in range(3)] == [6, 2, -1]
    assert budget.take("a", 2, 999) == 0
    assert budget.take("b", 10, 999) == 0
    assert budget.take("a", 10, 1000) == 0
    assert (budget.reopens_ns(999), budget.reopens_ns(1000)) == (1000, 2000)
