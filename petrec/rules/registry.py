"""All kinds, in the order in which reports list them: every file of `kinds` that defines one."""

from importlib import import_module
from pkgutil import iter_modules

from petrec.rules import kinds
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
