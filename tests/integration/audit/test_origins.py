"""Counts by value against SQL of another form, on the oldest and the newest server."""

import csv
import io
import json

import pytest

import petrec as api
from petrec.features.audit.origins.result import Deviation, Origins, OriginState
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

# The clinic has no visits, so that damage is what the four tables contradict.
DAMAGED = """
    r.pet_id IS NULL OR NOT EXISTS (SELECT FROM pets p WHERE p.id = r.pet_id)
    OR r.appointment_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM appointment_pets l
        WHERE (l.appointment_id, l.pet_id) = (r.appointment_id, r.pet_id))
"""
BY_VALUE = """
SELECT {value}, count(*), count(*) FILTER (WHERE {damaged})
FROM recordings r
LEFT JOIN appointments a ON a.id = r.appointment_id
LEFT JOIN users u ON u.id = r.recorded_by_user_id
GROUP BY 1
"""
VALUES = {
    "status": "r.status",
    "recording_type": "r.recording_type",
    "practice": "coalesce(a.practice_id, u.practice_id)::text",
    "vet": "coalesce(a.assigned_vet_user_id, r.recorded_by_user_id)::text",
    "month": "to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM')",
    "app_version": "r.recording_metadata ->> 'app_version'",
}
# Several practices, vets, months and versions, which have nothing to do with the damage.
SHUFFLED = """
SELECT setseed({seed});
UPDATE recordings SET
    recorded_by_user_id = (
        SELECT id FROM users WHERE id IS DISTINCT FROM pet_id ORDER BY random() LIMIT 1),
    status = (ARRAY['pending', 'uploaded', 'failed'])[1 + floor(3 * random())],
    created_at = timestamptz '2025-01-31 23:30-05' + random() * interval '500 days',
    recording_metadata = CASE WHEN random() < 0.9 THEN jsonb_build_object(
        'app_version', (ARRAY[NULL, '', '2.0', '2.1', '2.2', '2.3'])[1 + floor(6 * random())],
        'build', floor(30 * random() * random())) END
"""
# Every third recording is of 2.3.0, whose app loses the pet of some.
BAD_VERSION = """
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM recordings)
UPDATE recordings r SET
    recording_metadata = jsonb_build_object('app_version', '2.' || n % 3 || '.0'),
    pet_id = CASE WHEN n % 3 = 2 AND n % 4 = 0 THEN NULL ELSE pet_id END
FROM numbered WHERE numbered.id = r.id
"""
SOUND = f"DELETE FROM recordings r WHERE {DAMAGED}"


def origins_of(database: Database, by: str) -> Origins:
    found = api.audit(api.connect(database.dsn), by=by).origins
    assert found is not None
    return found


