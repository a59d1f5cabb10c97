"""The targets of a fleet: found by patterns of schemas, by a file of connections, by a query."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import PetrecError, UsageError
from petrec.files import read_text
from petrec.operations.session import Session
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import Dsn, resolve_dsn
from petrec.postgres.errors import translated
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Settings

# Both are in the catalog, which every role can read: a schema without privileges is listed, too.
_SCHEMAS = text("""
SELECT n.nspname::text
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE c.relname = :recordings AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_'
ORDER BY n.nspname
""")
_COLUMNS = ("dsn", "service", "dbname", "schema")


@dataclass(frozen=True)
class FleetTarget:
    """One table of recordings: its name, how to reach it, and why that is not possible."""

    name: str
    schema: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: PetrecError | None = None

    @property
    def file_name(self) -> str:
        """Return the name without characters that separate directories."""
        return "".join(c if c.isalnum() or c in "._-" else "-" for c in self.name).lstrip(".")


@dataclass(frozen=True)
class TargetSource:
    """Where targets come from.

    `schemas` are patterns such as `clinic_*`, `file` has a connection string a line, `query` is
    run on the session's database and returns columns named dsn, service, dbname or schema.
    """

    schemas: tuple[str, ...] = ()
    file: Path | None = None
    query: str = ""

    @classmethod
    def of_settings(cls, session: Session) -> "TargetSource":
        """Return the source that the settings describe."""
        chosen = session.settings.fleet
        file = Path(chosen.targets) if chosen.targets else None
        return cls(chosen.schemas, file, chosen.query)


@dataclass(frozen=True)
class _Place:
    """A database, and the schema in it if it is known."""

    dsn: Dsn
    schema: str = ""

    def name(self, schema: str) -> str:
        known = self.dsn.parameters
        host = known.get("host") or known.get("hostaddr") or ""
        host = "local" if not host or host.startswith("/") else host
        host = f"{host}:{known['port']}" if known.get("port", "5432") != "5432" else host
        if "service" in known:
            host = f"service {known['service']}"
        return "/".join(filter(None, (host, known.get("dbname", ""), schema)))


def find_targets(session: Session, source: TargetSource | None = None) -> tuple[FleetTarget, ...]:
    """Return the targets; without a source, those of the settings.

    A database that cannot be read is one target with its problem. Errors: UsageError if there is no
    target, or if the file or the query cannot be used.
    """
    source = source or TargetSource.of_settings(session)
    found: dict[tuple[str, ...], FleetTarget] = {}
    for place in _places(session, source):
        for target in _targets_of(place, source.schemas, session.settings):
            found.setdefault((target.name, *sorted(target.parameters.values())), target)
    if not found:
        raise UsageError("there is no target", hint="petrec explain scale shows how to name them")
    return tuple(_with_different_names(list(found.values())))


def _with_different_names(targets: list[FleetTarget]) -> Iterator[FleetTarget]:
    """Yield the targets, with a number where the same database is reached in two ways."""
    counts: dict[str, int] = {}
    for each in targets:
        counts[each.name] = counts.get(each.name, 0) + 1
        number = counts[each.name]
        name = each.name if number == 1 else f"{each.name} ({number})"
        yield FleetTarget(name, each.schema, each.parameters, each.problem)


def _places(session: Session, source: TargetSource) -> Iterator[_Place]:
    if source.file is not None:
        yield from map(_Place, _in_file(source.file))
    elif not source.query:
        yield _Place(session.dsn)
    if source.query:
        yield from _in_query(session, source.query)


def _in_file(file: Path) -> Iterator[Dsn]:
    """Yield the connections of a file; errors: UsageError, which shows no connection string."""
    try:
        lines = read_text(file).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}", hint="name a file of connections") from error
    for number, line in enumerate(lines, start=1):
        words = line.strip()
        if words and not words.startswith("#"):
            place = f"{file}, line {number}"
            yield resolve_dsn(words, None, names=(place, place))


def _in_query(session: Session, query: str) -> Iterator[_Place]:
    with _reading(session.dsn, session.settings) as connection:
        driver: Any = connection.connection.driver_connection
        # The driver is called without parameters, so a percent sign needs no second one.
        cursor = driver.execute(query)
        names = [column.name for column in cursor.description or ()]
        _check_columns(names)
        rows = [dict(zip(names, map(str, row), strict=True)) for row in cursor.fetchall()]
    for row in rows:
        dsn = session.dsn
        if "dsn" in row or "service" in row:
            named = ("dsn of the query for targets", "service of the query for targets")
            dsn = resolve_dsn(row.get("dsn"), row.get("service"), names=named)
        database = {"dbname": row["dbname"]} if "dbname" in row else {}
        yield _Place(Dsn(dsn.source, {**dsn.parameters, **database}), row.get("schema", ""))


def _check_columns(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or not names:
        what = f"a column {unknown[0]!r}" if unknown else "no columns"
        hint = f"name its columns {', '.join(_COLUMNS)}; one is enough"
        raise UsageError(f"the query for targets has {what}", hint=hint)


def _targets_of(
    place: _Place, patterns: tuple[str, ...], settings: Settings
) -> Iterator[FleetTarget]:
    """Yield the targets in a database, which is read only where there are patterns."""
    parameters = place.dsn.parameters
    if place.schema or not patterns:
        schema = place.schema or settings.mapping.schema
        yield FleetTarget(place.name(schema), schema, parameters)
        return
    try:
        with _reading(place.dsn, settings) as connection:
            values = {"recordings": settings.mapping.table("recordings")}
            names = list(connection.scalars(_SCHEMAS, values))
            database = str(connection.scalar(text("SELECT current_database()")))
    except PetrecError as problem:
        yield FleetTarget(place.name(",".join(patterns)), "", parameters, problem)
        return
    known = _Place(Dsn(place.dsn.source, {"dbname": database, **parameters}))
    matching = [name for name in names if any(fnmatchcase(name, each) for each in patterns)]
    for schema in matching:
        yield FleetTarget(known.name(schema), schema, parameters)
    if not matching:
        # A database that is left out in silence could be the one with the damage.
        table, wanted = values["recordings"], ", ".join(patterns)
        missing = UsageError(f"no schema with a table {table!r} is called {wanted}")
        yield FleetTarget(known.name(",".join(patterns)), "", parameters, missing)


@contextmanager
def _reading(dsn: Dsn, settings: Settings) -> Iterator[Connection]:
    with translated(dsn), read_snapshot(make_engine(dsn, settings, "fleet")) as connection:
        yield connection
