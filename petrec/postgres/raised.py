"""Whether a function of the application has raised an error itself, by a statement such as RAISE.

Such an error may have any SQLSTATE, message, hint and object name: none of them is the server's.
https://www.postgresql.org/docs/current/plpgsql-errors-and-messages.html
"""

import re
from pathlib import PurePosixPath

import psycopg

# The source files of the procedural languages; the server reports the file of an error.
_LANGUAGES = frozenset(
    {"pl_exec.c", "plperl.c", "plpy_elog.c", "plpy_plpymodule.c", "pltcl.c", "plv8.cc"}
)

# The name of a function in a context line, which is translated around it.
_NAME = re.compile(r"([\w\"$.]+)\(")


def is_raised(error: psycopg.Error) -> bool:
    """Return whether a procedural language reports the error, and not the server."""
    file = error.diag.source_file or ""
    return PurePosixPath(file.replace("\\", "/")).name in _LANGUAGES


def in_function(error: psycopg.Error) -> bool:
    """Return whether a function was at work, whoever reports the error."""
    return _NAME.search(error.diag.context or "") is not None


def raising_function(error: psycopg.Error) -> str:
    """Return the function that raised an error, as far as the server names it."""
    found = _NAME.search(error.diag.context or "")
    return f"function {found[1]}" if found else "a function of the database"
