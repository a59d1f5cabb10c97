"""Texts that are uuids, as PostgreSQL's uuid takes them: without dashes, in capitals, in braces."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.sql.selectable import NamedFromClause

_DIGITS = "([0-9A-Fa-f]{4}-?){7}[0-9A-Fa-f]{4}"
_UUID = f"^({_DIGITS}|[{{]{_DIGITS}[}}])$"
_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
# The length of a uuid without marks.
SHORTEST = 32
# More than the length of a uuid with all its marks.
_LONG = 64


class Form(NamedTuple):
    """How the uuids of a column are written, and one text that is none.

    A shape is the length and the place of the first dash.
    """

    least_shape: int | None = None
    greatest_shape: int | None = None
    has_capitals: bool | None = None
    has_small: bool | None = None
    other: str | None = None

    @property
    def shapes(self) -> set[int]:
        """Return the shapes that are known to be there."""
        return {each for each in (self.least_shape, self.greatest_shape) if each is not None}


class Looks(NamedTuple):
    """How all texts of a column look, uuids or not: cheaper to find out than a Form."""

    least_shape: int | None = None
    greatest_shape: int | None = None
    has_capitals: bool | None = None


# As engines write a type of uuids as text.
_SHAPE = 36 * _LONG + 9
TYPED = Form(_SHAPE, _SHAPE, has_capitals=False, has_small=True)
LIKE_TYPED = Looks(_SHAPE, _SHAPE, has_capitals=False)


def differ(forms: Collection[Form]) -> bool:
    """Return whether uuids are written in several ways."""
    shapes = {shape for form in forms for shape in form.shapes}
    both = any(form.has_capitals for form in forms) and any(form.has_small for form in forms)
    return len(shapes) > 1 or both


def may_differ(looks: Collection[Looks]) -> bool:
    """Return whether texts of several shapes, or capitals, leave room for uuids that `differ`."""
    shapes = {shape for each in looks for shape in each[:2] if shape is not None}
    is_long = any(shape >= SHORTEST * _LONG for shape in shapes)
    return is_long and (len(shapes) > 1 or any(each.has_capitals for each in looks))


def looks_of(rows: NamedFromClause, texts: Collection[str]) -> Select[Any]:
    """Select the values of Looks for each of some columns of texts, one after the other."""
    columns = [rows.c[name] for name in texts]
    each = (
        (func.min(_shape(text)), func.max(_shape(text)), func.bool_or(text != func.lower(text)))
        for text in columns
    )
    return select(*(value for looks in each for value in looks)).select_from(rows)


def _shape(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.length(text) * literal(_LONG) + func.strpos(text, "-")


def forms_of(rows: NamedFromClause, texts: Collection[str]) -> Select[Any]:
    """Select the values of a Form for each of some columns of texts, one after the other."""
    places = range(len(texts))
    split = [rows.c[name].label(f"text_{place}") for place, name in enumerate(texts)]
    split += [_uuid_alone(rows.c[name]).label(f"uuid_{n}") for n, name in enumerate(texts)]
    found = select(*split).select_from(rows).subquery("split")
    each = (_form(found.c[f"text_{place}"], found.c[f"uuid_{place}"]) for place in places)
    return select(*(value for form in each for value in form))


def _form(text: ColumnElement[Any], uuid: ColumnElement[Any]) -> Collection[ColumnElement[Any]]:
    return (
        func.min(_shape(uuid)),
        func.max(_shape(uuid)),
        func.bool_or(uuid != func.lower(uuid)),
        func.bool_or(uuid != func.upper(uuid)),
        func.min(case((uuid.is_(None), text))),
    )


def _uuid_alone(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((_is_uuid(text), text))


def _is_uuid(text: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether PostgreSQL's uuid takes a text.

    For some engines the end of an expression is before a newline, too.
    """
    is_short = func.length(text).between(SHORTEST, _LONG)
    return and_(is_short, text.regexp_match(literal(_UUID)), func.strpos(text, "\n") == 0)


def as_uuid(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text as PostgreSQL writes a uuid, if it is one."""
    digits = func.lower(text)
    for mark in "-{}":
        digits = func.replace(digits, mark, "")
    parts = (func.substr(digits, start, length) for start, length in _PARTS)
    return case((_is_uuid(text), func.concat_ws("-", *parts)), else_=text)
