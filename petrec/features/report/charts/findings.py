"""Findings over time: is it getting better, and since when."""

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from petrec.features.report.charts import svg
from petrec.features.report.charts.scale import Plot, brief, compact, day_ticks, short, ticks
from petrec.features.report.result import BackfillMark, TrendPoint, TrendVerdict

_SIZE = (760, 290)
_PLOT = Plot(left=46, top=44, right=686, bottom=258)
# The width of a letter of a label, with some room, and what lies between two labels.
_LETTER = 6.6
_GAP = 8
_LABEL_ROWS = (_PLOT.top - 14, _PLOT.top - 30)
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
        *(
            svg.text(plot.x(day, days), below, short(day), "middle", "day")
            for day in day_ticks(days)
        ),
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
        title = svg.tag("title", f"{point.day}: {point.findings:,}")
        parts.append(svg.tag("circle", title, cx=x, cy=y, r=2.5, class_=f"dot {direction}"))
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
    # A phone has larger letters: half of the plot holds any label.
    late = x > (_PLOT.left + _PLOT.right) / 2
    at, anchor = (x - 10, "end") if late else (x + 10, "start")
    lower = verdict.direction == "worse" and y < _PLOT.bottom - 24
    return [
        svg.tag("circle", cx=x, cy=y, r=6, class_="turn"),
        svg.text(at, y + 18 if lower else y - 8, label, anchor, "strong"),
    ]


def _end(
    points: Sequence[TrendPoint], places: Sequence[tuple[float, float]], direction: str
) -> list[Markup]:
    x, y = places[-1]
    # The label of the end stays above the days of the axis.
    base = min(y + 5, _PLOT.bottom - 2)
    return [
        svg.tag("circle", cx=x, cy=y, r=5, class_=f"end {direction}"),
        svg.text(x + 11, base, brief(points[-1].findings), "start", f"value {direction}"),
    ]


def _marks(backfills: Sequence[BackfillMark], days: Sequence[date]) -> list[Markup]:
    """Mark each run; a label that fits in no row is shown by a pointer or a screen reader."""
    parts: list[Markup] = []
    free = dict.fromkeys(_LABEL_ROWS, 0.0)
    for mark in backfills:
        if not days[0] <= mark.day <= days[-1]:
            continue
        x, label = _PLOT.x(mark.day, days), f"{mark.action} {mark.run}: {mark.changed:,}"
        title = svg.tag("title", label)
        place = {"x1": x, "y1": _PLOT.top - 8, "x2": x, "y2": _PLOT.bottom}
        parts.append(svg.tag("line", title, class_="mark", **place))
        width = _LETTER * len(label)
        late = x + width > _SIZE[0]
        start = x - width if late else x
        row = next((row for row, end in free.items() if start >= end), None)
        if row is not None:
            parts.append(svg.text(x, row, label, "end" if late else "start", "note"))
            free[row] = start + width + _GAP
    return parts
