"""The ratchet: known debt passes, one new finding fails, whatever was fixed."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.validate.ratchet import compare
from petrec.fingerprints import Fingerprint, NamedFinding, Tally, digest_of
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database
from tests.plugins.forks import Completed, Forks

FILE = ("--baseline", "known.txt")
ENTRIES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("0123")))
LOSE_A_PET = """UPDATE recordings SET pet_id = NULL, appointment_id = NULL WHERE id = (
    SELECT r.id FROM recordings r JOIN appointment_pets ap USING (appointment_id, pet_id)
    ORDER BY r.id LIMIT 1) RETURNING id::text"""
FIX_ONE = """UPDATE recordings SET appointment_id = NULL WHERE id = (
    SELECT r.id FROM recordings r JOIN pets p ON p.id = r.pet_id
    LEFT JOIN appointment_pets ap USING (appointment_id, pet_id)
    WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL LIMIT 1)"""


@given(found=ENTRIES, listed=ENTRIES)
def test_two_streams_compare_like_multisets(
    found: list[tuple[str, str]], listed: list[tuple[str, str]]
) -> None:
    tally = Tally()
    now = [NamedFinding(Fingerprint(*entry), "") for entry in sorted(found)]
    known = map(Fingerprint._make, sorted(listed))
    compared = list(compare(now, known, tally))
    assert [finding for finding, _ in compared] == now
    new = Counter(finding.fingerprint for finding, is_new in compared if is_new)
    assert new == Counter(found) - Counter(listed)
    one, other = Counter(found), Counter(listed)
    for mark, entries in (("known", one & other), ("new", one - other), ("fixed", other - one)):
        assert getattr(tally, mark) == Counter(kind for kind, _ in entries.elements())


@pytest.fixture(scope="module")
def written_down(
    shared_clinic: Database, forks: Forks, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The clinic's debt, written down once for all its copies."""
    directory, given = tmp_path_factory.mktemp("known"), ("validate", *FILE, "--update-baseline")
    ended = forks.run(given, directory, environment(PETREC_DATABASE_URL=shared_clinic.dsn))
    assert (ended.code, ended.err) == (0, "")
    assert "708 added, 0 removed, 708 in all" in ended.out
    return directory / "known.txt"


@pytest.fixture
def baseline(written_down: Path, clinic: Database, tmp_path: Path) -> Path:
    """The clinic's debt, beside the commands of a test."""
    return Path(shutil.copy(written_down, tmp_path))


def ratchet(ended: Completed) -> tuple[int, int, int]:
    found = json.loads(ended.out)["ratchet"]
    return tuple(sum(found[mark].values()) for mark in ("known", "new", "fixed"))


def test_the_file_holds_hashes_and_is_sorted(baseline: Path, clinic: Database) -> None:
    title, owner, *lines = baseline.read_text().splitlines()
    assert (title, owner) == ("# petrec baseline 1", "# public.recordings.id uuid")
    assert lines == sorted(lines)
    missing = clinic.execute("SELECT id::text FROM recordings WHERE pet_id IS NULL AND"
                             " appointment_id IS NULL")  # fmt: skip
    kind = "missing_no_appointment"
    assert {f"{kind} {digest_of(kind, row[0])}" for row in missing} <= set(lines)
    assert not any(row[0] in baseline.read_text() for row in missing)


def test_known_debt_passes(petrec: Petrec, clinic: Database, baseline: Path) -> None:
    assert petrec("validate", dsn=clinic.dsn).code == 1
    ended = petrec("validate", *FILE, "--format", "json", dsn=clinic.dsn)
    assert (ended.code, ratchet(ended)) == (0, (708, 0, 0))


def test_one_new_finding_fails_even_if_another_was_fixed(
    petrec: Petrec, clinic: Database, baseline: Path
) -> None:
    before = baseline.read_bytes()
    clinic.execute(LOSE_A_PET)
    ended = petrec("validate", *FILE, "--format", "json", dsn=clinic.dsn)
    assert (ended.code, ratchet(ended)) == (1, (708, 1, 0))
    clinic.execute(FIX_ONE)
    ended = petrec("validate", *FILE, "--format", "json", dsn=clinic.dsn)
    assert (ended.code, ratchet(ended)) == (1, (707, 1, 1))
    assert "baseline entries are fixed" in petrec("validate", *FILE, dsn=clinic.dsn).out
    assert baseline.read_bytes() == before
    ended = petrec("validate", *FILE, "--update-baseline", dsn=clinic.dsn)
    assert ended.code == 0
    assert "1 added, 1 removed, 708 in all" in ended.out
    ended = petrec("validate", *FILE, "--format", "json", dsn=clinic.dsn)
    assert (ended.code, ratchet(ended)) == (0, (708, 0, 0))


def test_what_was_fixed_is_stale_and_passes(
    petrec: Petrec, clinic: Database, baseline: Path
) -> None:
    clinic.execute(FIX_ONE)
    ended = petrec("validate", *FILE, "-q", dsn=clinic.dsn)
    assert ended.code == 0
    assert "707 known, 0 new, 1 fixed" in ended.out


