"""Quoted names of tables and columns, for messages and for values that the server reads.

SQLAlchemy's own preparer doubles percent signs, which is right only within a statement.
"""

from psycopg import sql
from sqlalchemy import Connection, FromClause, Table
from sqlalchemy.dialects import postgresql

_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_PREPARER._double_percents = False  # noqa: SLF001 - there is no public way


def quoted_table(table: FromClause) -> str:
    """Return the name of a table or alias, with its schema, as SQL writes it."""
    return str(_PREPARER.format_table(table))


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return str(_PREPARER.quote(name))


def in_quotes(name: str) -> str:
    """Return a name in quotes, whether it needs them or not."""
    return str(_PREPARER.quote_identifier(name))


def qualified(*parts: str) -> str:
    """Return a name with every part in quotes, so that no two objects share it."""
    return ".".join(map(in_quotes, parts))


def lock_table(connection: Connection, table: Table, mode: str) -> None:
    """Lock a table for the rest of the transaction; `mode` is one of PostgreSQL's."""
    connection.exec_driver_sql(lock_table_sql(table, mode).replace("%", "%%"))


def lock_table_sql(table: Table, mode: str) -> str:
    """Return the statement of `lock_table`."""
    name = sql.Identifier(str(table.schema), str(table.name))
    return sql.SQL("LOCK TABLE {} IN {} MODE").format(name, sql.SQL(mode)).as_string(None)
