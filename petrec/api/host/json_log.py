"""Log records as JSON, one a line: time, level, logger, message, request and all extra fields."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from petrec.api.http.request_ids import request_id

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record; fields that are not JSON are written as text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (known := request_id()) is not None:
            said["request_id"] = known
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        # A field cannot replace what the record itself says.
        kept = _OWN | said.keys()
        said |= {name: value for name, value in vars(record).items() if name not in kept}
        # Half of a surrogate pair is not UTF-8: it becomes the escape that JSON has for it.
        return _as_json(said).encode("utf-8", "backslashreplace").decode()


def _as_json(said: dict[str, Any]) -> str:
    try:
        return _written(said)
    except (TypeError, ValueError, RecursionError):
        return _written({name: str(value) for name, value in said.items()})


def _written(said: dict[str, Any]) -> str:
    return json.dumps(said, default=str, ensure_ascii=False, allow_nan=False)


def log_as_json() -> None:
    """Let every handler of the root logger write JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
