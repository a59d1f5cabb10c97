"""One pass over all recordings: how many of each kind have each value."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    cast,
    collate,
    func,
    select,
)

from petrec.features.audit.origins.column import STATED, OriginColumn, writing_of
from petrec.rules import Lists, kind_column
from petrec.rules.facts_sql import FactColumns
from petrec.rules.observed import observed
from petrec.schema import Schema
from petrec.source import Reader, Source

MOST_VALUES = 20


@dataclass(frozen=True)
class OriginCounts:
    """Recordings by key and kind; `rest` are those of all other keys, which are `others`."""

    by_key: Mapping[str, Mapping[str, int]]
    rest: Mapping[str, int]
    others: int


def origins_query(
    schema: Schema, origin: OriginColumn, within: ColumnElement[bool] | None = None
) -> Select[Any]:
    """Select key, kind and number of recordings, and the number of keys.

    The key is NULL for all but the keys with the most recordings.
    """
    judged = _judged(schema, origin, within).c
    kinds = (
        select(judged.origin, judged.kind, cast(func.sum(judged.size), BigInteger).label("size"))
        .group_by(judged.origin, judged.kind)
        .cte("kinds")
    )
    size = func.sum(kinds.c.size)
    keys = select(kinds.c.origin, size.label("size")).group_by(kinds.c.origin).cte("keys")
    top = (
        select(keys.c.origin).order_by(keys.c.size.desc(), keys.c.origin).limit(MOST_VALUES)
    ).subquery("top")
    number = select(func.count()).select_from(keys).scalar_subquery()
    return (
        select(top.c.origin, kinds.c.kind, cast(size, BigInteger), number)
        .select_from(kinds.outerjoin(top, top.c.origin == kinds.c.origin))
        .group_by(top.c.origin, kinds.c.kind)
    )


def _judged(schema: Schema, origin: OriginColumn, within: ColumnElement[bool] | None) -> Any:
    """Select key and kind, and how many recordings have the same flags."""
    facts = observed(schema, lists=Lists.COUNTED, within=within)
    here, source = schema.appointments.alias("here"), facts.source
    joined: Any = source
    if origin.joins_appointment:
        joined = source.outerjoin(here, here.c.id == facts.recording.appointment_id)
    key = collate(origin.key(facts.recording, here), "C")
    keyed = select(*facts.flags, key.label("origin")).select_from(joined).subquery("keyed")
    flags = [*FactColumns(keyed).flags, keyed.c.origin]
    groups = select(*flags, func.count().label("size")).group_by(*flags).subquery("groups")
    kind = kind_column(FactColumns(groups)).label("kind")
    return select(groups.c.origin, kind, groups.c.size).subquery("judged")


def count_origins(
    reader: Reader,
    schema: Schema,
    origin: OriginColumn,
    within: ColumnElement[bool] | None = None,
) -> OriginCounts:
    """Count the recordings by key and kind."""
    by_key: dict[str, dict[str, int]] = defaultdict(dict)
    rest: dict[str, int] = {}
    keys = 0
    for key, kind, size, keys in reader.execute(origins_query(schema, origin, within)):  # noqa: B007
        (rest if key is None else by_key[key])[kind] = size
    return OriginCounts(dict(by_key), rest, keys - len(by_key))


def names_of_vets(source: Source, schema: Schema, counted: OriginCounts) -> Mapping[str, str]:
    """Return the names of the vets that are counted, by id, where the database has them."""
    users = schema.users
    if users is None or "full_name" not in users.c:
        return {}
    ids = [key.removeprefix(STATED) for key in counted.by_key if key.startswith(STATED)]
    user = writing_of(source)(users.c.id)
    found = select(user, cast(users.c.full_name, Text)).where(user.in_(ids))
    return {vet: name for vet, name in source.execute(found) if name}
