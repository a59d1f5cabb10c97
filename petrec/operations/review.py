"""The review: export of cases to files, and its progress."""

from collections.abc import Sequence
from pathlib import Path

from petrec.errors import UsageError
from petrec.features.review.export import check_names, check_replaceable, export_cases
from petrec.features.review.query import REVIEWED
from petrec.features.review.result import ReviewExport, ReviewStatus
from petrec.features.review.status import review_status as read_status
from petrec.files import make_directory
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session


def export_review(
    session: Session,
    files: Sequence[Path],
    *,
    kinds: Sequence[str] = (),
    force: bool = False,
    step: Step = ignore,
) -> ReviewExport:
    """Write every recording that needs a person, with its candidates, to each file.

    The ending of a file name is its format (.csv, .xlsx, .html); all files have the same snapshot.
    A file that somebody has filled in is refused, or with `force` kept as NAME.bak-1.
    """
    for unknown in [kind for kind in kinds if kind not in REVIEWED]:
        raise UsageError(f"unknown kind: {unknown}", hint=f"choose one of: {', '.join(REVIEWED)}")
    check_names(files)
    if not force:
        check_replaceable(files)
    for path in files:
        make_directory(path.parent)
    with session.snapshot() as (connection, schema):
        step("searching for cases")
        return export_cases(connection, schema, files, kinds, force=force)


def review_status(session: Session, *, step: Step = ignore) -> ReviewStatus:
    """Count the open cases by kind, and the decisions by reviewer."""
    with session.snapshot() as (connection, schema):
        step("counting cases")
        return read_status(connection, schema)
