"""Only static facts on disk, whole or not at all, each under the source it came from."""

from __future__ import annotations

import os
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import arb.domain
from arb.catalog import KEEP_TTLS, SCHEMA, Catalog
from arb.clock import ManualClock
from arb.domain import (
    REAL_TIME,
    Coin,
    CoinNetwork,
    Fact,
    FeeCoin,
    FeeSchedule,
    FeeSource,
    Market,
    NativeSymbol,
    Static,
    Symbol,
    VenueId,
)
from arb.interfaces import Statics

HOUR_S = 3600.0
HOUR_NS = 3600 * 10**9
V, S = VenueId("v"), Symbol("A/B")
MARKET = Market(
    V, S, NativeSymbol("AB"), Coin("A"), Coin("B"), Decimal("1E-8"), Decimal("0.10"), None, Decimal(7), why="closed"
)
FEE = FeeSchedule(V, S, Decimal("0.001"), Decimal("-0.00005"), FeeSource.ACCOUNT, FeeCoin.BASE)
NETWORKS = (CoinNetwork(V, Coin("A"), "ERC20", None, True, None), CoinNetwork(V, Coin("A"), "A", ""))
FACTS = Statics((MARKET,), (FEE,), NETWORKS)


class Notes(list[str]):
    """What the catalog had to say."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000 * 10**9)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def catalog(tmp_path: Path, clock: ManualClock, notes: Notes) -> Catalog:
    return Catalog(tmp_path / "new" / "arb", clock, HOUR_S, notes.append)


def test_facts_come_back_to_the_last_field(catalog: Catalog, clock: ManualClock, notes: Notes) -> None:
    catalog.put("v", "source", FACTS)
    stored_ns = clock.wall_ns()
    clock.advance(HOUR_NS // 2)
    entry = catalog.get("v", "source")
    assert entry is not None
    assert entry.statics == FACTS
    assert str(entry.statics.markets[0].tick) == "1E-8"  # and not a float's idea of it
    assert (entry.source, entry.wall_ns, entry.age_s) == ("source", stored_ns, 1800.0)
    assert notes == []


@pytest.mark.parametrize(
    ("after_ns", "fresh"),
    [
        pytest.param(0, True, id="just stored is fresh"),
        pytest.param(HOUR_NS - 1, True, id="fresh until the lifetime is over"),
        pytest.param(HOUR_NS, False, id="a lifetime later it is old, and still there"),
        pytest.param(-1, False, id="from the future, after the clock was set back, is not fresh"),
    ],
)
def test_age(catalog: Catalog, clock: ManualClock, after_ns: int, fresh: bool) -> None:
    catalog.put("v", "source", FACTS)
    clock.advance(after_ns)
    entry = catalog.get("v", "source")
    assert entry is not None
    assert catalog.fresh(entry) is fresh


def test_sources_and_venues_do_not_mix(catalog: Catalog) -> None:
    catalog.put("v", "http://127.0.0.1:1 with keys", FACTS)
    catalog.put("v", "http://127.0.0.1:1 without keys", Statics())
    assert catalog.get("v", "http://127.0.0.1:2 with keys") is None
    assert catalog.get("w", "http://127.0.0.1:1 with keys") is None
    with_keys, without = (catalog.get("v", f"http://127.0.0.1:1 {word} keys") for word in ("with", "without"))
    assert with_keys is not None
    assert without is not None
    assert (with_keys.statics, without.statics) == (FACTS, Statics())


def test_nothing_stored_is_no_news(catalog: Catalog, notes: Notes) -> None:
    assert catalog.get("v", "source") is None
    assert notes == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda data: data[: len(data) // 2], "cannot be read", id="a torn file"),
        pytest.param(lambda _: b"", "cannot be read", id="an empty file"),
        pytest.param(lambda _: b"\xff\x00[]", "cannot be read", id="no JSON"),
        pytest.param(lambda data: data.replace(b'"0.001"', b'"cheap"'), "cannot be read", id="a number that is none"),
        pytest.param(lambda data: data.replace(b'"AB"', b"5"), "cannot be read", id="a field of another type"),
        pytest.param(
            lambda data: data.replace(SCHEMA.encode(), b"arb.catalog/0"), "another version", id="an older version"
        ),
        pytest.param(
            lambda data: data.replace(b'"source":"source"', b'"source":"x"'), "is of v (x)", id="a moved file"
        ),
    ],
)
def test_a_file_that_is_not_ours_counts_as_absent_and_is_reported(
    catalog: Catalog, notes: Notes, damage: Any, words: str
) -> None:
    catalog.put("v", "source", FACTS)
    path = catalog.path("v", "source")
    intact = path.read_bytes()
    path.write_bytes(damage(intact))
    assert path.read_bytes() != intact
    assert catalog.get("v", "source") is None
    assert len(notes) == 1
    assert words in notes[0]
    assert str(path) in notes[0]


def test_only_the_owner_reads_it(catalog: Catalog) -> None:
    catalog.put("v", "source", FACTS)
    path = catalog.path("v", "source")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


def test_a_write_that_fails_leaves_the_old_file(
    catalog: Catalog, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.put("v", "source", FACTS)

    def broken(source: str, target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", broken)
    catalog.put("v", "source", Statics())
    monkeypatch.undo()
    entry = catalog.get("v", "source")
    assert entry is not None
    assert entry.statics == FACTS
    assert [path.name for path in catalog.path("v", "").parent.iterdir()] == [catalog.path("v", "source").name]
    assert notes == ["the facts of v are not kept: no space"]


def test_a_folder_that_cannot_be_made_is_noted(tmp_path: Path, clock: ManualClock, notes: Notes) -> None:
    (tmp_path / "file").write_text("")
    catalog = Catalog(tmp_path / "file" / "arb", clock, HOUR_S, notes.append)
    catalog.put("v", "source", FACTS)
    assert catalog.get("v", "source") is None
    assert "not kept" in notes[0]


def test_files_of_sources_that_are_gone_are_removed(catalog: Catalog, clock: ManualClock) -> None:
    for venue, source in (("v", "gone"), ("v", "old"), ("vv", "gone")):
        catalog.put(venue, source, FACTS)
    now_s = clock.wall_ns() / 1e9
    for venue, source, ttls in (("v", "gone", KEEP_TTLS + 1), ("v", "old", KEEP_TTLS - 1), ("vv", "gone", 99)):
        os.utime(catalog.path(venue, source), (now_s - ttls * HOUR_S,) * 2)
    catalog.put("v", "new", FACTS)
    left = {(venue, source) for venue in ("v", "vv") for source in ("gone", "old", "new")}
    left = {(venue, source) for venue, source in left if catalog.path(venue, source).exists()}
    assert left == {("v", "old"), ("v", "new"), ("vv", "gone")}


def every_fact() -> set[type[Fact]]:
    def below(kind: type[Fact]) -> set[type[Fact]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    return {kind for kind in below(Fact) if kind.__module__.startswith(arb.domain.__name__)} - {Fact, Static}


def test_every_fact_is_either_static_or_real_time() -> None:
    static = {kind for kind in every_fact() if issubclass(kind, Static)}
    assert static == {Market, FeeSchedule, CoinNetwork}
    assert set(REAL_TIME) == every_fact() - static
    assert len(REAL_TIME) == len(set(REAL_TIME))


def blank(kind: type[Fact]) -> Fact:
    """An instance with nothing in it: facts do not look at what they are made of."""
    return kind(*(None for _ in kind.__struct_fields__))


@pytest.mark.parametrize("kind", REAL_TIME, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("place", Statics.__struct_fields__)
def test_real_time_types_are_refused(catalog: Catalog, kind: type[Fact], place: str) -> None:
    with pytest.raises(TypeError, match=f"not {kind.__name__}$"):
        catalog.put("v", "source", msgspec.structs.replace(FACTS, **{place: (*getattr(FACTS, place), blank(kind))}))
    assert not catalog.path("v", "source").exists()


@pytest.mark.parametrize("kind", REAL_TIME, ids=lambda kind: kind.__name__)
def test_real_time_types_do_not_hide_in_a_field(catalog: Catalog, kind: type[Fact]) -> None:
    market = msgspec.structs.replace(MARKET, why=blank(kind))
    with pytest.raises(TypeError, match=f"not {kind.__name__}$"):
        catalog.put("v", "source", Statics(markets=(MARKET, market)))


@pytest.mark.parametrize(
    "statics",
    [
        pytest.param(Statics(markets=(FEE,)), id="a static fact in the wrong place"),  # type: ignore[arg-type]
        pytest.param(Statics(fees=({"taker": 0},)), id="a plain dict"),
        pytest.param(Statics(fees=(None,)), id="nothing at all"),
        pytest.param(MARKET, id="a fact instead of the facts of a venue"),
        pytest.param(blank(REAL_TIME[0]), id="a real-time fact instead of the facts of a venue"),
    ],
)
def test_anything_else_is_refused_too(catalog: Catalog, statics: Any) -> None:
    with pytest.raises(TypeError, match="the catalog keeps"):
        catalog.put("v", "source", statics)
    assert not catalog.path("v", "source").exists()
