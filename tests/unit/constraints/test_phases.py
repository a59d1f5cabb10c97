"""Revisions of partitioned tables ask for the partitions that are there when they run."""

from typing import Any

import pytest

from petrec.features.constraints.alembic.phases import Phase, Phases
from petrec.features.constraints.objects.index import Index
from tests.plugins.catalogs import branched, catalog, index, the

NAME, KEY = "idx_recordings_pet_id", "fk_recordings_pet_id"
PHASES = Phases(lock_timeout_ms=700)
OF_INDEX = {"index": f"'public.{NAME}'"}
OF_TABLE = {"table": "'public.recordings'", "index": f"'{NAME}'"}
OF_KEY = {
    "table": "'public.recordings'",
    "parent": "'public.pets'",
    "on_delete": "'c'",
    "pairs": "ARRAY['pet_id id']",
    "name": f"'{KEY}'",
}
ADD = f"CONSTRAINT {KEY} FOREIGN KEY (pet_id) REFERENCES public.pets (id) ON DELETE CASCADE"


def shown(phases: list[Phase]) -> list[tuple[str, int, str, Any]]:
    """Return phases as they are, but a query of their own as its first words."""
    return [
        (" ".join(each.query.split()[:3]), each.lock_timeout_ms, each.sql, each.of)
        for each in phases
    ]


def test_an_index_of_partitions_is_made_and_dropped_by_shared_queries() -> None:
    wanted = the(NAME, branched())
    assert shown(PHASES.forward(wanted, [])) == [
        ("SELECT 1 WHERE", 700, f"CREATE INDEX {NAME} ON ONLY public.recordings (pet_id)", None),
        ("FRAMELESS", 700, "CREATE INDEX {index} ON ONLY {part} (pet_id)", OF_INDEX),
        ("BROKEN", 0, "DROP INDEX CONCURRENTLY {index}", OF_INDEX),
        ("UNBUILT", 0, "CREATE INDEX CONCURRENTLY {index} ON {part} (pet_id)", OF_INDEX),
        ("LOOSE", 700, "ALTER INDEX {above} ATTACH PARTITION {index}", OF_INDEX),
    ]
    assert shown(PHASES.back(wanted, wanted.judge())) == [
        ("SELECT 1 WHERE", 700, f"DROP INDEX public.{NAME}", None),
        ("LEFT_FRAMES", 700, "DROP INDEX {index}", OF_TABLE),
        ("LEFT_INDEXES", 0, "DROP INDEX CONCURRENTLY {index}", OF_TABLE),
    ]


def test_a_key_of_partitions_is_made_and_dropped_by_shared_queries() -> None:
    wanted = the(KEY, branched(version=17))
    assert shown(PHASES.forward(wanted, [])) == [
        ("KEYLESS", 700, f"ALTER TABLE {{part}} ADD {ADD} NOT VALID", OF_KEY),
        ("UNCHECKED", 0, "ALTER TABLE {part} VALIDATE CONSTRAINT {key}", OF_KEY),
        ("SELECT 1 WHERE", 700, f"ALTER TABLE public.recordings ADD {ADD}", None),
    ]
    drop = f"DROP CONSTRAINT {KEY}"
    assert shown(PHASES.back(wanted, wanted.judge())) == [
        ("SELECT 1 WHERE", 700, f"ALTER TABLE public.recordings {drop}", None),
        ("LEFT_KEYS", 700, f"ALTER TABLE {{part}} {drop}", OF_KEY),
    ]


@pytest.mark.parametrize("rows", [[], [index(NAME, "pet_id", valid=False)]])
def test_before_a_build_what_a_failed_one_left_is_dropped_if_it_is_there(rows: list[Any]) -> None:
    wanted = the(NAME, catalog(*rows))
    assert isinstance(wanted, Index)
    found = PHASES.forward(wanted, wanted.apply(wanted.judge()))
    assert [each.sql for each in found] == [
        f"DROP INDEX CONCURRENTLY IF EXISTS public.{NAME}",
        f"CREATE INDEX CONCURRENTLY {NAME} ON public.recordings (pet_id)",
    ]
    assert [(each.lock_timeout_ms, each.of) for each in found] == [(0, None)] * 2
    assert len({each.query for each in found}) == 2
