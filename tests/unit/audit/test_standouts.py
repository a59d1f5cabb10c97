"""What stands out on clinics in which damage has nothing to do with the values."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import null

from petrec.features.audit.origins.column import NOT_STATED, STATED, OriginColumn
from petrec.features.audit.origins.compare import compare
from petrec.features.audit.origins.query import OriginCounts
from petrec.rules import FINDINGS

CLINICS = 100
KINDS = [kind.id for kind in FINDINGS][:5]
SIZES = {
    "values of the same size": ([100] * 20, 0.02),
    "one large and many tiny values": ([2000] + [5] * 19, 0.01),
    "a large value and single recordings": ([2000] + [1] * 19, 0.01),
}
ORIGIN = OriginColumn("version", "version", lambda *_: null())


def _standouts(sizes: Sequence[int], rate: float, seed: int) -> int:
    chance = random.Random(seed)
    by_key = {
        f"{STATED}{number}": Counter(
            chance.choice(KINDS) if chance.random() < rate else "ok" for _ in range(size)
        )
        for number, size in enumerate(sizes)
    }
    return len(compare(ORIGIN, OriginCounts(by_key, {}, 0), {}).standouts)


@pytest.mark.parametrize("clinics", SIZES)
def test_noise_stands_out_in_at_most_one_clinic_of_twenty(clinics: str) -> None:
    sizes, rate = SIZES[clinics]
    assert sum(_standouts(sizes, rate, seed) > 0 for seed in range(CLINICS)) <= CLINICS / 20


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("2.1", "2.1"),
        ("", "(empty)"),
        ("   ", '"   "'),
        ("2.1 ", '"2.1 "'),
        ("(not stated)", '"(not stated)"'),
    ],
)
def test_a_value_never_looks_like_none(value: str, label: str) -> None:
    counts = OriginCounts({f"{STATED}{value}": {"ok": 1}, NOT_STATED: {"ok": 1}}, {}, 0)
    labels = {line.label for line in compare(ORIGIN, counts, {}).values}
    assert labels == {label, "(not stated)"}
