"""Problems of mapped tables and columns, each as one message with its fix."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from sqlalchemy import Connection, text

from petrec.errors import PermissionMissingError, PetrecError, SchemaMismatchError
from petrec.postgres.catalog import CatalogTable, table_names
from petrec.postgres.enforced import Enforced
from petrec.postgres.identifiers import in_quotes, qualified
from petrec.settings import OPTIONAL_TABLES, REQUIRED_COLUMNS, Mapping
from petrec.suggestions import did_you_mean

# With its schema, since no schema of the application's is searched.
_NAME = text("SELECT CAST(CAST(:table AS oid) AS regclass)::text")
_IDENTIFIED = frozenset({"recordings", "pets", "appointments", "visits"})


class Missing:
    """Finds why a table or column cannot be used."""

    def __init__(self, connection: Connection, mapping: Mapping) -> None:
        self.connection = connection
        self.mapping = mapping

    @cached_property
    def role(self) -> str:
        """Return the current role, quoted."""
        return str(self.connection.scalar(text("SELECT quote_ident(current_user)")))

    def label(self, name: str) -> str:
        """Return a table's own name, quoted."""
        return qualified(self.mapping.schema, self.mapping.table(name))

    def table(self, name: str) -> SchemaMismatchError:
        """Return the error of a table that does not exist."""
        database = self.connection.scalar(text("SELECT current_database()"))
        present = table_names(self.connection, self.mapping.schema)
        where = f"[mapping.tables] {name}" if present else "[mapping] schema"
        return SchemaMismatchError(
            f"table {self.label(name)} does not exist in database {database!r}",
            hint=_suggest(self.mapping.table(name), present, where),
        )

    def column(self, name: str, logical: str, table: CatalogTable) -> SchemaMismatchError:
        """Return the error of a column that does not exist."""
        column = self.mapping.column(name, logical)
        hint = _suggest(column, table.columns, f"[mapping.columns.{name}] {logical}")
        return SchemaMismatchError(
            f"table {self.label(name)} has no column {column!r}", hint=hint + _or_ignore(name)
        )

    def reference(
        self, name: str, logical: str, table: CatalogTable, parent: tuple[str, CatalogTable | None]
    ) -> SchemaMismatchError | None:
        """Return the error of a reference under an unmapped name, which a foreign key shows.

        `parent` is the logical name of the referenced table, and the table, if there is one.
        """
        column = self.mapping.column(name, logical)
        to, there = parent
        for key in table.references:
            if there is None and key.columns == (column,):
                return self._unmapped(f"{name}.{logical}", key, f"[mapping.tables] {to}")
            if there is not None and there.oid == key.parent and column not in table.columns:
                where = f"[mapping.columns.{name}] {logical}"
                return self._unmapped(f"{name}.{logical}", key, where)
        return None

    def _unmapped(self, label: str, key: Enforced, where: str) -> SchemaMismatchError:
        table = self.label(label.partition(".")[0])
        parent = self.connection.scalar(_NAME, {"table": key.parent})
        return SchemaMismatchError(
            f"{table}.{key.columns[0]} refers to {parent}, but the configuration maps no {label}",
            hint=f"name it in petrec.toml under {where}; "
            f'or ignore it: [mapping] ignore = ["{label}"]',
        )

    def privilege(
        self, name: str, table: CatalogTable, columns: Sequence[str]
    ) -> PermissionMissingError:
        """Return the error of columns that the role cannot read."""
        part = f" ({', '.join(map(in_quotes, columns))})" if _reads_some(table) else ""
        return PermissionMissingError(
            f"role {self.role} may not read {self.label(name)} ({', '.join(columns)})",
            hint=f"GRANT SELECT{part} ON {self.label(name)} TO {self.role};",
        )

    def why_unusable(self, name: str, table: CatalogTable) -> PetrecError | None:
        """Return the first reason why a relation of the right name cannot be read."""
        if table.other:
            return SchemaMismatchError(
                f"{self.label(name)} is {table.other}: petrec needs a table, to read its keys "
                "and lock its rows",
                hint=f"name the underlying table in petrec.toml under [mapping.tables] {name}"
                + _or_ignore(name),
            )
        for logical in sorted(REQUIRED_COLUMNS[name]):
            if self.mapping.column(name, logical) not in table.columns:
                return self.column(name, logical, table)
        return self._not_allowed(name, table) or self._not_identified(name, table)

    def _not_allowed(self, name: str, table: CatalogTable) -> PermissionMissingError | None:
        label = self.label(name)
        if not table.usable:
            return PermissionMissingError(
                f"role {self.role} may not use the schema of {label}",
                hint=f"GRANT USAGE ON SCHEMA {in_quotes(self.mapping.schema)} TO {self.role};",
            )
        required = [self.mapping.column(name, c) for c in sorted(REQUIRED_COLUMNS[name])]
        if denied := [column for column in required if not table.columns[column].readable]:
            return self.privilege(name, table, denied)
        if table.filtered:
            return PermissionMissingError(
                f"row-level security hides rows of {label} from role {self.role}",
                hint=f"counts would be wrong: ALTER ROLE {self.role} BYPASSRLS; "
                "or use another role",
            )
        return None

    def _not_identified(self, name: str, table: CatalogTable) -> SchemaMismatchError | None:
        """Check that ids are unique and not null, so that a join counts no recording twice."""
        if name not in _IDENTIFIED:
            return None
        column = self.mapping.column(name, "id")
        label = f"{self.label(name)}.{column}"
        if table.inherited:
            return SchemaMismatchError(
                f"other tables inherit from {self.label(name)}, so its {column} is not unique",
                hint="petrec supports partitions, but not tables that inherit by INHERITS"
                + _or_ignore(name),
            )
        # The key of a partitioned table must hold the partition key, too.
        in_key = name == "recordings" and column in table.primary_key
        if not in_key and not table.identified_by(column):
            return SchemaMismatchError(
                f"{label} has no primary key or unique index",
                hint=f"petrec identifies rows by it: add a primary key on {column!r}"
                + _or_ignore(name),
            )
        if table.columns[column].nullable:
            return SchemaMismatchError(
                f"{label} may be NULL, and petrec identifies rows by it",
                hint=f"make it NOT NULL, and VALID, on {self.label(name)}" + _or_ignore(name),
            )
        return None


def _or_ignore(name: str) -> str:
    if name not in OPTIONAL_TABLES:
        return ""
    return f'; or ignore it: [mapping] ignore = ["{name}"]'


def _reads_some(table: CatalogTable) -> bool:
    return any(column.readable for column in table.columns.values())


def _suggest(name: str, present: Iterable[str], where: str) -> str:
    advice = f"name it in petrec.toml under {where}"
    question = did_you_mean(name, present)
    return f"{advice}; {question}" if question else advice
