"""Elements: names and attributes are petrec's own, every text is escaped."""

from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | int | float


def tag(name: str, *children: str, **attributes: Attribute) -> Markup:
    """Return an element; `class_` is class, and `_` in other names becomes `-`."""
    said = "".join(f' {_name(key)}="{_value(value)}"' for key, value in attributes.items())
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{said}>{inner}</{name}>" if inner else f"<{name}{said}/>")  # noqa: S704


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "t") -> Markup:
    """Return a text at a point; `kind` is its class."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=kind)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Markup:
    """Return a rectangle, with a title that a pointer or a screen reader shows."""
    titles = [tag("title", title)] if title else []
    return tag("rect", *titles, x=x, y=y, width=width, height=max(height, 0.0), class_=kind)


def chart(name: str, title: str, description: str, size: tuple[int, int], *parts: str) -> Markup:
    """Return the whole drawing, with a title and a description for screen readers."""
    width, height = size
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=f"chart {name}",
    )


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the commands of a line through the points."""
    return "M" + "L".join(f"{_value(x)} {_value(y)}" for x, y in points)


def _name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-") if key != "viewBox" else key


def _value(value: Attribute) -> Markup:
    return escape(f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value)
