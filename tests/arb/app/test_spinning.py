"""A loop that spins does not wait for its sockets, and stops spinning when it should."""

from __future__ import annotations

import asyncio

import pytest

from arb.app.spinning import spinning


class Turns:
    """Counts the turns in which a loop did not wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self.waits: list[float | None] = []
        selector = loop._selector  # type: ignore[attr-defined]  # asyncio's own loop, as pytest runs it
        real = selector.select

        def select(timeout: float | None = None):
            self.waits.append(timeout)
            return real(timeout)

        monkeypatch.setattr(selector, "select", select)


@pytest.mark.parametrize(("wanted", "sleeps"), [(True, False), (False, True)], ids=["spinning", "not asked for"])
async def test_the_loop_sleeps_only_where_it_may(monkeypatch: pytest.MonkeyPatch, wanted: bool, sleeps: bool) -> None:
    turns = Turns(monkeypatch)
    with spinning(wanted):
        await asyncio.sleep(0.005)
    assert any(wait is None or wait > 0 for wait in turns.waits) is sleeps


async def test_it_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    with spinning():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    turns = Turns(monkeypatch)
    await asyncio.sleep(0.005)
    assert any(wait is None or wait > 0 for wait in turns.waits)
