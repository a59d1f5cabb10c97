"""Whether a function of the application has raised an error itself, by a statement such as RAISE.

Such an error may have any SQLSTATE, message, hint and object name: none of them is the server's.
https://www.postgresql.org/docs/current/plpgsql-errors-and-messages.html
"""

from pathlib import PurePosixPath

import psycopg

# The source files of the procedural languages; the server reports the file of an error.
_LANGUAGES = frozenset(
    {"pl_exec.c", "plperl.c", "plpy_elog.c", "plpy_plpymodule.c", "pltcl.c", "plv8.cc"}
)


def is_raised(error: psycopg.Error) -> bool:
    """Return whether a procedural language reports the error, and not the server."""
    file = error.diag.source_file or ""
    return PurePosixPath(file.replace("\\", "/")).name in _LANGUAGES
