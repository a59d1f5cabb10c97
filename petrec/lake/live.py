"""DuckDB on a live database: its PostgreSQL scanner reads the rows, DuckDB judges them here.

The scanner takes the snapshot of a transaction of petrec, so that all of an audit is of one moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, select, text
from sqlalchemy.sql.selectable import NamedFromClause, Subquery
from sqlglot import exp

from petrec.errors import InconsistentReadError, SchemaMismatchError
from petrec.lake.dialects import DUCKDB_LIVE, Transpiler, postgres_text
from petrec.lake.duckdb_extensions import Extension, load_extension
from petrec.lake.duckdb_queries import answered, translated
from petrec.lake.engine import check_apart, view_name
from petrec.lake.shapes import read_as
from petrec.lake.source import LakeSource
from petrec.lake.with_duckdb import DuckdbEngine, duckdb_connection
from petrec.phrases import Phrase, Phrased
from petrec.schema import Schema, TableShape, base_type, build_schema
from petrec.settings import Mapping as Settings
from petrec.source import Provenance, Source

_EXACT = frozenset({"uuid", "text", "character varying", "smallint", "integer", "bigint"})
_MAY_SCAN = text(
    "SELECT has_table_privilege(quote_ident(:schema) || '.' || quote_ident(:name), 'SELECT')"
)
_SNAPSHOT = "SELECT found FROM postgres_query('pg', 'SELECT pg_current_snapshot()::text AS found')"


class LiveEngine(DuckdbEngine):
    """A DuckDB whose views read a database, all in one transaction of one connection."""

    @contextmanager
    def stream(self, sql: str) -> Iterator[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows."""
        yield answered(self.connection, sql, "the database")


class LiveSource(LakeSource):
    """A snapshot of a database, whose rows DuckDB reads."""

    is_database = True

    def __init__(
        self, engine: LiveEngine, transpiler: Transpiler, inner: Source, known: Schema
    ) -> None:
        super().__init__(engine, transpiler, "")
        self.inner, self.known = inner, known

    @property
    def database(self) -> Connection:
        """Return the connection whose snapshot DuckDB has."""
        return self.inner.database

    def as_stored(self, schema: Schema) -> Schema:  # noqa: ARG002 - the views have no conditions
        """Return the schema of the database, with its conditions."""
        return self.known

    def provenance(self) -> Provenance:
        """Return database and server, and the engine that reads them."""
        engine = f"DuckDB {self.engine.version} on PostgreSQL"
        return self.inner.provenance()._replace(engine=engine)


@dataclass(frozen=True)
class LiveDatabase:
    """A database to read by the scanner; `snapshot` is exported by the transaction of `inner`."""

    conninfo: str
    inner: Source
    snapshot: str
    moment: str

    @contextmanager
    def open(self, known: Schema, mapping: Settings) -> Iterator[tuple[LiveSource, Schema]]:
        """Open the tables of a schema; errors: SchemaMismatchError, InconsistentReadError."""
        schema = _without_conditions(known, mapping)
        with self._engine() as engine:
            views = {}
            for name, table, rows in _tables(known):
                by_server = name in mapping.where or not self._may_scan(table)
                _create_view(engine.connection, name, table, rows if by_server else None)
                views[str(table.schema), str(table.name)] = view_name(name)
            self._share_snapshot(engine)
            now = self.inner.provenance().taken_at
            yield LiveSource(engine, Transpiler(DUCKDB_LIVE, views, now), self.inner, known), schema

    def _may_scan(self, table: Table) -> bool:
        """Return whether the role may read a whole table; a scan reads its ctid, too."""
        of_table = {"schema": table.schema, "name": table.name}
        return bool(self.inner.database.scalar(_MAY_SCAN, of_table))

    @contextmanager
    def _engine(self) -> Iterator[LiveEngine]:
        with duckdb_connection() as (connection, version), translated("the database"):
            load_extension(connection, Extension.POSTGRES)
            quoted = exp.Literal.string(self.conninfo).sql("duckdb")
            connection.execute(f"ATTACH {quoted} AS pg (TYPE postgres, READ_ONLY)")
            yield LiveEngine(connection, version)

    def _share_snapshot(self, engine: LiveEngine) -> None:
        """Begin the one transaction of all reads; errors: InconsistentReadError."""
        statement = exp.Literal.string(f"SET TRANSACTION SNAPSHOT '{self.snapshot}'").sql("duckdb")
        engine.connection.execute("BEGIN TRANSACTION")
        engine.connection.execute(f"CALL postgres_execute('pg', {statement})").fetchall()
        ((found,),) = engine.connection.execute(_SNAPSHOT).fetchall()
        if found != self.moment:
            raise InconsistentReadError(
                "DuckDB does not read the snapshot of petrec", hint=Phrased(Phrase.ENGINE_LEFT_OUT)
            )


