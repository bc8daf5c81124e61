"""The benchmark counts what two ways to keep a book take, on the very same frames."""

from __future__ import annotations

import pytest

from arb.bench.alloc import Native, Objects, alloc_lines, run
from arb.bench.traffic import Traffic, symbol
from arb.books import Books
from arb.domain import VenueId
from fastpath import gateio, mexc


def test_one_run_counts_both_paths_of_every_venue():
    report = run(2, modules=[mexc, gateio], updates=40)
    assert [r.venue for r in report.results] == ["mexc", "gateio"]
    assert set(report.ratios) == {"alloc-net mexc", "alloc-net gateio"}
    for result in report.results:
        ours, theirs = result.paths
        assert 0 < ours.net < theirs.net
        assert ours.net_range[0] <= ours.net <= ours.net_range[1]
        assert 0 < ours.gross < theirs.gross
        assert 0 < ours.peak < theirs.peak
        assert report.ratios[f"alloc-net {result.venue}"] == round(ours.net / theirs.net, 4)
    text = "\n".join(alloc_lines(report))
    assert "CPython" in text
    assert text.count("a Struct a level takes") == 2


@pytest.mark.parametrize("module", [mexc, gateio], ids=["mexc", "gateio"])
def test_both_paths_end_with_the_same_books(module):
    traffic = Traffic(module.SPEC.name, 2, 100, seed=3)
    ours, theirs = Native(module, traffic), Objects(module, traffic)
    for name, body in traffic.seeds.items():
        ours.seed(name, body)
        theirs.seed(name, body)
    for frame in traffic.frames(200):
        ours.play(frame)
        theirs.play(frame)
    for number in range(2):
        held = _held(ours._books, module.SPEC.name, number)
        sides = theirs._books[symbol(number)]
        assert held == [
            [(price, levels[price].qty) for price in prices]
            for levels, prices in zip(sides.levels, sides.prices, strict=True)
        ]


def _held(books: Books, venue: str, number: int):
    tracked = books.get((VenueId(venue), symbol(number)))
    book = tracked.live(1, 1)
    return [list(reversed(book.bids(1_000))), book.asks(1_000)]
