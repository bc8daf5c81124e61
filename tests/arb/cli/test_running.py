"""The first signal asks, the second one insists."""

from __future__ import annotations

import asyncio
import os
import resource
import signal

import pytest
from loguru import logger

from arb.cli.running import run_until_stopped, stop_on_signal
from arb.errors import ConfigError


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_what_ends_by_itself_is_not_interrupted() -> None:
    async def main(stop: asyncio.Event) -> str:
        return "done"

    assert run_until_stopped(main) == ("done", False)


def test_the_first_signal_asks() -> None:
    async def main(stop: asyncio.Event) -> str:
        _interrupt()
        await stop.wait()
        return "asked"

    assert run_until_stopped(main) == ("asked", True)


def test_the_second_signal_cancels_what_does_not_listen() -> None:
    async def main(stop: asyncio.Event) -> None:
        _interrupt()
        await stop.wait()
        _interrupt()
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_until_stopped(main)


def test_what_does_not_listen_is_cancelled_after_a_grace() -> None:
    async def main(stop: asyncio.Event) -> None:
        _interrupt()
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_until_stopped(main, grace_s=0.01)


def test_errors_pass() -> None:
    async def main(stop: asyncio.Event) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run_until_stopped(main)


def test_a_coroutine_that_cancels_itself_is_no_interruption() -> None:
    async def main(stop: asyncio.Event) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_until_stopped(main)


def test_without_a_loop_the_first_signal_asks_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signal() as stop:
        assert not stop()
        _interrupt()
        assert stop()
    assert signal.getsignal(signal.SIGINT) is before


def test_without_a_loop_the_second_signal_insists() -> None:
    with stop_on_signal():
        _interrupt()
        with pytest.raises(KeyboardInterrupt):
            _interrupt()


def test_what_fails_in_nobodys_hands_is_one_line() -> None:
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]), level="ERROR")

    async def main(stop: asyncio.Event) -> str:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "lives on"

    try:
        assert run_until_stopped(main) == ("lives on", False)
    finally:
        logger.remove(sink)
    assert len(said) == 1
    assert said[0].endswith("ZeroDivisionError('division by zero')")


def test_a_process_that_may_open_nothing_says_so() -> None:
    async def main(stop: asyncio.Event) -> None:
        pytest.fail("it was started")

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 5, hard))
    try:
        with pytest.raises(ConfigError, match=r"Too many open files: a run needs \d+ file descriptors, \d+ are free"):
            run_until_stopped(main)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
