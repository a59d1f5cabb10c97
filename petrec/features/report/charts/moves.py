"""Movements: new and reappeared findings upwards, fixed ones downwards."""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from petrec.features.report.charts import svg
from petrec.features.report.charts.scale import Plot, brief, compact, day_ticks, short, ticks
from petrec.features.report.result import TrendPoint

_SIZE = (760, 230)
_PLOT = Plot(left=46, top=30, right=740, bottom=200)
_WIDEST = 26.0
# The width of a letter of a cut bar's value, and of a legend's on a phone, with some room.
_LETTER, _WIDE_LETTER = 9.0, 12.0
# A day with this many times the usual movements is cut off and labelled.
_FAR = 4


def moves_chart(points: Sequence[TrendPoint]) -> Markup:
    """Draw one bar a day around a middle line."""
    days = [point.day for point in points]
    plot = _inset(len(points))
    scale = _scale(points)
    total = [sum(getattr(p, name) for p in points) for name in ("new", "reappeared", "fixed")]
    below = _PLOT.bottom + 20
    parts = [
        *_grid(plot, scale),
        *_bars(plot, points, scale),
        *_legend(total),
        *(
            svg.text(plot.x(day, days), below, short(day), "middle", "day")
            for day in day_ticks(days)
        ),
    ]
    description = f"{total[0]:,} new, {total[1]:,} reappeared and {total[2]:,} fixed in all."
    return svg.chart("moves", "New, reappeared and fixed findings", description, _SIZE, *parts)


def _scale(points: Sequence[TrendPoint]) -> range:
    """Fit the usual days: one backfill must not flatten all others."""
    up = _usual([point.new + point.reappeared for point in points])
    down = _usual([point.fixed for point in points])
    step = ticks(max(up, down), 2)[1]
    return range(-step * max(1, -(-down // step)), step * max(1, -(-up // step)) + 1, step)


def _usual(values: Sequence[int]) -> int:
    """Return the greatest value without the few outliers."""
    most, ordered = max(values), sorted(values)
    usual = ordered[int(0.9 * (len(ordered) - 1))]
    return most if most <= _FAR * max(usual, 1) or len(values) < 5 else 2 * max(usual, 1)


def _inset(number: int) -> Plot:
    """Leave room for half a bar at both ends."""
    half = min(_WIDEST, _PLOT.width / number) / 2 + 4
    return Plot(_PLOT.left + half, _PLOT.top, _PLOT.right - half, _PLOT.bottom)


def _grid(plot: Plot, scale: range) -> list[Markup]:
    parts = []
    for value in scale:
        y = plot.y(value, scale[-1], scale[0])
        parts.append(svg.line(_PLOT.left, y, _PLOT.right, y, "grid" if value else "axis"))
        parts.append(svg.text(_PLOT.left - 8, y + 4, compact(abs(value)), "end"))
    return parts


def _bars(plot: Plot, points: Sequence[TrendPoint], scale: range) -> list[Markup]:
    days = [point.day for point in points]
    gap = min((b - a).days for a, b in pairwise(days)) if days[1:] else 1
    width = min(_WIDEST, 0.7 * gap * plot.width / max(1, (days[-1] - days[0]).days))
    parts = []
    for point in points:
        x, both = plot.x(point.day, days), point.new + point.reappeared
        pieces = (
            ("new", 0, point.new),
            ("reappeared", point.new, both),
            ("fixed", -point.fixed, 0),
        )
        for kind, low, high in pieces:
            ends = [plot.y(_within(value, scale), scale[-1], scale[0]) for value in (high, low)]
            if low != high:
                description = f"{point.day}: {high - low:,} {kind}"
                at = x - width / 2
                parts.append(svg.rect(at, ends[0], width, ends[1] - ends[0], kind, description))
        parts += _cut(x, width, both, scale[-1], plot.top + 9)
        parts += _cut(x, width, point.fixed, -scale[0], plot.bottom - 9)
    return parts


def _within(value: int, scale: range) -> int:
    return min(max(value, scale[0]), scale[-1])


def _cut(x: float, width: float, value: int, most: int, y: float) -> list[Markup]:
    """Show that a bar continues beyond the scale, and write its value beside it."""
    if value <= most:
        return []
    left, right, label = x - width / 2 - 3, x + width / 2 + 3, f"{value:,}"
    late = right + 3 + _LETTER * len(label) > _SIZE[0]
    at, anchor = (left - 3, "end") if late else (right + 3, "start")
    return [
        svg.line(left, y + 3, right, y - 3, "cut"),
        svg.text(at, y + 4, label, anchor, "strong"),
    ]


def _legend(total: Sequence[int]) -> list[Markup]:
    parts, x = [], _PLOT.left
    for kind, number in zip(("new", "reappeared", "fixed"), total, strict=True):
        words = f"{kind} {brief(number)}"
        parts.append(svg.rect(x, 6, 11, 11, kind))
        parts.append(svg.text(x + 17, 16, words, "start", "label"))
        x += 44 + _WIDE_LETTER * len(words)
    return parts
