"""The suite's own alarm: each way to leave something behind fails the test that did it, and only that one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SUITE = """
import asyncio, gc

async def fails():
    raise ValueError("nobody looks")

def keep_in_a_ring(thing):
    ring = [thing]
    ring.append(ring)

async def test_that_leaves_a_failed_task():
    keep_in_a_ring(asyncio.create_task(fails()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

async def test_that_leaves_a_failed_future():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("nobody looks"))
    keep_in_a_ring(future)

def test_that_leaves_a_pending_task():
    loop = asyncio.new_event_loop()
    keep_in_a_ring(loop.create_task(fails()))
    loop.close()

async def test_that_awaits_nothing():
    keep_in_a_ring(fails())

async def test_whose_callback_fails():
    asyncio.get_running_loop().call_soon(int, "no number")
    await asyncio.sleep(0)

async def test_that_looks():
    task = asyncio.create_task(fails())
    await asyncio.gather(task, return_exceptions=True)

def test_without_a_loop():
    assert True
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a session with the alarm says of each of those."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_left.py").write_text(SUITE)
    (folder / "conftest.py").write_text(
        "from tests.orphans import Orphans\n"
        "def pytest_configure(config):\n"
        "    config.pluginmanager.register(Orphans(), 'orphans')\n"
    )
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
    )
    assert "passed" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("test", "told"),
    [
        pytest.param("test_that_leaves_a_failed_task", "Task exception was never retrieved", id="failed task"),
        pytest.param("test_that_leaves_a_failed_future", "Future exception was never retrieved", id="failed future"),
        pytest.param("test_that_leaves_a_pending_task", "Task was destroyed but it is pending", id="pending task"),
        pytest.param("test_that_awaits_nothing", "was never awaited", id="coroutine never awaited"),
        pytest.param("test_whose_callback_fails", "Exception in callback", id="failed callback"),
    ],
)
def test_what_is_left_behind_fails_its_own_test(outcomes: str, test: str, told: str) -> None:
    summary = [line for line in outcomes.splitlines() if line.startswith(("ERROR ", "FAILED ")) and test in line]
    assert summary, outcomes
    assert told in outcomes


@pytest.mark.parametrize("test", ["test_that_looks", "test_without_a_loop"])
def test_what_leaves_nothing_passes(outcomes: str, test: str) -> None:
    lines = [line for line in outcomes.splitlines() if test in line and line.startswith(("PASSED", "ERROR", "FAILED"))]
    assert [line.split()[0] for line in lines] == ["PASSED"], outcomes
