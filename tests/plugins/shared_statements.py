"""Statements of the API that are built once for all databases whose tables are alike.

To build them is most of what the first requests of a test take.
"""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import fields
from typing import Any

from sqlalchemy import Alias, Subquery, Table

from petrec.api.service import Clinic, Service
from petrec.api.statements import CompiledStatement
from petrec.schema import PgType, Schema
from tests.plugins.mutants import is_under_mutmut

_kept: dict[Hashable, dict[Hashable, CompiledStatement]] = defaultdict(dict)


def share_statements(service: Service, changes: str) -> None:
    """Let a service take the statements of another one that has read tables alike.

    `changes` names what a test has changed in the code that builds them. Of mutmut's changes
    nobody would know here.
    """
    if is_under_mutmut():
        return
    read = service._read

    def read_and_share() -> Clinic:
        clinic = read()
        clinic.statements._kept = _kept[changes, _described(clinic.schema)]
        return clinic

    service._read = read_and_share  # type: ignore[method-assign]


def _described(part: Any) -> Hashable:
    """Return all that a statement may depend on."""
    match part:
        case Table():
            columns = ((c.key, c.name, c.primary_key, _described(c.type)) for c in part.columns)
            return (part.schema, part.name, *columns)
        case Alias():
            return (part.name, _described(part.element))
        case Subquery():
            rows = part.element.get_final_froms()  # type: ignore[attr-defined]
            return (part.name, str(part.element), *map(_described, rows))
        case PgType():
            return (part.name, part.base, part.is_enum, part.collation)
        case Schema():
            return tuple(_described(getattr(part, each.name)) for each in fields(part))
    parts = fields(part) if hasattr(part, "__dataclass_fields__") else ()
    return tuple(_described(getattr(part, each.name)) for each in parts) or part
