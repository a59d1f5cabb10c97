"""Texts that name an argument, in the words of each caller's users.

The words here are those of the Python API. The command line has words of its own for each phrase,
which name its options.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Phrase(StrEnum):
    """The codes of texts; the value is a format string for their data."""

    ADD_GROUP_VISITS = "add the group visits"
    APPLY_WOULD_FAIL = "applying the undo would fail: {obstacle}"
    BASELINE_MADE_ANEW = "update_baseline writes it again"
    BASELINE_MADE_BY = "update_baseline creates one"
    BASELINE_STALE = "Some baseline entries are fixed: update_baseline removes them."
    CASES_AFTER_APPLY = (
        "{left} recordings need a person; the run writes the {ambiguous} ambiguous ones to a CSV"
    )
    DSN_AND_SERVICE = "dsn and service cannot be combined"
    DATABASE_INSTEAD = "connect to the database instead: connect()"
    DROP_VISITS_NEEDS_GROUP = "drop_visits works only together with the group visits"
    DROP_FIRST_OR_KEEP_VISITS = "drop it yourself first, or omit drop_visits"
    EMPTY_ALLOWED = "if that is expected, pass allow_empty"
    ENGINE_LEFT_OUT = "use a session without another engine"
    EXPORT_READ_BY = "audit it: audit(connect_files({directory!r}))"
    FREE_SPACE_UNKNOWN = "{needs}; petrec could not measure the free space; pass it as free_space"
    FORCE_KEEPS_BESIDE = "name another file, or pass force, which keeps the old one as NAME.bak-1"
    IMPORT_NOT_APPLIED = "nothing has been written; import_review writes"
    IMPORT_PARTIALLY = "one wrong line stops the import: correct the lines, or pass partial"
    INFERABLE_BEFORE_DECISIONS = (
        "{count} recordings have certain evidence: call apply_backfill before decisions are "
        "imported"
    )
    INFERABLE_BEFORE_LINKS = (
        "{count} recordings have certain evidence: call apply_backfill first, because a pet added "
        "to an appointment can make them ambiguous"
    )
    KEEP_VALUES_OR_VISITS = (
        "save the values elsewhere and delete them yourself; or omit drop_visits"
    )
    KEEP_VISITS = "omit drop_visits"
    LAG_IGNORED = "GRANT pg_monitor to the role, or pass ignore_lag"
    MAKE_ROOM = "free some disk space, or build fewer groups at once"
    MAKE_ROOM_OR_STATE = (
        "free some disk space, or build fewer groups at once; free_space overrides the measurement"
    )
    NAME_BASELINE = "name it as baseline"
    NAME_CONFIG = "name another file as config"
    NAME_EMAIL = "name it as email: {path}"
    NAME_HEAD = "name one as head, or run alembic merge heads first"
    NAME_HISTORY = "name another file as history, or move this one away to start a new history"
    NAME_VERSION_PATH = "name one as version_path: {known}"
    NOT_APPLIED = "nothing has been written; apply_backfill writes"
    OTHER_ADDRESS = "choose another host and port"
    PETS_CASCADE = "deleting a pet will delete its recordings; on_delete restrict prevents that"
    READERS_OF_VISITS = (
        "roles that can read recordings also need to read the new table: "
        "GRANT SELECT ON {visits} TO {readers}; or pass grants=True"
    )
    LEAVE_OUT = "leave out {name}"
    RENAME_OR_KEEP = "rename or drop it; or keep {name}"
    REPAIR_FIRST = "repair the certain ones: apply_backfill; export the others: export_review"
    REPORT_JSON_ONLY = "only the JSON form of a report can be read"
    ROLLBACK_BEFORE_UNDO = (
        "roll back the constraints of group required, then start the same undo again"
    )
    SAME_SELECTION_OR_ANEW = "finish it first with resume({run}), or pass anew=True to plan again"
    SAME_TOUCH_OR_ANEW = "pass the same touch to finish it, or anew=True to plan the rest again"
    SLOW_ROW = "a single row takes longer than target_ms: resume with a larger one"
    STATEMENT_PRINTED_BY = "`script` holds one batch as a script for psql"
    RETENTION_NOT_APPLIED = "nothing has been erased; erase_recordings erases, permanently"
    SWEEP_NOT_APPLIED = "nothing has been written; sweep_uploads writes"
    TOUCH_DIFFERS = "unfinished run {run} was started to touch {touch}"
    TOUCH_NO_COLUMN = "cannot touch {column!r}: {table} has no such column"
    TOUCH_NO_TIMESTAMP = "cannot touch {column!r}: it is not a timestamp"
    UNKNOWN_TO_KEEP = "cannot keep {name}: there is no such object"
    VISITS_STAY = "the visits table and visit_id stay; drop_visits drops them if they are empty"
    WEBHOOK_LEFT_OUT = "the report itself is written; check the webhook, or omit notify"
    WINDOW_LEFT_OUT = "omit since"
    WINDOW_NEEDS_COLUMN = "since needs a column created_at, which {table} does not have"
    WINDOW_OR_BASELINE = "omit since, or check the window without a baseline"


class Phrased(str):
    """A phrase in its general words; `phrase` and `data` let a caller use other words."""

    __slots__ = ("data", "phrase")

    phrase: Phrase
    data: dict[str, Any]

    def __new__(cls, phrase: Phrase, **data: Any) -> "Phrased":
        """Return the text of a phrase with its data filled in."""
        text = super().__new__(cls, phrase.value.format(**data))
        text.phrase, text.data = phrase, data
        return text


class Joined(str):
    """Texts put together, each of which may be a phrase."""

    __slots__ = ("parts", "separator")

    separator: str
    parts: tuple[str, ...]

    def __new__(cls, separator: str, parts: Sequence[str]) -> "Joined":
        """Return the parts with the separator between them."""
        text = super().__new__(cls, separator.join(parts))
        text.separator, text.parts = separator, tuple(parts)
        return text
