"""Write all cases of one snapshot to files, in the format of each file name's ending."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from petrec.documents.as_csv import write_rows
from petrec.errors import UsageError
from petrec.extras import need_extra
from petrec.features.review.case import Case
from petrec.features.review.cases import stream_cases
from petrec.features.review.page import write_page
from petrec.features.review.query import REVIEWED
from petrec.features.review.result import ReviewExport
from petrec.features.review.rows import COLUMNS, choices_of, row_of
from petrec.features.review.unfilled import refuse_filled
from petrec.files import Before, atomic_bytes, atomic_text, keep_beside
from petrec.rules.census import take_census
from petrec.rules.kinds.missing_inferable import MISSING_INFERABLE
from petrec.schema import Schema

FORMATS = (".csv", ".xlsx", ".html")


def check_names(paths: Sequence[Path]) -> None:
    """Check that each file name has the ending of a format; errors: UsageError."""
    for path in paths:
        if path.suffix.lower() not in FORMATS:
            known = ", ".join(FORMATS)
            raise UsageError(
                f"cannot tell the format from the file name {path}", hint=f"end it in {known}"
            )


def check_replaceable(paths: Sequence[Path]) -> None:
    """Check that no file holds a person's work; errors: UsageError."""
    for path in paths:
        refuse_filled(path)


def export_cases(
    connection: Connection,
    schema: Schema,
    paths: Sequence[Path],
    kinds: Sequence[str] = (),
    *,
    force: bool = False,
) -> ReviewExport:
    """Write every case of the kinds (all, by default) to each file.

    A file that holds a person's work is refused, or with `force` kept as NAME.bak-1. Errors:
    OutputError, UsageError.
    """
    census = take_census(connection, schema)
    counts = {kind: census.count(kind) for kind in kinds or REVIEWED}
    present = [kind for kind, count in counts.items() if count]
    kept: list[Path] = []
    for path in paths:
        # An open stream would hold the connection, and its rollback would wait forever.
        with closing(stream_cases(connection, schema, present)) as cases:
            _write(path, cases, _before(kept, force=force))
    inferable = census.count(MISSING_INFERABLE.id)
    return ReviewExport(tuple(map(str, paths)), counts, inferable, tuple(map(str, kept)))


def _before(kept: list[Path], *, force: bool) -> Callable[[Path], None]:
    """Return a check for just before a file is replaced: a person may have saved it meanwhile."""

    def before(path: Path) -> None:
        try:
            refuse_filled(path)
        except UsageError:
            if not force:
                raise
            if (beside := keep_beside(path)) is not None:
                kept.append(beside)

    return before


def _write(path: Path, cases: Iterator[Case], before: Before) -> None:
    if path.suffix.lower() == ".xlsx":
        need_extra("a workbook", "xlsx", "xlsxwriter")
        from petrec.features.review.as_xlsx import write_workbook  # noqa: PLC0415 - an extra

        with atomic_bytes(path, before=before) as binary:
            write_workbook(cases, binary)
    elif path.suffix.lower() == ".html":
        with atomic_text(path, before=before) as out:
            now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            write_page(cases, out, title="Recordings to review", exported_at=now)
    else:
        _write_csv(path, cases, before)


def _write_csv(path: Path, cases: Iterator[Case], before: Before) -> None:
    with atomic_text(path, before=before) as out:
        write_rows(COLUMNS, (row_of(case, choices_of(case)) for case in cases), out, bom=True)
