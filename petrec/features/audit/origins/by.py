"""An audit that also shows where the damage comes from."""

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from petrec.features.audit.audit import run_audit
from petrec.features.audit.origins.column import origin_column
from petrec.features.audit.origins.compare import compare
from petrec.features.audit.origins.query import count_origins, names_of_vets
from petrec.features.audit.result import AuditResult
from petrec.schema import Schema
from petrec.source import Source


def run_audit_by(
    source: Source,
    schema: Schema,
    by: str,
    *,
    names: bool = True,
    step: Callable[[str], None] = lambda _: None,
) -> AuditResult:
    """Audit all recordings and, unless `by` is empty, count them by its values.

    `names` is whether vets are named, and not only numbered. Errors: UsageError.
    """
    if not by:
        return run_audit(source, schema, step=step)
    origin = origin_column(source, schema, by)
    result = run_audit(source, schema, step=step)
    step(f"counting recordings by {by}")
    counted = count_origins(source, schema, origin)
    of_vets = by == "vet" and names
    known = _distinct(names_of_vets(source, schema, counted)) if of_vets else {}
    return replace(result, origins=compare(origin, counted, known))


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Return names by id, with the id where two people have the same name."""
    often = Counter(names.values())
    return {key: f"{name} ({key})" if often[name] > 1 else name for key, name in names.items()}
