"""The words of the command line for texts that name an argument: here it is an option."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from petrec.phrases import Joined, Phrase, Phrased

if TYPE_CHECKING:
    from petrec.documents.document import Document

WORDS: Mapping[Phrase, str] = {
    Phrase.ADD_GROUP_VISITS: "add --group visits",
    Phrase.APPLY_WOULD_FAIL: "--apply would fail: {obstacle}",
    Phrase.BASELINE_MADE_ANEW: "--update-baseline writes it afresh",
    Phrase.BASELINE_MADE_BY: "--update-baseline makes one",
    Phrase.BASELINE_STALE: "Fixed entries are stale: --update-baseline removes them.",
    Phrase.CASES_AFTER_APPLY: "{left} recordings need a person: petrec review export; "
    "with --apply the {ambiguous} ambiguous ones go to a CSV, too",
    Phrase.DSN_AND_SERVICE: "--dsn and --service exclude each other",
    Phrase.DROP_VISITS_NEEDS_GROUP: "--drop-visits drops what the group visits has made",
    Phrase.DROP_FIRST_OR_KEEP_VISITS: "drop it yourself first, or leave --drop-visits out",
    Phrase.FREE_SPACE_UNKNOWN: "{needs}; free space was not measured, --free-space states it",
    Phrase.FORCE_KEEPS_BESIDE: "name another file, or give --force to keep the old one beside it",
    Phrase.IMPORT_NOT_APPLIED: "nothing has been written; petrec review import --apply does it",
    Phrase.IMPORT_PARTIALLY: "one problem stops all: repair the lines, or give --partial",
    Phrase.INFERABLE_BEFORE_DECISIONS: (
        "{count} recordings have certain evidence: petrec backfill --apply does "
        "them without a person, and should come before decisions are imported"
    ),
    Phrase.INFERABLE_BEFORE_LINKS: (
        "{count} recordings have certain evidence: let petrec backfill --apply do "
        "them first, since a pet added to an appointment can make them ambiguous"
    ),
    Phrase.KEEP_VALUES_OR_VISITS: (
        "keep the values elsewhere and delete them yourself; or leave --drop-visits out"
    ),
    Phrase.KEEP_VISITS: "leave --drop-visits out",
    Phrase.LAG_IGNORED: "GRANT pg_monitor to the role, or give --ignore-lag",
    Phrase.MAKE_ROOM: "make room, or build less at once with --group",
    Phrase.MAKE_ROOM_OR_STATE: (
        "make room, or build less at once with --group; --free-space SIZE overrides the measurement"
    ),
    Phrase.NAME_BASELINE: "name it by --baseline FILE",
    Phrase.NAME_CONFIG: "name another file with --config",
    Phrase.NAME_EMAIL: "--email {path}",
    Phrase.NAME_HEAD: "name one with --head, or run alembic merge heads first",
    Phrase.NAME_HISTORY: "name another file with --history, or move this one away to start afresh",
    Phrase.NAME_VERSION_PATH: "name one with --version-path: {known}",
    Phrase.NOT_APPLIED: "nothing has been written; petrec backfill --apply does it",
    Phrase.OTHER_ADDRESS: "choose another with --host and --port",
    Phrase.PETS_CASCADE: (
        "deleting a pet will delete its recordings; --on-delete restrict refuses it"
    ),
    Phrase.READERS_OF_VISITS: (
        "roles that may read recordings will need the new table, too: "
        "GRANT SELECT ON {visits} TO {readers}; or --grant-like-recordings"
    ),
    Phrase.RENAME_OR_KEEP: "rename or drop it; or keep it with --keep {name}",
    Phrase.REPAIR_FIRST: (
        "certain cases: petrec backfill --apply; export the others: petrec review export"
    ),
    Phrase.REPORT_JSON_ONLY: "--from reads what petrec report --json has written",
    Phrase.ROLLBACK_BEFORE_UNDO: (
        "petrec constraints rollback --group required, then start the same undo again"
    ),
    Phrase.SAME_TOUCH_OR_ANEW: (
        "give the same --touch to finish it, or --anew to plan the rest again"
    ),
    Phrase.SLOW_ROW: "a single row takes longer than --target-ms: resume with a larger one",
    Phrase.STATEMENT_PRINTED_BY: "petrec backfill --sql prints the statement of a batch",
    Phrase.TOUCH_DIFFERS: "unfinished run {run} was started with --touch {touch}",
    Phrase.TOUCH_NO_COLUMN: "--touch: {table} has no column {column!r}",
    Phrase.TOUCH_NO_TIMESTAMP: "--touch: {column!r} is not a timestamp",
    Phrase.UNKNOWN_TO_KEEP: "--keep {name}: there is no such object",
    Phrase.VISITS_STAY: (
        "the visits table and visit_id stay; --drop-visits drops them while empty"
    ),
    Phrase.WEBHOOK_LEFT_OUT: (
        "the report itself is written; check the webhook, or leave out --notify"
    ),
    Phrase.WINDOW_LEFT_OUT: "leave out --since",
    Phrase.WINDOW_NEEDS_COLUMN: "{table} has no column created_at for --since",
    Phrase.WINDOW_OR_BASELINE: ("leave out --since, or judge the window alone by --no-baseline"),
}


def worded(text: str) -> str:
    """Return a text in the words of the command line."""
    if isinstance(text, Joined):
        return text.separator.join(map(worded, text.parts))
    if not isinstance(text, Phrased):
        return text
    return WORDS[text.phrase].format(**text.data)


def worded_document(document: "Document") -> "Document":
    """Return a document with its texts in the words of the command line."""
    import msgspec

    findings = (replace(finding, help=worded(finding.help)) for finding in document.findings)
    notes = tuple(map(worded, document.notes))
    payload = msgspec.to_builtins(document.payload, enc_hook=worded)
    return replace(document, payload=payload, notes=notes, findings=tuple(findings))
