"""Which constraints and indexes must exist and be valid: by what they do, or by name.

Tables and columns are logical names, so that one file serves every mapping. An object that does
the same under another name counts.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Table, text

from petrec.errors import SettingsError
from petrec.features.validate.outcome import ExpectationOutcome, ExpectationState
from petrec.files import read_text
from petrec.postgres.enforced import Demand, Enforced, Nature, read_enforced
from petrec.postgres.identifiers import quoted_table
from petrec.schema import Schema
from petrec.source import Source

_SIDE = re.compile(r"\s*([a-z_]+)\s*\(([^()]*)\)\s*")
_LABELS = {
    "not_null": "not null",
    "foreign_keys": "foreign key",
    "unique": "unique",
    "indexes": "index",
    "names": "name",
}
_NATURES = {
    "not_null": Nature.NOT_NULL,
    "foreign_keys": Nature.FOREIGN_KEY,
    "unique": Nature.UNIQUE,
    "indexes": Nature.INDEX,
}
_OID = text("SELECT CAST(CAST(:name AS regclass) AS oid)::bigint")


class ExpectFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    not_null: tuple[str, ...] = ()
    foreign_keys: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """A table and some of its columns."""

    oid: int
    columns: tuple[str, ...]


class Expected:
    """Expectations, not yet compared with a database."""

    def __init__(self, wanted: ExpectFile, path: Path | None = None) -> None:
        self.wanted = wanted
        self.path = path

    @classmethod
    def read(cls, path: Path | None) -> "Expected":
        """Read a TOML or JSON file, nothing for no file; errors: SettingsError."""
        if path is None:
            return cls(ExpectFile())
        try:
            content = read_text(path)
            parsed = (
                msgspec.json.decode(content) if path.suffix == ".json" else tomllib.loads(content)
            )
            return cls(msgspec.convert(parsed, ExpectFile), path)
        except OSError as error:
            raise SettingsError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, msgspec.ValidationError, RecursionError) as error:
            groups = ", ".join(ExpectFile.__struct_fields__)
            hint = f"write lists of strings under: {groups}"
            raise SettingsError(f"{path} has no valid expectations: {error}", hint=hint) from error

    def hold(self, source: Source, schema: Schema) -> Iterator[ExpectationOutcome]:
        """Return for each expectation whether the database enforces it.

        Errors: SettingsError, UsageError if the source is no database.
        """
        if self.wanted == ExpectFile():
            return
        connection = source.database
        tables = _tables(schema)
        oids = {name: connection.scalar(_OID, {"name": quoted_table(tables[name])})
                for name in tables}  # fmt: skip
        found = read_enforced(connection, oids.values())
        holds = _Holding(self.path, tables, oids, found)
        for group in _LABELS:
            for wanted in getattr(self.wanted, group):
                yield _outcome(group, wanted, holds.demand(group, wanted))


def _tables(schema: Schema) -> dict[str, Table]:
    named = {
        "recordings": schema.tables.recordings,
        "pets": schema.tables.pets,
        "appointments": schema.tables.appointments,
        "appointment_pets": schema.tables.links,
        "visits": schema.tables.visits,
    }
    return {name: table for name, table in named.items() if table is not None}


def _outcome(group: str, wanted: str, candidates: Sequence[Enforced]) -> ExpectationOutcome:
    label = f"{_LABELS[group]} {wanted}"
    best = max(candidates, key=lambda each: each.valid, default=None)
    if best is None:
        return ExpectationOutcome(label, ExpectationState.MISSING)
    return ExpectationOutcome(
        label, ExpectationState.VALID if best.valid else ExpectationState.INVALID, best.name
    )


@dataclass(frozen=True)
class _Holding:
    """Finds the object that meets an expectation."""

    path: Path | None
    tables: dict[str, Table]
    oids: dict[str, int]
    found: list[Enforced]

    def demand(self, group: str, wanted: str) -> list[Enforced]:
        """Return what meets an expectation; errors: SettingsError."""
        if group == "names":
            return [each for each in self.found if each.name == wanted]
        demand = self._demand(_NATURES[group], wanted)
        return [each for each in self.found if demand.is_met_by(each)]

    def _demand(self, nature: Nature, wanted: str) -> Demand:
        child, arrow, parent = wanted.partition("->")
        if nature is not Nature.FOREIGN_KEY:
            side = self._side(wanted, wanted)
            return Demand(nature, side.oid, side.columns)
        if not arrow:
            raise self._refused(wanted)
        one, other = self._side(child, wanted), self._side(parent, wanted)
        return Demand(nature, one.oid, one.columns, other.oid, other.columns)

    def _side(self, text: str, wanted: str) -> Side:
        match = _SIDE.fullmatch(text)
        if match is None or match[1] not in self.tables:
            raise self._refused(wanted)
        table = self.tables[match[1]]
        names = [name.strip() for name in match[2].split(",")]
        if not set(names) <= set(table.c.keys()):
            raise self._refused(wanted)
        return Side(self.oids[match[1]], tuple(table.c[name].name for name in names))

    def _refused(self, wanted: str) -> SettingsError:
        return SettingsError(
            f"{self.path}: {wanted!r} does not name a column that petrec knows",
            hint='write "recordings(pet_id)", or "recordings(pet_id) -> pets(id)"',
        )
