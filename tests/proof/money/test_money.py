"""Under every fault of the venues' private sides our journal is their ledgers, to the last unit of every coin.

ARB_SEED repeats a run. Else the short proof has a seed of its own, and the long one draws one; both print it.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.proof.money.faults import FAULTS
from tests.proof.money.reckoning import wrong
from tests.proof.money.running import Ran, ran

FEW, MANY, BATCHES = 50, 100, 10  # cycles of one run; a thousand make ten runs, each with a world of its own
MOST_KINDS = 10  # of "all at once", which is too short for the rare ones to strike for certain


@pytest.fixture(scope="session")
def base() -> int:
    return int(os.environ.get("ARB_SEED") or SystemRandom().randrange(10**9))


@pytest.mark.parametrize("fault", FAULTS)
def test_fifty_cycles_under(fault: str, tmp_path: Path) -> None:
    _prove(int(os.environ.get("ARB_SEED", "20261122")), fault, 0, FEW, tmp_path)


@pytest.mark.prove
@pytest.mark.parametrize("fault", FAULTS)
def test_a_thousand_cycles_under(fault: str, base: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends: Counter[str] = Counter()
    injected: Counter[str] = Counter()
    for batch in range(BATCHES):
        done = _prove(base, fault, batch, MANY, tmp_path)
        ends.update(end.name for end, count in done.ends.items() for _ in range(count))
        injected.update(done.injected)
    assert sum(ends.values()) >= BATCHES * MANY
    assert injected.keys() == FAULTS[fault].kinds
    with capsys.disabled():
        print(f"\nARB_SEED={base} {fault}: {dict(ends)}, struck {dict(injected)}")


def _prove(base: int, fault: str, batch: int, cycles: int, folder: Path) -> Ran:
    seed = Random(f"{base}:{fault}:{batch}").randrange(10**9)
    told = f"ARB_SEED={base}: {fault}, batch {batch}, seed {seed}"
    print(told)
    done = ran(seed, fault, cycles, folder)
    assert wrong(done.reckoned) == [], told
    assert done.unwritten == (), told
    assert done.looked > cycles, told
    if not FAULTS[fault].blurred:
        assert done.too_much == (), told
    struck, kinds = set(done.injected), FAULTS[fault].kinds
    assert struck == kinds if len(kinds) <= MOST_KINDS else len(struck) >= MOST_KINDS, told
    legs = done.legs
    assert len(done.reckoned.written.closed) >= cycles, told
    assert done.most_open > 2, told
    assert "both legs filled" in legs, f"{told}: {legs}"
    assert len(legs) > 3, f"{told}: {legs}"
    return done
