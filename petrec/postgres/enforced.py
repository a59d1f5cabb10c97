"""Constraints and indexes of given tables, whether they are valid, and what meets a demand."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

# Expressions over a row `con` of pg_constraint. conenforced exists from version 18 on; a trigger
# that is disabled, or fires only on replicas, enforces nothing, even if it is valid.
ENFORCED = """(coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true)
         AND NOT EXISTS (SELECT FROM pg_trigger t
                         WHERE t.tgconstraint = con.oid AND t.tgenabled IN ('D', 'R')))"""
KEY_COLUMNS = """array(
             SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.n
             ORDER BY k.place)"""
REFERENCED = """array(
             SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.n
             ORDER BY k.place)"""
# An index with a condition or an expression has no columns here, so it meets no demand.
# From version 18 on a NOT NULL may be set and yet not validated.
# The tables are those of `wanted (oid)`.
ROWS = f"""
SELECT con.conname::text AS name, con.contype::text AS nature, con.conrelid::bigint AS oid,
       con.convalidated AND {ENFORCED} AS valid, {KEY_COLUMNS} AS columns,
       con.confrelid::bigint AS parent, {REFERENCED} AS referenced,
       false AS primary, false AS immediate
FROM pg_constraint con
WHERE con.conrelid IN (SELECT oid FROM wanted) AND con.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT c.relname::text, CASE WHEN i.indisunique THEN 'iu' ELSE 'i' END,
       i.indrelid::bigint, i.indisvalid AND i.indisready AND i.indislive,
       CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree' THEN array(
           SELECT a.attname::text
           FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (n, place)
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
           WHERE k.place <= i.indnkeyatts ORDER BY k.place)
       ELSE array[]::text[] END, 0, array[]::text[], i.indisprimary, i.indimmediate
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
WHERE i.indrelid IN (SELECT oid FROM wanted)
UNION ALL
SELECT coalesce(con.conname, '')::text, 'n', a.attrelid::bigint, coalesce(con.convalidated, true),
       array[a.attname::text], 0, array[]::text[], false, false
FROM pg_attribute a
LEFT JOIN pg_constraint con ON con.conrelid = a.attrelid AND con.contype = 'n'
  AND con.conkey = array[a.attnum]
WHERE a.attrelid IN (SELECT oid FROM wanted)
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
"""  # noqa: S608 - constants
_ENFORCED = text(f"WITH wanted AS (SELECT unnest(CAST(:oids AS oid[])) AS oid) {ROWS}")


class Nature(StrEnum):
    """The type of an object of the catalog; constraints as in pg_constraint.contype."""

    CHECK = "c"
    FOREIGN_KEY = "f"
    NOT_NULL = "n"
    PRIMARY_KEY = "p"
    UNIQUE = "u"
    INDEX = "i"
    UNIQUE_INDEX = "iu"


_UNIQUE = (Nature.PRIMARY_KEY, Nature.UNIQUE, Nature.UNIQUE_INDEX)
_INDEX = (Nature.INDEX, Nature.UNIQUE_INDEX)


@dataclass(frozen=True)
class Enforced:
    """A constraint or an index of the table `oid`; a foreign key references the table `parent`.

    `valid` is whether it holds for every row. Only B-trees over whole columns of all rows have
    columns here. `primary` and `immediate` are of an index; one that is not immediate checks at the
    commit.
    """

    name: str
    nature: Nature
    oid: int
    valid: bool
    columns: tuple[str, ...]
    parent: int = 0
    referenced: tuple[str, ...] = ()
    primary: bool = False
    immediate: bool = False


@dataclass(frozen=True)
class Demand:
    """A demand on the table `oid`: met by any object that does the same, valid or not."""

    nature: Nature
    oid: int
    columns: tuple[str, ...]
    parent: int = 0
    referenced: tuple[str, ...] = ()

    def is_met_by(self, found: Enforced) -> bool:
        """Return whether an object meets the demand."""
        if found.oid != self.oid:
            return False
        if self.nature is Nature.UNIQUE:
            return found.nature in _UNIQUE and set(found.columns) == set(self.columns)
        if self.nature is Nature.INDEX:
            # An index serves its leading columns.
            leading = found.columns[: len(self.columns)]
            return found.nature in _INDEX and leading == self.columns
        return (found.nature, found.parent) == (self.nature, self.parent) and (
            self._pairs() == set(zip(found.columns, found.referenced or found.columns, strict=True))
        )

    def _pairs(self) -> set[tuple[str, str]]:
        return set(zip(self.columns, self.referenced or self.columns, strict=False))


def read_enforced(connection: Connection, oids: Iterable[int]) -> list[Enforced]:
    """Return the constraints and indexes of the tables, valid or not."""
    rows = connection.execute(_ENFORCED, {"oids": list(oids)})
    return [make_enforced(**row) for row in rows.mappings()]


def make_enforced(nature: str, columns: list[str], referenced: list[str], **rest: Any) -> Enforced:
    """Return one row of `ROWS`."""
    return Enforced(
        nature=Nature(nature), columns=tuple(columns), referenced=tuple(referenced), **rest
    )
