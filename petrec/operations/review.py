"""The review: export of cases to files, and its progress."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from petrec.documents.safe_text import check_link
from petrec.errors import UsageError
from petrec.features.review.audio import open_audio
from petrec.features.review.clock import Clock
from petrec.features.review.export import (
    Order,
    check_names,
    check_replaceable,
    export_cases,
)
from petrec.features.review.known import check_kinds
from petrec.features.review.result import ReviewExport, ReviewStatus
from petrec.features.review.scope import CaseScope
from petrec.features.review.status import review_status as read_status
from petrec.files import make_directory
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session


@dataclass(frozen=True)
class CaseFilter:
    """Which cases an export holds; everything is, by default.

    `practices` are ids, `vets` ids or full names, `since` and `until` days of the recording, both
    included, in `timezone` (by default that of the settings).
    """

    kinds: Sequence[str] = ()
    practices: Sequence[str] = ()
    vets: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    timezone: str = ""


def export_review(
    session: Session,
    files: Sequence[Path],
    *,
    cases: CaseFilter | None = None,
    kinds: Sequence[str] = (),
    split: bool = False,
    audio: bool = False,
    force: bool = False,
    step: Step = ignore,
) -> ReviewExport:
    """Write every recording that needs a person, with its candidates, to each file.

    The ending of a file name is its format (.csv, .xlsx, .html); all files have the same snapshot.
    `split` writes a file for each practice. `audio` links the sound of the recordings in the
    bucket of the settings: until the links expire, anyone who has a file can play them. A file that
    somebody has filled in is refused, or with `force` kept as NAME.bak-1.
    """
    wanted = cases or CaseFilter()
    order = make_order(
        session, replace(wanted, kinds=kinds or wanted.kinds), split=split, audio=audio
    )
    check_names(files)
    if not force:
        check_replaceable(files)
    for path in files:
        make_directory(path.parent)
    with session.snapshot() as (connection, schema):
        step("searching for cases")
        return export_cases(connection, schema, files, order, force=force)


def make_order(
    session: Session, cases: CaseFilter, *, split: bool = False, audio: bool = False
) -> Order:
    """Return what the filter and the settings ask for; errors: UsageError."""
    check_kinds(cases.kinds)
    if cases.since and cases.until and cases.since > cases.until:
        raise UsageError(f"the first day, {cases.since}, is after the last, {cases.until}")
    settings = session.settings.review
    link = check_link(settings.link, "review")
    clock = Clock(cases.timezone or settings.timezone)
    scope = CaseScope(tuple(cases.practices), tuple(cases.vets), cases.since, cases.until, clock)
    sound = open_audio(session.settings) if audio else None
    return Order(cases.kinds, scope, split, link, sound)


def review_status(session: Session, *, step: Step = ignore) -> ReviewStatus:
    """Count the open cases by kind, and the decisions by reviewer."""
    with session.snapshot() as (connection, schema):
        step("counting cases")
        return read_status(connection, schema)
