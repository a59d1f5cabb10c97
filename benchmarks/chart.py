"""A chart of horizontal bars, as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LINE, _NAMES, _NUMBERS = 720, 20, 230, 60
_STYLE = (
    "text{font:13px sans-serif;fill:#1f2933}.head{font-weight:bold}"
    ".own{fill:#0b6e4f}.other{fill:#9aa5b1}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}}"
)


@dataclass(frozen=True)
class Bar:
    """A bar with its name; one's own ones have another colour."""

    name: str
    value: float
    own: bool = False


def bars(title: str, groups: Mapping[str, Sequence[Bar]]) -> str:
    """Draw groups of bars, all to one scale."""
    longest = max((bar.value for group in groups.values() for bar in group), default=1.0)
    scale = (_WIDTH - _NAMES - _NUMBERS) / longest
    lines = [_text(0, 1, title, head=True)]
    row = 2
    for name, group in groups.items():
        lines.append(_text(0, row, name, head=True))
        row += 1
        for bar in group:
            lines += _bar(bar, row, scale)
            row += 1
    height = row * _LINE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            *lines,
            "</svg>",
            "",
        ]
    )


def _bar(bar: Bar, row: int, scale: float) -> list[str]:
    width, top = max(1.0, bar.value * scale), row * _LINE - 13
    look = "own" if bar.own else "other"
    return [
        _text(0, row, bar.name),
        f'<rect class="{look}" x="{_NAMES}" y="{top}" width="{width:.1f}" height="14"/>',
        _text(_NAMES + width + 6, row, f"{bar.value:.1f}"),
    ]


def _text(x: float, row: int, text: str, *, head: bool = False) -> str:
    look = ' class="head"' if head else ""
    return f'<text{look} x="{x:.1f}" y="{row * _LINE - 2}">{escape(text)}</text>'
