"""Which types write equal ids in one way, and how the others are written alike."""

import pytest
from sqlalchemy import column
from sqlalchemy.dialects import postgresql

from petrec.schema import PgType, is_written_once, one_writing

# A type, whether its equal values have one text, and that text of a column in SQL.
TYPES = [
    (PgType("uuid"), True, "CAST(id AS TEXT)"),
    (PgType("bigint"), True, "CAST(id AS TEXT)"),
    (PgType("bpchar"), True, "CAST(id AS TEXT)"),
    (PgType("text"), True, "CAST(id AS TEXT)"),
    (PgType("text", collation="careless"), False, "CAST(id AS TEXT)"),
    (PgType("code", "text", collation="careless"), False, "CAST(id AS TEXT)"),
    (PgType("public.citext"), False, 'lower(CAST(id AS TEXT) COLLATE "default")'),
    (PgType("code", "public.citext"), False, 'lower(CAST(id AS TEXT) COLLATE "default")'),
    (PgType("numeric"), False, "CAST(trim_scale(id) AS TEXT)"),
    (PgType("public.amount", "numeric"), False, "CAST(trim_scale(id) AS TEXT)"),
]


@pytest.mark.parametrize(("kind", "once", "written"), TYPES)
def test_the_type_behind_a_domain_decides(kind: PgType, once: bool, written: str) -> None:
    ids = column("id", kind)
    assert is_written_once(ids) is once
    assert str(one_writing(ids).compile(dialect=postgresql.dialect())) == written
