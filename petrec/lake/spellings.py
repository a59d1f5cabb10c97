"""Ids that are uuids are compared as PostgreSQL's uuid: capitals, dashes and braces do not count.

Programs write a uuid by a type of its own, or as text of several spellings. A text of another kind
stays as it is; beside columns of uuids it is refused.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnClause, Select, Text, cast, column, literal, select
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.errors import SchemaMismatchError
from petrec.lake.conditions import register
from petrec.lake.dialects import postgres_text
from petrec.lake.engine import View, view_name
from petrec.lake.shapes import LakeTable
from petrec.lake.source import LakeSource
from petrec.lake.uuids import (
    LIKE_TYPED,
    TYPED,
    Form,
    Looks,
    as_uuid,
    differ,
    forms_of,
    looks_of,
    may_differ,
)
from petrec.schema import REFERENCES, Schema

# Table and column, by petrec's names.
Place = tuple[str, str]
# By a table's own names of columns: the expression that replaces a text, in the engine's SQL.
Respelled = dict[str, str]
Query = Callable[[NamedFromClause, Collection[str]], Select[Any]]
Asked = TypeVar("Asked", Looks, Form)

_LONGEST = 60
_OWNERS = (("pets", "owner_id"), ("appointments", "pet_owner_id"), ("pet_owners", "id"))
# These columns change no count, so a text among their uuids is not refused.
_OTHERS = (
    (("recordings", "id"),),
    (
        ("users", "id"),
        ("recordings", "recorded_by_user_id"),
        ("appointments", "assigned_vet_user_id"),
    ),
    (("users", "practice_id"), ("appointments", "practice_id")),
)


@dataclass(frozen=True)
class Spellings:
    """The tables of other programs' files, whose views are registered already."""

    source: LakeSource
    schema: Schema
    tables: Mapping[str, LakeTable]
    views: Mapping[str, View]

    def unify(self) -> None:
        """Read uuids of several spellings as one; errors: SchemaMismatchError."""
        changed: dict[str, Respelled] = {}
        for group, is_counted in self._doubtful():
            typed = [place for place in group if self._is_typed(place)]
            if is_counted and typed:
                self._check_all(typed[0], group)
            if differ(group.values()):
                for name, logical in group.keys() - set(typed):
                    physical = self._column(name, logical)
                    changed.setdefault(name, {})[physical] = self._written(physical)
        for name, columns in changed.items():
            register(self.source.engine, self.views[name]._replace(respelled=columns))

    def _doubtful(self) -> Iterator[tuple[dict[Place, Form], bool]]:
        """Yield the groups of columns whose looks do not settle it, with their forms."""
        looks = {place: found for name in self._rows() for place, found in self._looks(name)}
        groups = []
        for places, is_counted in _compared():
            known = [place for place in places if place in looks]
            checked = is_counted and any(map(self._is_typed, known))
            if checked or may_differ([looks[place] for place in known]):
                groups.append((known, is_counted))
        wanted = {place for known, _ in groups for place in known}
        forms = {place: form for name in self._rows() for place, form in self._forms(name, wanted)}
        for known, is_counted in groups:
            yield {place: forms[place] for place in known}, is_counted

    def _rows(self) -> dict[str, NamedFromClause]:
        schema = self.schema
        known = {
            "recordings": schema.recordings,
            "pets": schema.pets,
            "appointments": schema.appointments,
            "appointment_pets": schema.links,
            "visits": schema.visits,
            "users": schema.users,
            "pet_owners": schema.pet_owners,
        }
        # A database has compared what it exports.
        return {
            name: rows
            for name, rows in known.items()
            if rows is not None and not self.tables[name].exported
        }

    def _column(self, name: str, logical: str) -> str:
        return str(self._rows()[name].c[logical].name)

    def _is_typed(self, place: Place) -> bool:
        return self.tables[place[0]].types[self._column(*place)] == "uuid"

    def _looks(self, name: str) -> Iterator[tuple[Place, Looks]]:
        """Yield the columns of ids of a table that have uuids by their type, or texts."""
        ids = {logical for places, _ in _compared() for table, logical in places if table == name}
        kinds = self.tables[name].types
        known = sorted(ids & set(self._rows()[name].c.keys()))
        texts = [each for each in known if kinds[self._column(name, each)] == "text"]
        yield from (((name, each), LIKE_TYPED) for each in known if self._is_typed((name, each)))
        yield from self._asked(name, texts, looks_of, Looks)

    def _forms(self, name: str, wanted: Collection[Place]) -> Iterator[tuple[Place, Form]]:
        places = sorted(place for place in wanted if place[0] == name)
        typed = [place for place in places if self._is_typed(place)]
        yield from ((place, TYPED) for place in typed)
        texts = [logical for _, logical in places if (name, logical) not in typed]
        yield from self._asked(name, texts, forms_of, Form)

    def _asked(
        self, name: str, texts: Sequence[str], query: Query, kind: type[Asked]
    ) -> Iterator[tuple[Place, Asked]]:
        """Ask once for all columns of texts of a table; yield what is found of each."""
        if texts:
            found = tuple(self.source.execute(query(self._rows()[name], texts)).one())
            size = len(found) // len(texts)
            for index, logical in enumerate(texts):
                yield (name, logical), kind(*found[index * size : (index + 1) * size])

    def _written(self, physical: str) -> str:
        read: ColumnClause[Any] = column(quoted_name(physical, quote=True))
        return self.source.transpiler.write_text(postgres_text(as_uuid(read)))

    def _check_all(self, typed: Place, group: Mapping[Place, Form]) -> None:
        """Refuse a text that is no uuid, where another column has only uuids."""
        for (name, logical), form in group.items():
            if form.other is None:
                continue
            raise SchemaMismatchError(
                f"{name}.{self._column(name, logical)} has {form.other[:_LONGEST]!r} in "
                f"{self._file(name, logical, form.other)}: it is no uuid, but "
                f"{typed[0]}.{self._column(*typed)} has the type of uuids",
                hint="write the ids of both as one type; or leave such rows out by a condition "
                f"of {name} under [mapping.where]",
            )

    def _file(self, name: str, logical: str, value: str) -> str:
        """Return the first file of a table that has a value."""
        view, rows = self.views[name], self._rows()[name]
        engine, transpiler = self.source.engine, self.source.transpiler
        one = view_name("one_file")
        of_one = replace(transpiler, views=dict.fromkeys(transpiler.views, one))
        asked = (
            select(literal(1))
            .select_from(rows)
            .where(cast(rows.c[logical], Text) == value)
            .limit(1)
        )
        for path in view.files.paths[:-1]:
            files = view.files._replace(paths=[path])
            known = engine.types(files)[path]
            columns = {each: read for each, read in view.columns.items() if each in known}
            register(engine, view._replace(table="one_file", files=files, columns=columns))
            if LakeSource(engine, of_one, "").execute(asked).first():
                return path
        return view.files.paths[-1]


def _compared() -> Iterator[tuple[tuple[Place, ...], bool]]:
    """Yield columns that are compared with each other, and whether a count depends on it."""
    for parent in ("pets", "appointments", "visits"):
        children = ((child, logical) for child, logical, of in REFERENCES if of == parent)
        yield ((parent, "id"), *children), True
    yield _OWNERS, True
    yield from ((places, False) for places in _OTHERS)
