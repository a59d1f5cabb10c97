"""The targets of a fleet: found by patterns of schemas, by a file of connections, by a query."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from glob import escape
from itertools import chain, count
from pathlib import Path

from sqlalchemy import text

from petrec.errors import PetrecError, UsageError
from petrec.operations.fleet.sources import dsns_in_file, reading, rows_of_query
from petrec.operations.session import Session
from petrec.postgres.dsn import Dsn
from petrec.settings import Settings

# Both are in the catalog, which every role can read: a schema without privileges is listed, too.
_SCHEMAS = text("""
SELECT n.nspname::text
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE c.relname = :recordings AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_'
ORDER BY n.nspname
""")

# Where psycopg's wheels and Debian's packages have the socket of a server that no host names.
_USUAL_SOCKETS = ("/var/run/postgresql", "/run/postgresql")


@dataclass(frozen=True)
class FleetTarget:
    """One table of recordings: its name, how to reach it, and why that is not possible.

    `database` and `table` are empty where only a connection could tell them; `source` is where the
    connection was named. `stands_for` are patterns of names, where the targets could not be found.
    """

    name: str
    schema: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: PetrecError | None = None
    database: str = ""
    table: str = ""
    source: str = ""
    stands_for: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Return the name without characters that separate directories."""
        return "".join(c if c.isalnum() or c in "._-" else "-" for c in self.name).lstrip(".")

    @property
    def schema_file_name(self) -> str:
        """Return the schema as a name that stays in its directory."""
        name = self.schema.replace("/", "-")
        return f"-{name[1:]}" if name.startswith(".") else name


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
    database: str = ""

    def name(self, schema: str) -> str:
        return "/".join(filter(None, (self._server, self._database, schema)))

    def patterns(self, schema: str) -> Iterator[str]:
        """Yield patterns of the names that targets have once the database can be reached."""
        database = escape(self._database) or "*"
        for each in dict.fromkeys((schema, escape(schema))):
            yield "/".join((escape(self._server), database, each))

    @property
    def _server(self) -> str:
        known = self.dsn.parameters
        if "service" in known:
            return f"service {known['service']}"
        host = known.get("host") or known.get("hostaddr") or ""
        if not host or host.rstrip("/") in _USUAL_SOCKETS:
            host = "local"
        elif host.startswith("/"):
            host = f"local {host.rstrip('/')}"
        return f"{host}:{known['port']}" if known.get("port", "5432") != "5432" else host

    @property
    def _database(self) -> str:
        return self.database or self.dsn.parameters.get("dbname", "")

    def target(self, schema: str, settings: Settings) -> FleetTarget:
        """Return the target of a schema in this database."""
        table = f"{schema}.{settings.mapping.table('recordings')}"
        return replace(self._target(schema), schema=schema, table=table)

    def failed(self, schemas: tuple[str, ...], problem: PetrecError) -> FleetTarget:
        """Return one target for the schemas of some patterns, which could not be found."""
        patterns = tuple(chain.from_iterable(map(self.patterns, schemas)))
        return replace(self._target(",".join(schemas)), problem=problem, stands_for=patterns)

    def _target(self, schema: str) -> FleetTarget:
        return FleetTarget(
            self.name(schema),
            parameters=self.dsn.parameters,
            database=self._database,
            source=self.dsn.source,
        )


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
    own, taken = {each.name for each in targets}, set[str]()
    for each in targets:
        numbered = (f"{each.name} ({number})" for number in count(2))
        free = (name for name in numbered if name not in own | taken)
        name = each.name if each.name not in taken else next(free)
        taken.add(name)
        yield replace(each, name=name)


def _places(session: Session, source: TargetSource) -> Iterator[_Place]:
    if source.file is not None:
        yield from map(_Place, dsns_in_file(source.file))
    elif not source.query:
        yield _Place(session.dsn)
    if source.query:
        for dsn, schema in rows_of_query(session, source.query):
            yield _Place(dsn, schema)


def _targets_of(
    place: _Place, patterns: tuple[str, ...], settings: Settings
) -> Iterator[FleetTarget]:
    """Yield the targets in a database, which is read only where there are patterns."""
    if place.schema or not patterns:
        schema = place.schema or settings.mapping.schema
        yield place.target(schema, settings)
        return
    try:
        with reading(place.dsn, settings) as connection:
            values = {"recordings": settings.mapping.table("recordings")}
            names = list(connection.scalars(_SCHEMAS, values))
            database = str(connection.scalar(text("SELECT current_database()")))
    except PetrecError as problem:
        yield place.failed(patterns, problem)
        return
    known = replace(place, database=database)
    # A name may have the characters of a pattern.
    matching = [n for n in names if any(n == each or fnmatchcase(n, each) for each in patterns)]
    for schema in matching:
        yield known.target(schema, settings)
    if not matching:
        # A database that is left out in silence could be the one with the damage.
        table, wanted = values["recordings"], ", ".join(patterns)
        missing = UsageError(f"no schema with a table {table!r} is called {wanted}")
        yield known.failed(patterns, missing)
