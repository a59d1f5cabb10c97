"""Where a fleet finds its databases: in a file of connections, or by a query."""

import logging
import shlex
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.files import read_text
from petrec.operations.session import Session
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import Dsn, resolve_dsn
from petrec.postgres.errors import translated
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Settings

_SERVERS = ("dsn", "service")
_COLUMNS = ("dsn", "service", "dbname", "schema")
_OTHER_USERS = stat.S_IRWXG | stat.S_IRWXO
log = logging.getLogger("petrec.fleet")


def dsns_in_file(file: Path) -> list[Dsn]:
    """Return the connections of a file; errors: UsageError, which shows no connection string."""
    try:
        lines, mode = read_text(file).split("\n"), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}", hint="name a file of connections") from error
    found = list(_dsns_of_lines(file, lines))
    # libpq treats its .pgpass so, but ignores it: https://www.postgresql.org/docs/current/libpq-pgpass.html
    if stat.S_ISREG(mode) and mode & _OTHER_USERS and any(each.has_secrets for each in found):
        name = shlex.quote(str(file))
        log.warning("%s has passwords, and other users have access to it: chmod 600 %s", file, name)
    return found


def _dsns_of_lines(file: Path, lines: Sequence[str]) -> Iterator[Dsn]:
    for number, line in enumerate(lines, start=1):
        words = line.strip()
        if words and not words.startswith("#"):
            place = f"{file}, line {number}"
            yield resolve_dsn(words, None, names=(place, place))


def rows_of_query(session: Session, query: str) -> Iterator[tuple[Dsn, str]]:
    """Yield the connection and the schema, if one is named, of each row; errors: UsageError."""
    with reading(session.dsn, session.settings) as connection:
        driver: Any = connection.connection.driver_connection
        # No parameters, so a percent sign needs no second one; binary, so it is one statement.
        cursor = driver.cursor(binary=True).execute(query)
        names = [column.name for column in cursor.description or ()]
        _check_columns(names)
        rows = [_named(names, row) for row in cursor.fetchall()]
    for row in rows:
        dsn = session.dsn
        if "dsn" in row or "service" in row:
            named = ("dsn of the query for targets", "service of the query for targets")
            dsn = resolve_dsn(row.get("dsn"), row.get("service"), names=named)
        database = {"dbname": row["dbname"]} if "dbname" in row else {}
        yield Dsn(dsn.source, {**dsn.parameters, **database}), row.get("schema", "")


def _named(names: Sequence[str], row: Sequence[object]) -> dict[str, str]:
    """Return what a row names; errors: UsageError for NULL, which would mean another target."""
    named = dict(zip(names, row, strict=True))
    if named.get("dsn") or named.get("service"):
        # One of the two is enough.
        named = {name: value for name, value in named.items() if value or name not in _SERVERS}
    for name, value in named.items():
        if value is None or value == "":
            hint = "leave out such rows, for example by WHERE"
            raise UsageError(f"the query for targets has a row without {name}", hint=hint)
    return {name: str(value) for name, value in named.items()}


def _check_columns(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or not names:
        what = f"a column {unknown[0]!r}" if unknown else "no columns"
        hint = f"name its columns {', '.join(_COLUMNS)}; one is enough"
        raise UsageError(f"the query for targets has {what}", hint=hint)
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the query for targets has two columns {name}", hint="keep one")


@contextmanager
def reading(dsn: Dsn, settings: Settings) -> Iterator[Connection]:
    """Read in a database, in one snapshot; errors: those of the connection."""
    with translated(dsn), read_snapshot(make_engine(dsn, settings, "fleet")) as connection:
        yield connection