def test_a_rule_that_only_warns_warns_of_the_new(
    petrec: Petrec, clinic: Database, baseline: Path, tmp_path: Path
) -> None:
    rules = '[validate.rules]\nmissing_no_appointment = { warn_if = "> 50%" }\n'
    (tmp_path / "petrec.toml").write_text(rules)
    clinic.execute(LOSE_A_PET)
    assert petrec("validate", *FILE, dsn=clinic.dsn).code == 0
    assert petrec("validate", *FILE, "--fail-level", "warning", dsn=clinic.dsn).code == 1


def test_another_table_needs_another_file(petrec: Petrec, clinic: Database, baseline: Path) -> None:
    clinic.execute("ALTER TABLE recordings RENAME TO audio")
    (baseline.parent / "petrec.toml").write_text("[mapping.tables]\nrecordings = 'audio'\n")
    for extra in ((), ("--update-baseline",)):
        ended = petrec("validate", *FILE, *extra, dsn=clinic.dsn)
        assert (ended.code, ended.out) == (2, "")
        assert "public.recordings.id" in ended.err


def test_another_database_is_suspected(petrec: Petrec, clinic: Database, baseline: Path) -> None:
    clinic.execute("UPDATE recordings SET id = gen_random_uuid()")
    ended = petrec("validate", *FILE, dsn=clinic.dsn)
    assert ended.code == 1
    assert "does it belong to this database?" in ended.out


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda lines: [*lines[:5], "<<<<<<< HEAD", *lines[5:]], "line 6"),
        (lambda lines: [*lines[:2], *reversed(lines[2:])], "out of order"),
        (lambda lines: [*lines, f"mismatch {'0' * 32}"], "line 711"),
    ],
)
def test_a_damaged_file_is_told_and_written_afresh(
    petrec: Petrec,
    clinic: Database,
    baseline: Path,
    damage: Callable[[list[str]], list[str]],
    word: str,
) -> None:
    whole = baseline.read_text()
    baseline.write_text("\n".join(damage(whole.splitlines())) + "\n")
    ended = petrec("validate", *FILE, dsn=clinic.dsn)
    assert (ended.code, ended.out) == (2, "")
    assert word in ended.err
    assert petrec("validate", *FILE, "--update-baseline", dsn=clinic.dsn).code == 0
    assert baseline.read_text() == whole


def test_line_ends_of_another_system_do_not_matter(
    petrec: Petrec, clinic: Database, baseline: Path
) -> None:
    baseline.write_bytes(baseline.read_bytes().replace(b"\n", b"\r\n"))
    assert petrec("validate", *FILE, dsn=clinic.dsn).code == 0


@pytest.mark.parametrize("content", ["", "# petrec baseline 2\n"])
def test_no_other_file_is_overwritten(
    petrec: Petrec, clinic: Database, tmp_path: Path, content: str
) -> None:
    (tmp_path / "known.txt").write_text(content)
    ended = petrec("validate", *FILE, "--update-baseline", dsn=clinic.dsn)
    assert (ended.code, (tmp_path / "known.txt").read_text()) == (2, content)


def test_an_empty_table_forgets_nothing(petrec: Petrec, clinic: Database, baseline: Path) -> None:
    before = baseline.read_bytes()
    clinic.execute("TRUNCATE recordings")
    assert petrec("validate", *FILE, "--update-baseline", dsn=clinic.dsn).code == 5
    assert baseline.read_bytes() == before


def test_a_baseline_is_named_to_be_used(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    assert petrec("validate", *FILE, dsn=clinic.dsn).code == 2
    assert petrec("validate", "--update-baseline", dsn=clinic.dsn).code == 2
    (tmp_path / "petrec.toml").write_text("[validate]\nbaseline = 'known.txt'\n")
    assert petrec("validate", "--update-baseline", dsn=clinic.dsn).code == 0
    assert petrec("validate", dsn=clinic.dsn).code == 0
    assert petrec("validate", "--no-baseline", dsn=clinic.dsn).code == 1
    ended = petrec("validate", "--since", "7d", dsn=clinic.dsn)
    assert ended.code == 2
    assert "--no-baseline" in ended.err


def test_new_recordings_are_listed_and_named(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    assert petrec("validate", *FILE, "--update-baseline", dsn=clinic.dsn).code == 0
    lost = sorted(clinic.execute(LOSE_A_PET)[0][0] for _ in range(3))
    ended = petrec("validate", *FILE, "--new-rows", "new.csv", "--format", "json", dsn=clinic.dsn)
    assert ended.code == 1
    listed = (tmp_path / "new.csv").read_text().splitlines()
    assert listed[0] == "kind,recording_id"
    assert sorted(line.split(",")[1] for line in listed[1:]) == lost
    rules = {rule["id"]: rule for rule in json.loads(ended.out)["rules"]}
    assert set(rules["missing_no_appointment"]["samples"]) < set(lost)
    silent = petrec("validate", *FILE, "--no-rows", "--format", "json", dsn=clinic.dsn)
    assert not any(recording in silent.out for recording in lost)
    assert petrec("validate", "--new-rows", "new.csv", dsn=clinic.dsn).code == 2
