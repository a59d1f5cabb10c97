"""Whether a function of the application has raised an error, by a statement such as RAISE.

Such an error may have any SQLSTATE, message, hint and object name: none is from the server.
https://www.postgresql.org/docs/current/plpgsql-errors-and-messages.html
"""

import re
from pathlib import PurePosixPath

import psycopg

# The source files of the procedural languages; the server reports the file of an error.
_LANGUAGES = frozenset(
    {"pl_exec.c", "plperl.c", "plpy_elog.c", "plpy_plpymodule.c", "pltcl.c", "plv8.cc"}
)

# A context line is translated around the name; a function outside the search path has its schema.
_NAME = r'(?:[\w$]+|"(?:[^"\n]|"")+")'
_CALL = re.compile(rf"(?:{_NAME}\.)?{_NAME}(?=\()")
_PLPGSQL, _OTHERS = rf"pgSQL\W\w+ ({_NAME}(?:\.{_NAME})?)\(", r'\w+\W\w+ "(\w+)"$'
_LANGUAGE_LINE = re.compile(f"PL/(?:{_PLPGSQL}|{_OTHERS})")


def is_raised(error: psycopg.Error) -> bool:
    """Return whether a procedural language has reported the error, not the server."""
    file = error.diag.source_file or ""
    return PurePosixPath(file.replace("\\", "/")).name in _LANGUAGES


def called_functions(context: str) -> list[str]:
    """Return the functions on the call stack, the innermost first, with the schema if given."""
    return _CALL.findall(context)


def outermost_function(context: str) -> str:
    """Return the outermost function; empty if the last line names none.

    Other lines may hold a statement's values, which must not be read as a name.
    """
    found = _LANGUAGE_LINE.match(context.rpartition("\n")[2])
    return (found[1] or found[2]) if found else ""


def in_function(error: psycopg.Error) -> bool:
    """Return whether the error occurred inside a function."""
    return bool(called_functions(error.diag.context or ""))


def raising_function(error: psycopg.Error) -> str:
    """Return the function that raised an error, as far as the server names it."""
    called = called_functions(error.diag.context or "")
    return f"function {called[0]}" if called else "a function of the database"
