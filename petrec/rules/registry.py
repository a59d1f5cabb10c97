"""All kinds, from the modules of `kinds`, and the kind of a recording."""

from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import ColumnElement, case, null

from petrec.rules import kinds
from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind


def _kinds_of(module: str) -> list[Kind]:
    names = vars(import_module(f"{kinds.__name__}.{module}"))
    return [value for value in names.values() if isinstance(value, Kind)]


_BY_ID = {kind.id: kind for file in iter_modules(kinds.__path__) for kind in _kinds_of(file.name)}
KINDS = tuple(sorted(_BY_ID.values(), key=lambda kind: kind.order))
FINDINGS = tuple(kind for kind in KINDS if kind.is_finding)


def kind_by_id(kind_id: str) -> Kind:
    """Return the kind; errors: KeyError."""
    return _BY_ID[kind_id]


def classify(facts: Facts) -> Kind:
    """Return the kind of one recording; the kinds partition all possible facts."""
    return next(kind for kind in KINDS if kind.holds(facts))


def kind_column(facts: FactColumns) -> ColumnElement[str]:
    """Return the kind's id as SQL; never NULL, since the kinds partition the table."""
    return case(*[(kind.sql(facts), kind.id) for kind in KINDS], else_=null())
