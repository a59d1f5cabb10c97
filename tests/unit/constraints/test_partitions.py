"""Partition by partition, what is there is taken over, and only the rest is made."""

from dataclasses import replace
from typing import Any

from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.state import Step
from tests.plugins.catalogs import branched, constraint, index, the

NAME, KEY = "idx_recordings_pet_id", "fk_recordings_pet_id"
ADD = "FOREIGN KEY (pet_id) REFERENCES public.pets (id) ON DELETE CASCADE"


def an_index(name: str, part: int, **more: Any) -> Any:
    values = {"oid": 10 * part, "schema": "parts", "table": f"part_{part}"} if part > 1 else {}
    return index(name, "pet_id", **({"oid": 10 * part, "table_oid": part} | values | more))


def a_key(name: str, part: int, **more: Any) -> Any:
    values = {"schema": "parts", "table": f"part_{part}"} if part > 1 else {}
    place = {"type": "f", "on_delete": "c", "table_oid": part, "parent_oid": sum(b"pets")}
    return constraint(
        name, "pet_id", **(place | values | {"parent_columns": ["id"], "oid": 10 * part} | more)
    )


def statements(steps: list[Step]) -> list[str]:
    return [step.sql for step in steps]


def made(wanted: Object) -> list[str]:
    return statements(wanted.make(wanted.judge()))


def dropped(wanted: Object) -> list[str]:
    return statements(wanted.rollback(wanted.judge_own()))


def test_an_index_is_framed_from_the_top_and_built_from_the_bottom() -> None:
    wanted = the(NAME, branched())
    assert made(wanted) == [
        f"CREATE INDEX {NAME} ON ONLY public.recordings (pet_id)",
        "CREATE INDEX idx_part_2_pet_id ON ONLY parts.part_2 (pet_id)",
        "CREATE INDEX CONCURRENTLY idx_part_3_pet_id ON parts.part_3 (pet_id)",
        "ALTER INDEX parts.idx_part_2_pet_id ATTACH PARTITION parts.idx_part_3_pet_id",
        "CREATE INDEX CONCURRENTLY idx_part_4_pet_id ON parts.part_4 (pet_id)",
        "ALTER INDEX parts.idx_part_2_pet_id ATTACH PARTITION parts.idx_part_4_pet_id",
        f"ALTER INDEX public.{NAME} ATTACH PARTITION parts.idx_part_2_pet_id",
        "CREATE INDEX CONCURRENTLY idx_part_5_pet_id ON parts.part_5 (pet_id)",
        f"ALTER INDEX public.{NAME} ATTACH PARTITION parts.idx_part_5_pet_id",
    ]
    sizes = [(step.rows, step.bytes) for step in wanted.make(wanted.judge()) if step.index_bytes]
    assert sizes == [(30, 3 * 8192), (40, 4 * 8192), (50, 5 * 8192)]


def test_indexes_of_partitions_are_attached_or_built_again_or_left_to_their_session() -> None:
    of = branched(
        an_index(NAME, 1, valid=False),
        an_index("broken", 3, valid=False),
        an_index("mine", 3, oid=31),
        an_index("idx_part_4_pet_id", 4, valid=False),
        an_index("begun", 5, valid=False, building=True),
    )
    assert made(the(NAME, of)) == [
        "CREATE INDEX idx_part_2_pet_id ON ONLY parts.part_2 (pet_id)",
        "ALTER INDEX parts.idx_part_2_pet_id ATTACH PARTITION parts.mine",
        "DROP INDEX CONCURRENTLY parts.idx_part_4_pet_id",
        "CREATE INDEX CONCURRENTLY idx_part_4_pet_id ON parts.part_4 (pet_id)",
        "ALTER INDEX parts.idx_part_2_pet_id ATTACH PARTITION parts.idx_part_4_pet_id",
        f"ALTER INDEX public.{NAME} ATTACH PARTITION parts.idx_part_2_pet_id",
    ]


def test_what_is_attached_is_not_made_again() -> None:
    attached = [
        an_index(NAME, 1, valid=False),
        an_index("branch", 2, attached_to=10),
        an_index("one", 3, attached_to=20),
    ]
    assert made(the(NAME, branched(*attached, an_index("all", 5, attached_to=10)))) == [
        "CREATE INDEX CONCURRENTLY idx_part_4_pet_id ON parts.part_4 (pet_id)",
        "ALTER INDEX parts.branch ATTACH PARTITION parts.idx_part_4_pet_id",
    ]
    # An index that belongs to another whole cannot be attached twice.
    other = an_index("all", 5, attached_to=99)
    assert made(the(NAME, branched(*attached, an_index("two", 4, attached_to=20), other))) == [
        "CREATE INDEX CONCURRENTLY idx_part_5_pet_id ON parts.part_5 (pet_id)",
        f"ALTER INDEX public.{NAME} ATTACH PARTITION parts.idx_part_5_pet_id",
    ]


