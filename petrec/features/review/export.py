"""Write all cases of one snapshot to files, in the format of each file name's ending."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from petrec.documents.as_csv import write_rows
from petrec.errors import UsageError
from petrec.extras import need_extra
from petrec.features.review.audio import Audio
from petrec.features.review.case import Case
from petrec.features.review.cases import read_practices, stream_cases
from petrec.features.review.known import check_scope
from petrec.features.review.page import TITLE, PageFacts, moment_of_export, write_page
from petrec.features.review.pets import PetSearch
from petrec.features.review.query import REVIEWED
from petrec.features.review.result import ReviewExport
from petrec.features.review.rows import choices_of, columns_with, row_of
from petrec.features.review.scope import ALL, CaseScope
from petrec.features.review.unfilled import refuse_filled
from petrec.files import PRIVATE, Before, atomic_bytes, atomic_text, keep_beside
from petrec.rules.census import take_census
from petrec.rules.kinds.missing_inferable import MISSING_INFERABLE
from petrec.schema import Schema


@dataclass(frozen=True)
class Order:
    """What an export is to hold: the kinds (all, by default), the scope, and one file or many.

    `split` makes a file for each practice; `link` is the template of a link to a recording;
    `audio` links the sound, and makes the files a key to it.
    """

    kinds: Sequence[str] = ()
    scope: CaseScope = ALL
    split: bool = False
    link: str = ""
    audio: Audio | None = None

    @property
    def page_facts(self) -> PageFacts:
        """Return what a page shows beside its cases."""
        return PageFacts(self.scope.clock.zone, self.link, self.audio)


EVERYTHING = Order()
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
    order: Order = EVERYTHING,
    *,
    force: bool = False,
) -> ReviewExport:
    """Write every case that is ordered to each file.

    A file that holds a person's work is refused, or with `force` kept as NAME.bak-1. Errors:
    OutputError, UsageError.
    """
    order.scope.clock.check(connection)
    check_scope(connection, schema, order.scope)
    census = take_census(connection, schema)
    counts = {kind: census.count(kind) for kind in order.kinds or REVIEWED}
    present = [kind for kind, count in counts.items() if count]
    scopes = _scopes(connection, schema, paths, present, order)
    if not force:
        check_replaceable([path for path, _ in scopes])
    kept: list[Path] = []
    found: dict[Path, Counter[str]] = {}
    for path, scope in scopes:
        found[path] = Counter()
        # An open stream would hold the connection, and its rollback would wait forever.
        with closing(stream_cases(connection, schema, present, scope, order.audio)) as cases:
            counted = _counted(cases, found[path])
            _write(path, counted, _before(kept, force=force), order, PetSearch(connection, schema))
    if order.split or not order.scope.is_all:
        counts = _sum(counts, found, len(paths))
    inferable = census.count(MISSING_INFERABLE.id)
    files, beside = tuple(map(str, found)), tuple(map(str, kept))
    ended = order.audio.until if order.audio else None
    temporary = order.audio is not None and order.audio.is_temporary
    return ReviewExport(files, counts, inferable, beside, ended, temporary)


def _scopes(
    connection: Connection,
    schema: Schema,
    paths: Sequence[Path],
    kinds: Sequence[str],
    order: Order,
) -> list[tuple[Path, CaseScope]]:
    """Return the files to write, each with what it holds."""
    if not order.split:
        return [(path, order.scope) for path in paths]
    practices = read_practices(connection, schema, kinds, order.scope)
    return [
        (_named(path, practice), replace(order.scope, practices=(practice,)))
        for path in paths
        for practice in practices
    ]


def _named(path: Path, practice: str | None) -> Path:
    """Return the name of a practice's own file."""
    word = "no-practice" if practice is None else quote(practice, safe=" ")
    return path.with_stem(f"{path.stem}-{word}")


def _counted(cases: Iterable[Case], counts: Counter[str]) -> Iterator[Case]:
    for case in cases:
        counts[case.kind] += 1
        yield case


def _sum(kinds: Iterable[str], found: Mapping[Path, Counter[str]], copies: int) -> dict[str, int]:
    """Return the cases by kind; each format holds all of them once."""
    total = sum(found.values(), Counter[str]())
    return {kind: total[kind] // max(copies, 1) for kind in kinds}


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


def _write(
    path: Path, cases: Iterator[Case], before: Before, order: Order, search: PetSearch
) -> None:
    mode, columns = (PRIVATE if order.audio else None), columns_with(order.audio)
    if path.suffix.lower() == ".xlsx":
        need_extra("a workbook", "xlsx", "xlsxwriter")
        from petrec.features.review.as_xlsx import write_workbook  # noqa: PLC0415 - an extra

        with atomic_bytes(path, mode, before=before) as binary:
            write_workbook(cases, binary, columns)
    elif path.suffix.lower() == ".html":
        facts = order.page_facts
        with atomic_text(path, mode, before=before) as out:
            write_page(
                search.watch(cases),
                out,
                title=TITLE,
                exported_at=moment_of_export(),
                facts=facts,
                pets=search.pets(),
            )
    else:
        rows = (row_of(case, choices_of(case), columns) for case in cases)
        with atomic_text(path, mode, before=before) as out:
            write_rows(columns, rows, out, bom=True)
