"""The suite as one HTML file: a bar a budget on a scale of its limit, and what each bench said. No script, no font."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import log2

from arb.bench.budgets import Verdict
from arb.bench.suite import Suite

WIDTH, ROW = 960, 30
_LEFT, _RIGHT = 270, 150
_SPAN = 4.0  # doublings shown on either side of the limit
_GOOD, _BAD, _GREY = "#12703f", "#b3261e", "#98a2b3"
_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; color: #1c2430 }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.about { color: #667; margin: .2rem 0 1.5rem } svg { width: 100%; height: auto; display: block }
pre { font-size: 12px; overflow-x: auto; background: #f6f7f9; padding: .8rem; border-radius: 6px }
"""


def page(suite: Suite) -> str:
    return "\n".join(_lines(suite)) + "\n"


def budgets_svg(verdicts: Sequence[Verdict]) -> str:
    """A bar for each, from the limit in the middle: to the left within it, to the right beyond; doublings are equal."""
    height = ROW * len(verdicts) + 24
    middle = _LEFT + (WIDTH - _LEFT - _RIGHT) / 2
    unit = (WIDTH - _LEFT - _RIGHT) / (2 * _SPAN)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="budgets, and what was measured of them">']
    for doubling in range(-int(_SPAN), int(_SPAN) + 1):
        x = middle + doubling * unit
        words = "the budget" if not doubling else f"{2.0**doubling:g} x"
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height}" stroke="{_GREY if not doubling else "#e3e6ea"}"/>'
            f'<text x="{x:.1f}" y="12" text-anchor="middle" font-size="11" fill="#667">{words}</text>'
        )
    for number, verdict in enumerate(verdicts):
        y = 24 + number * ROW
        key = escape(f"{verdict.key} ({verdict.core})")
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end" font-size="12">{key}</text>')
        parts.append(_bar(verdict, y, middle, unit))
    parts.append("</svg>")
    return "\n".join(parts)


def _bar(verdict: Verdict, y: int, middle: float, unit: float) -> str:
    told = f'x="{WIDTH - _RIGHT + 8}" y="{y + 15}" font-size="12"'
    if verdict.ratio is None:
        return f'<text {told} fill="{_BAD}">MISSED: not measured</text>'
    beyond = log2(max(verdict.ratio, 1e-9) / verdict.limit)
    end = middle + max(-_SPAN, min(_SPAN, beyond)) * unit
    color = _GOOD if verdict.met else _BAD
    left, width = min(middle, end), max(1.0, abs(end - middle))
    return (
        f'<rect x="{left:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 12}" rx="2" fill="{color}">'
        f"<title>{escape(verdict.text)}</title></rect>"
        f'<text {told} fill="{color}">{verdict.word} {verdict.ratio:.3g} of {verdict.limit:.3g}</text>'
    )


def _lines(suite: Suite) -> Iterator[str]:
    m = suite.machine
    packages = ", ".join(f"{name} {version}" for name, version in m.packages)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>arb bench</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>arb bench</h1><p class=about>{escape(f'{m.cpu}, {m.cores} cores, {m.system}, {m.python}')}<br>"
    yield f"{escape(packages)}<br>{escape(suite.date)} · arb bench all · {suite.took_s:.0f} s · {suite.core} Python</p>"
    yield "<h2>Ours over theirs, against each budget</h2>"
    yield budgets_svg(suite.verdicts)
    for outcome in suite.outcomes:
        said = "\n".join(outcome.lines) if not outcome.failed else f"failed: {outcome.failed}"
        yield f"<h2>{escape(outcome.name)}</h2><pre>{escape(said)}</pre>"
    yield "</body></html>"
