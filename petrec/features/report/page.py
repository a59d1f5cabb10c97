"""Templates: every value is escaped unless it is a chart that petrec drew."""

from datetime import datetime
from functools import cache
from shlex import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from petrec.documents.safe_text import plain
from petrec.features.report.charts.scale import short


@cache
def environment() -> Environment:
    """Return the environment of the templates."""
    made = Environment(
        loader=PackageLoader("petrec.features.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.filters |= {
        "number": number,
        "moment": moment,
        "day": short,
        "legible": plain,
        "shell": quote,
    }
    made.globals["percent"] = percent
    return made


def number(value: int) -> str:
    """Return a count as people read it."""
    return f"{value:,}"


def moment(value: datetime) -> str:
    """Return a time, UTC."""
    return f"{value.day} {value:%B %Y, %H:%M} UTC"


def percent(part: int, whole: int) -> str:
    """Return a percentage; rounding never makes it 0 % or 100 %."""
    if not whole or not part:
        return "0 %"
    share = 100 * part / whole
    if part and share < 0.01:
        return "under 0.01 %"
    if part < whole and share > 99.99:
        return "over 99.99 %"
    return f"{share:.1f} %" if 0.1 <= share <= 99.9 or part == whole else f"{share:.2f} %"