def check_readable(known: Schema) -> None:
    """Check that DuckDB has all rows, and compares ids as PostgreSQL does.

    Errors: SchemaMismatchError.
    """
    if not known.layout.is_here:
        # The coordinator's own copies of the tables are empty.
        reason = f"DuckDB does not read {known.layout.spread} tables of Citus"
        raise SchemaMismatchError(reason, hint=Phrased(Phrase.ENGINE_LEFT_OUT))
    if known.unchecked_text:
        reason = "the database has no encoding (SQL_ASCII), so DuckDB cannot read its texts"
        raise SchemaMismatchError(reason, hint=Phrased(Phrase.ENGINE_LEFT_OUT))
    tables = list(_tables(known))
    if any(isinstance(rows, Subquery) for _, _, rows in tables):
        places = ((name, (table.schema, table.name)) for name, table, _ in tables)
        check_apart(places, Phrased(Phrase.ENGINE_LEFT_OUT))
    for name, table, _ in tables:
        for column in table.c:
            is_id = column.key == "id" or column.key in {"owner_id", "pet_owner_id"}
            is_id |= column.key in {"pet_id", "appointment_id", "visit_id"}
            if is_id and base_type(column).partition("(")[0] not in _EXACT:
                raise SchemaMismatchError(
                    f"{name}.{column.name} is {column.type}, which DuckDB compares in another way",
                    hint=Phrased(Phrase.ENGINE_LEFT_OUT),
                )


def _tables(schema: Schema) -> Iterator[tuple[str, Table, NamedFromClause]]:
    tables = schema.tables
    yield "recordings", tables.recordings, schema.recordings
    yield "pets", tables.pets, schema.pets
    yield "appointments", tables.appointments, schema.appointments
    yield "appointment_pets", tables.links, schema.links
    if tables.visits is not None and schema.visits is not None:
        yield "visits", tables.visits, schema.visits


def _create_view(connection: Any, name: str, table: Table, rows: NamedFromClause | None) -> None:
    """Make a view of a table; `rows` are those that the server is to select itself."""
    columns = [column for column in table.c if base_type(column) not in {"json", "jsonb"}]
    chosen = [exp.alias_(_read(column), str(column.name), quoted=True) for column in columns]
    source: exp.Expression = exp.table_(table.name, db=table.schema, catalog="pg", quoted=True)
    if rows is not None:
        query_of_rows = postgres_text(select(*(rows.c[column.key] for column in columns)))
        called = [exp.Literal.string("pg"), exp.Literal.string(query_of_rows)]
        source = exp.Anonymous(this="postgres_query", expressions=called)
    query = exp.select(*chosen).from_(source).sql("duckdb", identify=True)
    connection.query(query).create_view(view_name(name))


def _read(column: Column[Any]) -> exp.Expression:
    """Return how a column is read; uuid as such, since its text is longer and slower."""
    name, kind = exp.column(str(column.name), quoted=True), base_type(column)
    # Domains come as text, whatever is below them.
    return exp.cast(name, "uuid") if kind == "uuid" else read_as(name, kind)


def _without_conditions(known: Schema, mapping: Settings) -> Schema:
    """Return the schema of the views, which have only rows that count, and no documents."""
    plain = msgspec.structs.replace(mapping, where={})
    shapes: Mapping[str, TableShape] = {name: _shape(table) for name, table, _ in _tables(known)}
    made = build_schema(plain, shapes, known.proofs)
    return replace(made, remarks=known.remarks)


def _shape(table: Table) -> TableShape:
    kept = [column for column in table.c if base_type(column) not in {"json", "jsonb"}]
    return TableShape(
        {str(column.name): str(column.type) for column in kept},
        tuple(str(column.name) for column in table.primary_key),
        {str(column.name): base_type(column) for column in kept},
    )