def test_a_rollback_drops_what_was_not_attached_before_the_whole() -> None:
    of = branched(
        an_index(NAME, 1),
        an_index("idx_part_2_pet_id", 2, valid=False),
        an_index("idx_part_3_pet_id", 3),
        an_index("mine", 4),
        an_index("idx_part_5_pet_id", 5, attached_to=10),
    )
    wanted = the(NAME, of)
    assert dropped(wanted) == [
        "DROP INDEX parts.idx_part_2_pet_id",
        "DROP INDEX CONCURRENTLY parts.idx_part_3_pet_id",
        f"DROP INDEX public.{NAME}",
    ]
    branch = wanted.rollback(wanted.judge_own())[0]
    assert {lock.table for lock in branch.locks} == {f"parts.part_{n}" for n in (2, 3, 4)}


def test_an_index_stays_that_has_taken_over_the_applications_own() -> None:
    def taken(*rows: Any) -> list[str]:
        wanted = the(NAME, branched(an_index(NAME, 1), *rows))
        return wanted.taken_over(wanted.judge_own())

    assert taken() == []
    own = an_index("idx_part_3_pet_id", 3, attached_to=20)
    branch = an_index("part_2_pet_id_idx", 2, attached_to=10)
    younger = an_index("part_5_pet_id_idx1", 5, attached_to=10)
    assert taken(own, branch, younger) == []
    assert taken(own, branch, an_index("part_5_pet_id_idx1", 5, attached_to=10, oid=9)) == [
        "parts.part_5_pet_id_idx1"
    ]
    assert taken(branch, an_index("mine", 3, attached_to=20)) == ["parts.mine"]
    assert taken(an_index("mine", 3, attached_to=None)) == []
    missing = the(NAME, branched(branch, an_index("mine", 3, attached_to=20)))
    assert missing.taken_over(missing.judge_own()) == []


def test_a_name_that_something_else_has_in_a_partition_is_found() -> None:
    of = branched(an_index("idx_part_4_pet_id", 4, valid=False))
    taken = {("parts", f"idx_part_{n}_pet_id") for n in (2, 4, 5)}
    taken |= {("other", "idx_part_3_pet_id")}
    wanted = the(NAME, replace(of, relations=frozenset(taken)))
    found = [(str(part), name) for part, name in wanted.names_taken(wanted.judge())]
    assert found == [("parts.part_2", "idx_part_2_pet_id"), ("parts.part_5", "idx_part_5_pet_id")]


def test_a_key_is_made_leaf_by_leaf_before_version_18() -> None:
    found = (a_key("mine", 3), a_key("begun", 4, valid=False), a_key("no", 5, on_delete="n"))
    wanted = the(KEY, branched(*found, version=17))
    assert made(wanted) == [
        "ALTER TABLE parts.part_4 VALIDATE CONSTRAINT begun",
        f"ALTER TABLE parts.part_5 ADD CONSTRAINT {KEY} {ADD} NOT VALID",
        f"ALTER TABLE parts.part_5 VALIDATE CONSTRAINT {KEY}",
        f"ALTER TABLE public.recordings ADD CONSTRAINT {KEY} {ADD}",
    ]
    sizes = [(step.rows, step.bytes) for step in wanted.make(wanted.judge())]
    assert sizes == [(40, 4 * 8192), (0, 0), (50, 5 * 8192), (0, 0)]
    assert made(the(KEY, branched(*found, version=18))) == [
        f"ALTER TABLE public.recordings ADD CONSTRAINT {KEY} {ADD} NOT VALID",
        f"ALTER TABLE public.recordings VALIDATE CONSTRAINT {KEY}",
    ]


def test_a_rollback_drops_keys_of_leaves_that_no_key_has_taken_over() -> None:
    of = branched(a_key(KEY, 1), a_key(KEY, 3), a_key(KEY, 4, attached=True), a_key("mine", 5))
    wanted = the(KEY, of)
    assert dropped(wanted) == [
        f"ALTER TABLE parts.part_3 DROP CONSTRAINT {KEY}",
        f"ALTER TABLE public.recordings DROP CONSTRAINT {KEY}",
    ]


def test_a_key_stays_that_has_taken_over_the_applications_own() -> None:
    def taken(*rows: Any) -> list[str]:
        wanted = the(KEY, branched(a_key(KEY, 1), *rows))
        return wanted.taken_over(wanted.judge_own())

    servers = (a_key("part_3_pet_id_fkey", 3, attached=True), a_key(f"{KEY}_7", 4, attached=True))
    assert taken(*servers, a_key(KEY, 5, attached=True)) == []
    assert taken(a_key("mine", 3, attached=True)) == ["parts.mine"]
    assert taken(a_key("mine", 3)) == []
    older = a_key("part_3_pet_id_fkey", 3, attached=True, oid=9)
    assert taken(older) == ["parts.part_3_pet_id_fkey"]


def test_another_constraint_of_a_leaf_may_have_the_keys_name() -> None:
    check = constraint(KEY, "status", table="part_3", table_oid=3, schema="parts")
    found = (check, a_key(KEY, 4), a_key("other", 5))
    wanted = the(KEY, branched(*found, version=17))
    taken = [(str(part), name) for part, name in wanted.names_taken(wanted.judge())]
    assert taken == [("parts.part_3", KEY)]
    later = the(KEY, branched(*found, version=18))
    assert list(later.names_taken(later.judge())) == []
