"""One kind over time, as a small inline chart."""

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
