"""The texts of the command line for phrases that name an argument, here an option."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from petrec.phrases import Joined, Phrase, Phrased

if TYPE_CHECKING:
    from petrec.documents.document import Document

WORDS: Mapping[Phrase, str] = {
    Phrase.ADD_GROUP_VISITS: "add --group visits",
    Phrase.APPLY_WOULD_FAIL: "--apply would fail: {obstacle}",
    Phrase.BASELINE_MADE_ANEW: "--update-baseline writes it again",
    Phrase.BASELINE_MADE_BY: "--update-baseline creates one",
    Phrase.BASELINE_STALE: "Some baseline entries are fixed: --update-baseline removes them.",
    Phrase.CASES_AFTER_APPLY: "{left} recordings need a person: petrec review export; "
    "--apply also writes the {ambiguous} ambiguous ones to a CSV",
    Phrase.DSN_AND_SERVICE: "--dsn and --service cannot be combined",
    Phrase.DATABASE_INSTEAD: "read the database itself: omit --source",
    Phrase.DROP_VISITS_NEEDS_GROUP: "--drop-visits works only together with the group visits",
    Phrase.DROP_FIRST_OR_KEEP_VISITS: "drop it yourself first, or omit --drop-visits",
    Phrase.EMPTY_ALLOWED: "if that is expected, add --allow-empty",
    Phrase.ENGINE_LEFT_OUT: "omit --engine",
    Phrase.EXPORT_READ_BY: "Next: petrec audit --source {directory}",
    Phrase.FREE_SPACE_UNKNOWN: (
        "{needs}; petrec could not measure the free space; pass it with --free-space SIZE"
    ),
    Phrase.FORCE_KEEPS_BESIDE: (
        "name another file, or add --force, which keeps the old one as NAME.bak-1"
    ),
    Phrase.IMPORT_NOT_APPLIED: "nothing has been written; to write: add --apply to this command",
    Phrase.IMPORT_PARTIALLY: "one wrong line stops the import: correct the lines, or add --partial",
    Phrase.INFERABLE_BEFORE_DECISIONS: (
        "{count} recordings have certain evidence: run petrec backfill --apply "
        "before decisions are imported"
    ),
    Phrase.INFERABLE_BEFORE_LINKS: (
        "{count} recordings have certain evidence: run petrec backfill --apply "
        "first, because a pet added to an appointment can make them ambiguous"
    ),
    Phrase.KEEP_VALUES_OR_VISITS: (
        "save the values elsewhere and delete them yourself; or omit --drop-visits"
    ),
    Phrase.KEEP_VISITS: "omit --drop-visits",
    Phrase.LAG_IGNORED: "GRANT pg_monitor to the role, or add --ignore-lag",
    Phrase.MAKE_ROOM: "free some disk space, or build less at once with --group",
    Phrase.MAKE_ROOM_OR_STATE: (
        "free some disk space, or build less at once with --group; --free-space SIZE overrides "
        "the measurement"
    ),
    Phrase.NAME_BASELINE: "name it with --baseline FILE",
    Phrase.NAME_CONFIG: "name another file with --config",
    Phrase.NAME_EMAIL: "--email {path}",
    Phrase.NAME_HEAD: "name one with --head, or run alembic merge heads first",
    Phrase.NAME_HISTORY: (
        "name another file with --history, or move this one away to start a new history"
    ),
    Phrase.NAME_VERSION_PATH: "name one with --version-path: {known}",
    Phrase.NOT_APPLIED: "nothing has been written; to write: add --apply to this command",
    Phrase.OTHER_ADDRESS: "choose another with --host and --port",
    Phrase.PETS_CASCADE: (
        "deleting a pet will delete its recordings; --on-delete restrict prevents that"
    ),
    Phrase.READERS_OF_VISITS: (
        "roles that can read recordings also need to read the new table: "
        "GRANT SELECT ON {visits} TO {readers}; or --grant-like-recordings"
    ),
    Phrase.LEAVE_OUT: "leave it out with --keep {name}",
    Phrase.RENAME_OR_KEEP: "rename or drop it; or keep it with --keep {name}",
    Phrase.REPAIR_FIRST: (
        "repair the certain ones: petrec backfill --apply; export the others: petrec review export"
    ),
    Phrase.REPORT_JSON_ONLY: "--from reads what petrec report --json has written",
    Phrase.ROLLBACK_BEFORE_UNDO: (
        "petrec constraints rollback --group required, then start the same undo again"
    ),
    Phrase.SAME_SELECTION_OR_ANEW: (
        "finish it first: petrec runs resume {run}; or add --anew to plan again"
    ),
    Phrase.SAME_TOUCH_OR_ANEW: (
        "add the same --touch to finish it, or --anew to plan the rest again"
    ),
    Phrase.SLOW_ROW: "a single row takes longer than --target-ms: resume with a larger one",
    Phrase.STATEMENT_PRINTED_BY: "petrec backfill --sql prints one batch as a script for psql",
    Phrase.RETENTION_NOT_APPLIED: (
        "nothing has been erased; to erase permanently: add --apply to this command"
    ),
    Phrase.SWEEP_NOT_APPLIED: "nothing has been written; to write: add --apply to this command",
    Phrase.TOUCH_DIFFERS: "unfinished run {run} was started with --touch {touch}",
    Phrase.TOUCH_NO_COLUMN: "--touch: {table} has no column {column!r}",
    Phrase.TOUCH_NO_TIMESTAMP: "--touch: {column!r} is not a timestamp",
    Phrase.UNKNOWN_TO_KEEP: "--keep {name}: there is no such object",
    Phrase.VISITS_STAY: (
        "the visits table and visit_id stay; --drop-visits drops them if they are empty"
    ),
    Phrase.WEBHOOK_LEFT_OUT: ("the report itself is written; check the webhook, or omit --notify"),
    Phrase.WINDOW_LEFT_OUT: "omit --since",
    Phrase.WINDOW_NEEDS_COLUMN: "--since needs a column created_at, which {table} does not have",
    Phrase.WINDOW_OR_BASELINE: (
        "omit --since, or add --no-baseline to check the window without it"
    ),
}


def worded(text: str) -> str:
    """Return a text in the words of the command line."""
    if isinstance(text, Joined):
        return text.separator.join(map(worded, text.parts))
    if not isinstance(text, Phrased):
        return text
    data = {name: _worded_within(value) for name, value in text.data.items()}
    return WORDS[text.phrase].format(**data)


def _worded_within(value: object) -> object:
    return worded(value) if isinstance(value, str) else value


def worded_document(document: "Document") -> "Document":
    """Return a document with its texts in the words of the command line."""
    import msgspec

    findings = (replace(finding, help=worded(finding.help)) for finding in document.findings)
    notes = tuple(map(worded, document.notes))
    payload = msgspec.to_builtins(document.payload, enc_hook=worded)
    return replace(document, payload=payload, notes=notes, findings=tuple(findings))
