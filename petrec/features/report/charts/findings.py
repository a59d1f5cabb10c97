"""Findings over time: is it getting better, and since when."""

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from petrec.features.report.charts import svg
from petrec.features.report.charts.scale import Plot, compact, day_ticks, short, ticks
from petrec.features.report.result import BackfillMark, TrendPoint, TrendVerdict

_SIZE = (760, 290)
_PLOT = Plot(left=46, top=44, right=686, bottom=258)
# A label this close to the previous one would overlap it.
_LABEL = 92
_MOST_DOTS = 45


def findings_chart(
    points: Sequence[TrendPoint], verdict: TrendVerdict, backfills: Sequence[BackfillMark]
) -> Markup:
    """Draw the line, its turning point, its end, and the backfills that changed it."""
    days = [point.day for point in points]
    scale = ticks(max(point.findings for point in points))
    places = [(_PLOT.x(p.day, days), _PLOT.y(p.findings, scale[-1])) for p in points]
    return svg.chart(
        "findings",
        "Recordings that need attention over time",
        f"{verdict.sentence} {len(points)} points from {days[0]} to {days[-1]}.",
        _SIZE,
        *axes(_PLOT, scale, days),
        *_marks(backfills, days),
        *_line(points, places, verdict.direction),
        *_turn(points, places, verdict),
        *_end(points, places, verdict.direction),
    )


def axes(plot: Plot, scale: Sequence[int], days: Sequence[date]) -> list[Markup]:
    """Draw a light grid with its numbers, and the days below."""
    parts = []
    for value in scale:
        y = plot.y(value, scale[-1])
        parts.append(svg.line(plot.left, y, plot.right, y, "grid" if value else "axis"))
        parts.append(svg.text(plot.left - 8, y + 4, compact(value), "end"))
    below = plot.bottom + 20
    return [
        *parts,
        *(svg.text(plot.x(day, days), below, short(day), "middle") for day in day_ticks(days)),
    ]


def _line(
    points: Sequence[TrendPoint], places: Sequence[tuple[float, float]], direction: str
) -> list[Markup]:
    ends = [(places[-1][0], _PLOT.bottom), (places[0][0], _PLOT.bottom)]
    parts = [
        svg.tag("path", d=svg.path([*places, *ends]) + "Z", class_=f"area {direction}"),
        svg.tag("path", d=svg.path(places), class_=f"line {direction}"),
    ]
    if len(points) > _MOST_DOTS:
        return parts
    for point, (x, y) in zip(points, places, strict=True):
        told = svg.tag("title", f"{point.day}: {point.findings:,}")
        parts.append(svg.tag("circle", told, cx=x, cy=y, r=2.5, class_=f"dot {direction}"))
    return parts


def _turn(
    points: Sequence[TrendPoint], places: Sequence[tuple[float, float]], verdict: TrendVerdict
) -> list[Markup]:
    """Mark the turning point, above a peak and below a low."""
    index = next((i for i, point in enumerate(points) if point.day == verdict.since), None)
    if index is None or verdict.direction not in {"better", "worse"}:
        return []
    x, y = places[index]
    label = f"{points[index].findings:,} on {short(points[index].day)}"
    at, anchor = (x + 10, "start") if x < _PLOT.right - 120 else (x - 10, "end")
    lower = verdict.direction == "worse" and y < _PLOT.bottom - 24
    return [
        svg.tag("circle", cx=x, cy=y, r=6, class_="turn"),
        svg.text(at, y + 18 if lower else y - 8, label, anchor, "strong"),
    ]


def _end(
    points: Sequence[TrendPoint], places: Sequence[tuple[float, float]], direction: str
) -> list[Markup]:
    x, y = places[-1]
    return [
        svg.tag("circle", cx=x, cy=y, r=5, class_=f"end {direction}"),
        svg.text(x + 11, y + 5, f"{points[-1].findings:,}", "start", f"value {direction}"),
    ]


def _marks(backfills: Sequence[BackfillMark], days: Sequence[date]) -> list[Markup]:
    parts: list[Markup] = []
    free = _PLOT.left - 1
    for mark in backfills:
        if not days[0] <= mark.day <= days[-1]:
            continue
        x = _PLOT.x(mark.day, days)
        parts.append(svg.line(x, _PLOT.top - 8, x, _PLOT.bottom, "mark"))
        if x >= free:
            late = x > _PLOT.right - _LABEL
            label = f"{mark.action} {mark.run}: {mark.changed:,}"
            parts.append(svg.text(x, _PLOT.top - 14, label, "end" if late else "start", "note"))
            free = x + _LABEL
    return parts
