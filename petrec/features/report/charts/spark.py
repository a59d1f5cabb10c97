"""Small inline charts: one kind over time, and one rate with its range."""

from collections.abc import Sequence

from markupsafe import Markup

from petrec.features.report.charts import svg

_WIDTH, _HEIGHT = 120, 26
_MOST = 60


def sparkline(values: Sequence[int], kind: str) -> Markup:
    """Draw the last values and mark the end. It is decoration: the numbers are beside it."""
    shown = list(values)[-_MOST:]
    if len(shown) < 2:
        return Markup("")
    most = max(*shown, 1)
    step = (_WIDTH - 8) / (len(shown) - 1)
    places = [(2 + i * step, _HEIGHT - 3 - v / most * (_HEIGHT - 6)) for i, v in enumerate(shown)]
    x, y = places[-1]
    return svg.tag(
        "svg",
        svg.tag("path", d=svg.path(places), class_="line"),
        svg.tag("circle", cx=x, cy=y, r=2.5, class_="end"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_=f"spark {kind}",
        aria_hidden="true",
    )


def rate_bar(percent: float, low: float, high: float, most: float) -> Markup:
    """Draw a rate as a bar and its range as a line; `most` percent fill the width.

    It is decoration: the numbers are beside it.
    """
    scale = (_WIDTH - 2) / max(most, 0.01)
    middle = _HEIGHT / 2
    return svg.tag(
        "svg",
        svg.rect(1, middle - 6, percent * scale, 12, "rate"),
        svg.line(1 + low * scale, middle, 1 + high * scale, middle, "range"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="spark bar",
        aria_hidden="true",
    )