@pytest.mark.matrix
def test_counts_agree_with_sql_of_another_form(
    database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database("clinic", any_cluster)
    for seed in (0.1, 0.7):
        clinic.execute(SHUFFLED.format(seed=seed))
        for by, value in VALUES.items():
            expected = clinic.execute(BY_VALUE.format(value=value, damaged=DAMAGED))
            found = {
                v.value if v.state is OriginState.STATED else None: (v.recordings, v.findings)
                for v in origins_of(clinic, by).values
            }
            assert found == {v: (n, damaged) for v, n, damaged in expected}, by


def test_rare_values_share_one_line(clinic: Database) -> None:
    clinic.execute(SHUFFLED.format(seed=0.5))
    value = VALUES["app_version"].replace("app_version", "build")
    expected = clinic.execute(BY_VALUE.format(value=value, damaged=DAMAGED) + "ORDER BY 2 DESC")
    found = origins_of(clinic, "build")
    *most, other = found.values
    assert (other.state, other.value, found.others) == (OriginState.OTHER, "", len(expected) - 20)
    assert sum(v.recordings for v in most) == sum(row[1] for row in expected[:20])
    assert other.recordings == sum(row[1] for row in expected[20:])
    assert other.findings + sum(v.findings for v in most) == sum(row[2] for row in expected)
    for kind in found.kinds:
        assert sum(v.kinds.get(kind, 0) for v in found.values) == _count(clinic, kind)


def _count(clinic: Database, kind: str) -> int:
    return api.audit(api.connect(clinic.dsn)).count(kind)


def test_the_version_that_makes_the_damage_comes_first(petrec: Petrec, clinic: Database) -> None:
    clinic.execute(SOUND)
    clinic.execute(BAD_VERSION)
    found = origins_of(clinic, "app_version")
    first, standout = found.values[0], found.standouts[0]
    assert (first.value, standout.value, standout.standing) == ("2.2.0", "2.2.0", Deviation.MORE)
    assert {s.value for s in found.standouts if s.standing is Deviation.LESS} == {"2.0.0", "2.1.0"}
    assert standout.low > 15
    table = petrec("audit", "--by", "app_version", dsn=clinic.dsn)
    assert "app_version 2.2.0 stands out: 25" in table.out
    exported = petrec("audit", "--by", "app_version", "--format", "csv", dsn=clinic.dsn).out
    row = next(csv.DictReader(io.StringIO(exported)))
    assert (row["app_version"], int(row["findings"])) == ("2.2.0", first.findings)
    frame = found.frame()
    assert frame["value"][0] == "2.2.0"
    assert int(frame["kinds_missing_inferable"].sum()) == _count(clinic, "missing_inferable")


def test_a_clinic_without_a_culprit_is_told_so(petrec: Petrec, clinic: Database) -> None:
    clinic.execute(SHUFFLED.format(seed=0.3))
    told = petrec("audit", "--by", "app_version", dsn=clinic.dsn)
    assert "no value of app_version has more damage than the rest, beyond chance" in told.out
    one = petrec("audit", "--by", "recording_type", dsn=clinic.dsn)
    assert "recording_type has no two values to compare" in one.out
    clinic.execute("TRUNCATE recordings CASCADE")
    empty = petrec("audit", "--by", "month", dsn=clinic.dsn)
    assert (empty.code, "month has no two values to compare" in empty.out) == (5, True)


def test_an_unknown_column_is_an_error_with_the_near_names(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute(SHUFFLED.format(seed=0.3))
    misspelt = petrec("audit", "--by", "app_verson", dsn=clinic.dsn)
    assert (misspelt.code, misspelt.out) == (2, "")
    assert "no column or metadata key is named app_verson" in misspelt.err
    assert "did you mean 'app_version'?" in misspelt.err
    unlike = petrec("audit", "--by", "\x1b[31m", dsn=clinic.dsn)
    assert "choose one of: status, recording_type, practice, vet, month, app_version" in unlike.err
    assert "\x1b[31m" not in unlike.err
    transcripts = petrec("audit", "--by", "transcript_text", dsn=clinic.dsn)
    assert "each recording has its own" in transcripts.err
    assert petrec("audit", "--by", "vet", "--rows", "ok", dsn=clinic.dsn).code == 2
    clinic.execute("ALTER TABLE recordings RENAME created_at TO made")
    assert (
        "there is no recordings.created_at" in petrec("audit", "--by", "month", dsn=clinic.dsn).err
    )


def test_vets_of_one_name_stay_apart(clinic: Database) -> None:
    clinic.execute("UPDATE users SET full_name = 'Kim' WHERE full_name <> 'User 0'")
    found = origins_of(clinic, "vet")
    assert found.values[0].label == "User 0"
    assert all(v.name == f"Kim ({v.value})" for v in found.values[1:])


def test_dates_without_a_month_are_not_readable(clinic: Database) -> None:
    odd = "SELECT id, row_number() OVER (ORDER BY id) AS n FROM recordings LIMIT 3"
    moments = "(ARRAY['infinity', '-infinity', '0044-03-15 BC']::timestamptz[])[n]"
    clinic.execute(
        f"UPDATE recordings r SET created_at = {moments} FROM ({odd}) o WHERE o.id = r.id"
    )
    states = {v.state: v.recordings for v in origins_of(clinic, "month").values if not v.value}
    assert states == {OriginState.NOT_READABLE: 3}


def test_json_has_the_schema_that_the_documentation_names(petrec: Petrec, clinic: Database) -> None:
    result = json.loads(petrec("audit", "--by", "vet", "--format", "json", dsn=clinic.dsn).out)
    assert result["schema_version"] == 1
    assert set(result["origins"]) == {
        "column", "meaning", "values", "standouts", "comparisons", "others"
    }  # fmt: skip
    without = json.loads(petrec("audit", "--format", "json", dsn=clinic.dsn).out)
    assert without["origins"] is None
