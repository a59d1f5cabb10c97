"""Texts that name an argument: each caller words them as its own users write the argument.

The words here are those of the Python API. The command line has words of its own for each phrase,
which name its options.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Phrase(StrEnum):
    """A text by its code; the value is a format string for its data."""

    ADD_GROUP_VISITS = "add the group visits"
    APPLY_WOULD_FAIL = "applying it would fail: {obstacle}"
    BASELINE_MADE_ANEW = "update_baseline writes it afresh"
    BASELINE_MADE_BY = "update_baseline makes one"
    BASELINE_STALE = "Fixed entries are stale: update_baseline removes them."
    CASES_AFTER_APPLY = (
        "{left} recordings need a person; the {ambiguous} ambiguous ones go to a CSV of the run"
    )
    DSN_AND_SERVICE = "dsn and service exclude each other"
    DROP_VISITS_NEEDS_GROUP = "drop_visits drops what the group visits has made"
    DROP_FIRST_OR_KEEP_VISITS = "drop it yourself first, or leave drop_visits out"
    FREE_SPACE_UNKNOWN = "{needs}; free space was not measured, free_space states it"
    FORCE_KEEPS_BESIDE = "name another file, or force it to keep the old one beside it"
    IMPORT_NOT_APPLIED = "nothing has been written: import_review does it"
    IMPORT_PARTIALLY = "one problem stops all: repair the lines, or import partially"
    INFERABLE_BEFORE_DECISIONS = (
        "{count} recordings have certain evidence: apply_backfill does them without a person, and "
        "should come before decisions are imported"
    )
    INFERABLE_BEFORE_LINKS = (
        "{count} recordings have certain evidence: let apply_backfill do them first, since a pet "
        "added to an appointment can make them ambiguous"
    )
    KEEP_VALUES_OR_VISITS = (
        "keep the values elsewhere and delete them yourself; or leave drop_visits out"
    )
    KEEP_VISITS = "leave drop_visits out"
    LAG_IGNORED = "GRANT pg_monitor to the role, or ignore the lag"
    MAKE_ROOM = "make room, or build less at once by groups"
    MAKE_ROOM_OR_STATE = (
        "make room, or build less at once by groups; free_space overrides the measurement"
    )
    NAME_BASELINE = "name it as baseline"
    NAME_CONFIG = "name another file as config"
    NAME_EMAIL = "name it as email: {path}"
    NAME_HEAD = "name one as head, or run alembic merge heads first"
    NAME_HISTORY = "name another file as history, or move this one away to start afresh"
    NAME_VERSION_PATH = "name one as version_path: {known}"
    NOT_APPLIED = "nothing has been written: apply_backfill does it"
    OTHER_ADDRESS = "choose another host and port"
    PETS_CASCADE = "deleting a pet will delete its recordings; on_delete restrict refuses it"
    READERS_OF_VISITS = (
        "roles that may read recordings will need the new table, too: "
        "GRANT SELECT ON {visits} TO {readers}; or let petrec grant it by grants"
    )
    RENAME_OR_KEEP = "rename or drop it; or keep {name}"
    REPAIR_FIRST = "certain cases: apply_backfill; export the others: export_review"
    REPORT_JSON_ONLY = "only the JSON form of a report can be read"
    ROLLBACK_BEFORE_UNDO = (
        "roll the group required of the constraints back, then start the same undo again"
    )
    SAME_TOUCH_OR_ANEW = "touch the same to finish it, or plan the rest anew"
    SLOW_ROW = "a single row takes longer than target_ms: resume with a larger one"
    STATEMENT_PRINTED_BY = "`statement` holds the statement of a batch"
    TOUCH_DIFFERS = "unfinished run {run} was started to touch {touch}"
    TOUCH_NO_COLUMN = "cannot touch {column!r}: {table} has no such column"
    TOUCH_NO_TIMESTAMP = "cannot touch {column!r}: it is not a timestamp"
    UNKNOWN_TO_KEEP = "cannot keep {name}: there is no such object"
    VISITS_STAY = "the visits table and visit_id stay; drop_visits drops them while empty"
    WEBHOOK_LEFT_OUT = "the report itself is written; check the webhook, or do not notify"
    WINDOW_LEFT_OUT = "leave out since"
    WINDOW_NEEDS_COLUMN = "{table} has no column created_at for since"
    WINDOW_OR_BASELINE = "leave out since, or judge the window without a baseline"


class Phrased(str):
    """A phrase in its general words; `phrase` and `data` let a caller word it otherwise."""

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
