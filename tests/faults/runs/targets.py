"""Two clinics in one database, with the same integer ids, each under names of its own."""

from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from tests.plugins.databases import Database

_TABLES = ("pets", "appointments", "appointment_pets")


@dataclass(frozen=True)
class Tenant:
    """The names of one clinic's schema and recordings, and the file that maps them."""

    schema: str
    table: str
    config: Path

    @property
    def recordings(self) -> str:
        return sql.Identifier(self.schema, self.table).as_string()

    @property
    def name(self) -> str:
        return ".".join('"' + part.replace('"', '""') + '"' for part in (self.schema, self.table))


def tenant(database: Database, schema: str, table: str, directory: Path) -> Tenant:
    """Copy the tables of `public` into a schema, and map them in a file."""
    config = directory / f"petrec-{len(list(directory.glob('petrec-*.toml')))}.toml"
    config.write_text(
        f"[mapping]\nschema = {_toml(schema)}\n[mapping.tables]\nrecordings = {_toml(table)}\n"
    )
    database.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    for source, copy in (*((name, name) for name in _TABLES), ("recordings", table)):
        names = {"source": sql.Identifier("public", source), "copy": sql.Identifier(schema, copy)}
        like = "CREATE TABLE {copy} (LIKE {source} INCLUDING ALL)"
        database.execute(sql.SQL(like).format(**names))
        database.execute(sql.SQL("INSERT INTO {copy} SELECT * FROM {source}").format(**names))
    key = "ALTER TABLE {} ADD FOREIGN KEY (appointment_id) REFERENCES {}"
    child, parent = (sql.Identifier(schema, name) for name in ("appointment_pets", "appointments"))
    database.execute(sql.SQL(key).format(child, parent))
    return Tenant(schema, table, config)


def _toml(text: str) -> str:
    return "'" + text + "'"
