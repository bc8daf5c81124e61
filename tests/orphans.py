"""A test that leaves a failure which nobody looked at, or a task that nobody ended, fails.

asyncio tells of those through its logger, and only when the object is collected. So what a test has left is collected
at the end of that test, and each complaint fails it: "Task exception was never retrieved", "Task was destroyed but it
is pending", an exception in a callback. A coroutine that was never awaited is a warning, and those are errors already;
it too is raised where the object is collected.
"""

from __future__ import annotations

import asyncio.tasks
import gc
import logging
from collections.abc import Generator
from inspect import iscoroutinefunction
from typing import Any

import pytest

LOGGER = "asyncio"


class Orphans(logging.Handler):
    """A pytest plugin, and the handler that hears asyncio. Complaints between two tests count against the next one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(self.format(record))

    def pytest_sessionstart(self) -> None:
        logging.getLogger(LOGGER).addHandler(self)

    def pytest_collection_finish(self) -> None:
        """What is imported by now stays: the collector need not walk it after every test."""
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        result = yield
        if _asynchronous(item):
            gc.collect()
            if not gc.get_freeze_count():
                gc.freeze()  # a run that settles thaws everything when it ends
        told, self._told = self._told, []
        if told:
            pytest.fail("left behind, by this test or one before it:\n" + "\n".join(told), pytrace=False)
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        gc.collect()
        logging.getLogger(LOGGER).removeHandler(self)
        if self._told:
            print("\n".join(("left behind by the tests:", *self._told)))
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _asynchronous(item: pytest.Item) -> bool:
    """Whether it may have left something: a coroutine, or one that ran a loop of its own."""
    left = getattr(asyncio.tasks, "_all_tasks", None) or getattr(asyncio.tasks, "_scheduled_tasks", None) or ()
    return bool(len(left)) or iscoroutinefunction(getattr(item, "function", None))
