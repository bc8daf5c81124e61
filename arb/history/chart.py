"""A line of profit over time as SVG, with its axes, in one string."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape

WIDTH, HEIGHT = 960, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 12, 12, 28
_TICKS = 4
_MOST = 2_000  # points drawn: more than a screen has columns


def curve_svg(points: Sequence[tuple[int, Decimal]], unit: str) -> str:
    """points: (wall ns, profit so far), oldest first, at least one. The line is a staircase that begins at 0."""
    drawn = _thinned(points)
    first, last = points[0][0], points[-1][0]
    values = [0.0, *(float(value) for _, value in drawn)]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1.0, high + 1.0
    across = (WIDTH - _LEFT - _RIGHT) / max(1, last - first)
    up = (HEIGHT - _TOP - _BOTTOM) / (high - low)

    def x(wall_ns: int) -> float:
        return _LEFT + (wall_ns - first) * across

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (value - low) * up

    path = [f"M{x(first):.1f},{y(0.0):.1f}"]
    path += [f"H{x(at):.1f}V{y(float(value)):.1f}" for at, value in drawn]
    end = f"H{WIDTH - _RIGHT}"
    words = 'font-size="11" fill="#667"'
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="profit in {escape(unit)}">']
    for step in range(_TICKS + 1):
        value = low + (high - low) * step / _TICKS
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e3e6ea"/>'
            f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end" {words}>{value:.4g}</text>'
        )
    for wall_ns, anchor, at in ((first, "start", _LEFT), (last, "end", WIDTH - _RIGHT)):
        parts.append(f'<text x="{at}" y="{HEIGHT - 8}" text-anchor="{anchor}" {words}>{_when(wall_ns)}</text>')
    parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(0.0):.1f}" y2="{y(0.0):.1f}" stroke="#98a2b3"/>')
    parts.append(f'<path d="{"".join(path)}{end}" fill="none" stroke="#1f6feb" stroke-width="1.8"/></svg>')
    return "\n".join(parts)


def _thinned(points: Sequence[tuple[int, Decimal]]) -> Sequence[tuple[int, Decimal]]:
    """Of each run of points the lowest, the highest and the last: no peak is lost."""
    if len(points) <= _MOST:
        return points
    each = -(-len(points) * 3 // _MOST)
    kept: list[tuple[int, Decimal]] = []
    for start in range(0, len(points), each):
        run = points[start : start + each]
        chosen = {run.index(min(run, key=_value)), run.index(max(run, key=_value)), len(run) - 1}
        kept += [run[index] for index in sorted(chosen)]
    return kept


def _value(point: tuple[int, Decimal]) -> Decimal:
    return point[1]


def _when(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M")
