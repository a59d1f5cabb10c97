"""What is new, what is fixed and what is back: over thirty days, and for any sequence of runs."""

import functools
from collections import Counter
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.errors import UsageError
from petrec.features.report.history import compared_in_database, compared_in_file
from petrec.features.report.history.file import Header, HistoryReader, Seen, merged
from petrec.features.report.result import Movement
from petrec.features.runs.journal import tables
from petrec.features.runs.journal.install import install_journal
from petrec.fingerprints import Fingerprint, Tally
from tests.integration.report.simulation import (
    DAYS,
    KINDS,
    Clinic,
    engine_of,
    live,
    moment,
    report_on,
)
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.own_tables import differences


@pytest.mark.few(1)
@pytest.mark.parametrize("keeper", ["file", "database"])
def test_thirty_days_of_new_fixed_and_reappeared_findings(
    clinic: Database, tmp_path: Path, keeper: str
) -> None:
    days = Clinic(clinic)
    with engine_of(clinic) as engine:
        if keeper == "database":
            install_journal(engine, "history")
            comparing = functools.partial(compared_in_database, engine)
        else:
            comparing = functools.partial(compared_in_file, tmp_path / "history.txt")
        expected = dict.fromkeys(KINDS, 0)
        base = {}
        for day in range(DAYS):
            today = live(days, day)
            result = report_on(engine, moment(day), comparing)
            for kind in KINDS:
                came = today.new[kind] + today.reappeared[kind]
                expected[kind] += came - today.fixed[kind]
                if day == 0:
                    assert result.moved is None
                    base[kind] = result.audit.count(kind) - expected[kind]
                    continue
                told = Movement(today.new[kind], today.fixed[kind], today.reappeared[kind])
                assert result.movement(kind) == told, (day, kind)
                assert result.audit.count(kind) == base[kind] + expected[kind]
            assert set(result.moved or {}) <= set(KINDS)
    assert len(result.trend) == DAYS == result.runs
    for index, point in enumerate(result.trend[1:], start=1):
        moved = point.new + point.reappeared - point.fixed
        assert point.findings == result.trend[index - 1].findings + moved
    assert sum(point.reappeared for point in result.trend) == 4
    assert result.verdict.direction == "steady"
    start, moved = result.trend[0], result.trend[-1].findings - result.trend[0].findings
    assert f"{'up' if moved > 0 else 'down'} {abs(moved)} since {start.day.day} August 2025" in (
        result.verdict.sentence
    )


FINGERPRINTS = st.sets(st.sampled_from([f"{n:032x}" for n in range(12)]))


@given(st.lists(FINGERPRINTS, max_size=8))
def test_merge_is_what_sets_say(runs: list[set[str]]) -> None:
    known: list[Seen] = []
    ever: set[str] = set()
    before: set[str] = set()
    for run in runs:
        tally = Tally()
        known = list(
            merged(known, (Fingerprint("mismatched", each) for each in sorted(run)), tally)
        )
        assert tally.new == Counter(mismatched=len(run - ever))
        assert tally.reappeared == Counter(mismatched=len((run & ever) - before))
        assert tally.fixed == Counter(mismatched=len(before - run))
        ever, before = ever | run, run
        assert [seen.fingerprint for seen in known] == sorted(ever)
        assert {seen.fingerprint for seen in known if seen.present} == run


def test_a_kind_that_changes_is_fixed_as_one_and_new_as_the_other(
    petrec: Petrec, clinic: Database, out: Path
) -> None:
    assert petrec("report", "--json", "out/1.json", dsn=clinic.dsn).code == 1
    clinic.execute(
        "UPDATE recordings SET pet_id = gen_random_uuid() WHERE id = (SELECT id FROM recordings r"
        " WHERE pet_id IS NULL AND appointment_id IS NULL LIMIT 1)"
    )
    assert petrec("report", "--json", "out/2.json", dsn=clinic.dsn).code == 1
    moved = msgspec.json.decode((out / "2.json").read_bytes())["moved"]
    gone = {"new": 0, "fixed": 1, "reappeared": 0}
    assert moved == {
        "missing_no_appointment": gone,
        "dangling_pet": {"new": 1, "fixed": 0, "reappeared": 0},
    }


def test_history_holds_no_personal_data(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    assert petrec("report", "--format", "json", dsn=clinic.dsn).code == 1
    text = (tmp_path / "petrec-history.txt").read_text()
    ids = clinic.execute("SELECT id::text FROM recordings")
    assert not any(recording in text for (recording,) in ids)
    assert (tmp_path / "petrec-history.txt").stat().st_mode & 0o777 == 0o600


UNUSABLE = (
    (lambda text: text[: text.index("\n", len(text) // 2) + 1], "ends too early"),
    (lambda text: text.replace("public.recordings", "public.others"), "public.others"),
    (lambda text: "\x00" + text, "not a history"),
    (lambda text: text.replace("+", "?", 1), "not a finding"),
    (lambda text: text.replace('"total":', '"totals":'), "cannot be read"),
)


def test_history_that_is_not_usable(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    assert petrec("report", "-q", dsn=clinic.dsn).code == 1
    file = tmp_path / "petrec-history.txt"
    whole = file.read_text()
    header = Header(clinic.name, "public.recordings")
    for damage, words in UNUSABLE:
        file.write_text(damage(whole))
        with pytest.raises(UsageError, match=words), HistoryReader(file, header) as reader:
            list(reader.findings())
    damaged = file.read_text()
    ended = petrec("report", "--json", "report.json", dsn=clinic.dsn)
    assert (ended.code, ended.out) == (2, "")
    assert "--history" in ended.err
    assert file.read_text() == damaged
    assert not (tmp_path / "report.json").exists()


def test_a_history_that_another_report_holds_ends_with_3(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    from petrec.file_lock import locked

    with locked(tmp_path / "petrec-history.txt", "report", ""):
        ended = petrec("report", dsn=clinic.dsn)
    assert ended.code == 3
    assert "another report" in ended.err
    assert petrec("report", dsn=clinic.dsn).code == 1


def test_no_history_keeps_nothing(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    assert petrec("report", "--no-history", dsn=clinic.dsn).code == 1
    assert list(tmp_path.iterdir()) == []


def test_tables_equal_what_the_code_expects(clinic: Database) -> None:
    with engine_of(clinic) as engine:
        install_journal(engine, "history")
        install_journal(engine)
        install_journal(engine, "history")
        with engine.connect() as connection:
            assert differences(connection, [tables.history_metadata, tables.metadata]) == []


def test_record_needs_no_more_than_its_own_tables(petrec: Petrec, clinic: Database) -> None:
    role = f"recorder_{clinic.name}"
    clinic.execute(f"CREATE ROLE {role} LOGIN")
    clinic.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    dsn = clinic.cluster.dsn(clinic.name, role)
    ended = petrec("report", "--record", dsn=dsn)
    assert ended.code == 3
    clinic.execute(ended.err.split("administrator: ")[1].split(";")[0])
    assert petrec("report", "--record", dsn=dsn).code == 1
    assert petrec("report", "--record", dsn=dsn).code == 1
    kept = clinic.execute("SELECT run->>'first' FROM petrec.history_runs ORDER BY id")
    assert kept == [("true",), (None,)]


def test_only_what_moves_is_written(petrec: Petrec, clinic: Database) -> None:
    for _ in range(2):
        assert petrec("report", "--record", dsn=clinic.dsn).code == 1
    assert clinic.execute("SELECT DISTINCT run_id FROM petrec.history_findings") == [(1,)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        clinic.execute("INSERT INTO petrec.history_findings SELECT * FROM petrec.history_findings")
