"""What `make mutants` changes, and which tests should notice."""

from collections.abc import Iterable
from typing import NamedTuple


class Area(NamedTuple):
    """What is changed, the tests that should notice, and the share in percent that they must."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    least_percent: float = 0


def _tests(directory: str, names: str) -> Iterable[str]:
    return (f"{directory}/test_{name}.py" for name in names.split())


_ON_CITUS = ("batches/carried", "batches/shard", "batches/split", "journal/together")
AREAS = {
    "rules": Area(
        ("petrec/rules/*",),
        (
            "tests/unit/rules",
            "tests/integration/rules/test_rule_twins.py",
            "tests/integration/rules/test_legible.py",
            "tests/integration/review/test_outcome_twins.py",
        ),
        least_percent=90,
    ),
    "runs": Area(
        ("petrec/features/runs/*",),
        # This is for Citus alone, which a test needs a cluster for.
        left_out=tuple(f"petrec/features/runs/{name}.py" for name in _ON_CITUS),
        tests=(
            "tests/unit/runs",
            "tests/integration/runs",
            # Those that wait for locks, servers and standbys take an hour for each change.
            *_tests(
                "tests/faults/runs",
                "undo foresight go_on leaving refused_rows refused_subsets rewritten run_commands"
                " targets moved_keys written_meanwhile",
            ),
            *_tests("tests/integration/review", "added_links unwritable"),
            *_tests("tests/integration/backfill", "limit numbers selection plan_file"),
            *_tests("tests/integration/api", "corrections deletions"),
        ),
        least_percent=90,
    ),
    "constraints": Area(
        ("petrec/features/constraints/*",),
        (
            "tests/unit/constraints",
            # Builds that are held up, terminals and standbys take minutes for each change.
            *_tests(
                "tests/integration/constraints",
                "apply feasible half_done holdups identity many_partitions names odd_tables options"
                " partitions privileges rollback space states",
            ),
            *_tests("tests/integration/alembic_export", "export partitions tree"),
        ),
    ),
    "api": Area(
        (
            "petrec/api/*quer*.py",
            "petrec/api/*/detail.py",
            "petrec/api/recordings/branches.py",
            "petrec/api/recordings/listing.py",
            "petrec/api/corrections/c*.py",
            "petrec/api/uploads/*",
            "petrec/api/visits/*",
            "petrec/api/access.py",
            "petrec/api/entities.py",
            "petrec/api/stored_ids.py",
        ),
        (
            "tests/unit/api",
            *_tests(
                "tests/integration/api",
                "recordings_list records complete initiate visits corrections pending idempotency"
                " access preconditions ids deletions against_sql shapes openapi unlike_types"
                " listening guide_examples",
            ),
        ),
    ),
}
