"""The daily numbers of the monitoring queries as bars: uploads with their success, and refusals."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from markupsafe import Markup

from petrec.features.report.charts import svg
from petrec.features.report.charts.scale import Plot, compact, short, ticks
from petrec.features.report.result import RejectedDay, UploadDay

_SIZE = (380, 200)
_PLOT = Plot(left=38, top=26, right=374, bottom=172)
_MOST_LABELS = 10

Bars = Callable[[date, float, float, Sequence[int]], list[Markup]]


def window(now: datetime, days: int) -> list[date]:
    """Return the days of the monitoring window; the first day is partial."""
    first = (now - timedelta(days=days)).date()
    return [first + timedelta(days=n) for n in range((now.date() - first).days + 1)]


def uploads_chart(uploads: Sequence[UploadDay], days: Sequence[date]) -> Markup:
    """Draw uploads per day; the part that succeeded is filled, its share written above."""
    by_day = {each.day: each for each in uploads}

    def bars(day: date, x: float, width: float, scale: Sequence[int]) -> list[Markup]:
        each = by_day.get(day, UploadDay(day, 0, 0))
        description = (
            f"{day}: {each.uploaded:,} of {each.total:,} uploads succeeded ({each.percent} %)"
        )
        all_, good = _PLOT.y(each.total, scale[-1]), _PLOT.y(each.uploaded, scale[-1])
        label = f"{each.percent:.0f}%" if each.total else "-"
        parts = [
            svg.rect(x, all_, width, _PLOT.bottom - all_, "rest", description),
            svg.rect(x, good, width, _PLOT.bottom - good, "uploaded", description),
        ]
        return [*parts, *_label(x + width / 2, all_, label, len(days))]

    total, good = sum(u.total for u in uploads), sum(u.uploaded for u in uploads)
    description = f"{good:,} of {total:,} uploads succeeded."
    most = max((each.total for each in uploads), default=0)
    return _draw("uploads", "Uploads per day", description, days, most, bars)


def rejected_chart(rejected: Sequence[RejectedDay], days: Sequence[date]) -> Markup:
    """Draw refused requests per day."""
    by_day = {each.day: each.count for each in rejected}

    def bars(day: date, x: float, width: float, scale: Sequence[int]) -> list[Markup]:
        count = by_day.get(day, 0)
        top = _PLOT.y(count, scale[-1])
        bar = svg.rect(x, top, width, _PLOT.bottom - top, "refused", f"{day}: {count:,}")
        return [bar, *_label(x + width / 2, top, f"{count:,}", len(days))]

    description = f"{sum(by_day.values()):,} requests refused."
    title = "Requests refused as pet_not_in_appointment per day"
    return _draw("rejected", title, description, days, max(by_day.values(), default=0), bars)


def _draw(
    name: str, title: str, description: str, days: Sequence[date], most: int, bars: Bars
) -> Markup:
    scale = ticks(most, 3)
    parts = []
    for value in scale:
        y = _PLOT.y(value, scale[-1])
        parts.append(svg.line(_PLOT.left, y, _PLOT.right, y, "grid" if value else "axis"))
        parts.append(svg.text(_PLOT.left - 6, y + 4, compact(value), "end"))
    slot = _PLOT.width / len(days)
    every = -(-len(days) // 4)
    for index, day in enumerate(days):
        x = _PLOT.left + index * slot
        parts += bars(day, x + 0.15 * slot, 0.7 * slot, scale)
        if (len(days) - 1 - index) % every == 0:
            parts.append(svg.text(x + slot / 2, _PLOT.bottom + 18, short(day), "middle"))
    return svg.chart(name, title, description, _SIZE, *parts)


def _label(x: float, top: float, words: str, number: int) -> list[Markup]:
    return [svg.text(x, top - 5, words, "middle", "label")] if number <= _MOST_LABELS else []
