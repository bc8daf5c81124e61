"""Who looks after each task: outside of task groups none is begun but by those that are named here, with the reason."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGINS = frozenset({"create_task", "ensure_future"})

# Simulated exchanges and benches are not named: they do not run beside money.
LOOKED_AFTER = {
    "arb/app/scanning.py": "the parts of a run: awaited until it ends, then cancelled and gathered",
    "arb/app/paths/track.py": "a path of a venue: awaited by its venue, or cancelled and gathered when it is left",
    "arb/app/paths/verification.py": "a comparison, and the facts it reads: awaited, cancelled by `Paths.close`",
    "arb/app/upkeep.py": "the end of a wait, whichever comes first: cancelled and gathered",
    "arb/cli/views/live.py": "the drawing: minded, cancelled and gathered when the view ends",
    "arb/cli/listings.py": "one question beside `stop`: awaited, then cancelled and gathered",
    "arb/cli/running.py": "the whole command: awaited",
    "adapters/alerts.py": "the sinks: guarded, gathered; a last flush has a time limit",
    "adapters/ccxt_stream.py": "the followers of a client: their end ends the client, which gathers them",
    "adapters/ccxt_account_stream.py": "likewise; and one question beside the client's end: awaited, then gathered",
    "adapters/ccxt_trading.py": "calls under way: minded, cancelled and gathered when the run ends",
    "fastpath/net/trading.py": "calls under way: minded, cancelled when the run ends",
    "fastpath/net/http_pool.py": "dials: at most as many as connections, with a time limit; minded, cancelled by `cut`",
}


def begun(path: Path) -> list[ast.Call]:
    """Calls that begin a task other than as a member of a task group."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and _begins(call.func)]


def _begins(func: ast.Attribute) -> bool:
    return func.attr in BEGINS and not (isinstance(func.value, ast.Name) and func.value.id == "group")


def sources() -> list[str]:
    found = [path for folder in ("arb", "adapters", "fastpath") for path in (ROOT / folder).rglob("*.py")]
    names = [str(path.relative_to(ROOT)) for path in found]
    return sorted(name for name in names if not name.startswith(("arb/sim/", "arb/bench/")))


def test_every_task_has_somebody_who_looks_after_it() -> None:
    unknown = [name for name in sources() if name not in LOOKED_AFTER and begun(ROOT / name)]
    assert not unknown, f"{unknown} begin tasks: say here who looks after them"


def test_nobody_is_named_who_begins_no_task() -> None:
    assert {name for name in LOOKED_AFTER if begun(ROOT / name)} == set(LOOKED_AFTER)


def test_a_task_that_is_just_begun_is_found(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import asyncio\nasyncio.create_task(work())\n")
    (tmp_path / "good.py").write_text("async with asyncio.TaskGroup() as group:\n    group.create_task(work())\n")
    assert len(begun(tmp_path / "bad.py")) == 1
    assert begun(tmp_path / "good.py") == []
