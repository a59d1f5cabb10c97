"""What the configuration names must be there; what cannot be read is refused or said."""

from pathlib import Path

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.mappings import CLINIC, configure, counts, pets_of, remarks

VIEW = "ALTER TABLE visits RENAME TO kept; CREATE VIEW visits AS SELECT * FROM kept"
READER = """
CREATE ROLE {0} LOGIN; GRANT USAGE ON SCHEMA public TO {0};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0};
"""


@pytest.mark.few(5)
@pytest.mark.parametrize(
    ("setting", "nearest"),
    [
        ('[mapping.tables]\nvisits = "vists"', "did you mean 'visits'"),
        ('[mapping.tables]\nusers = "pet"', "did you mean 'pets'"),
        ('[mapping.columns.recordings]\nvisit_id = "vist_id"', "did you mean 'visit_id'"),
        ('[mapping.columns.recordings]\nstatus = "state"', "did you mean 'status'"),
        ('[mapping.columns.visits]\nappointment_id = "appointment"', "'appointment_id'"),
        ('[mapping.columns.pets]\nowner_id = "owner"', "did you mean 'owner_id'"),
        ('[mapping.where]\nusers = "true"', '"users" does not exist'),
    ],
)
@pytest.mark.parametrize("command", ["audit", "backfill --apply --yes"])
def test_what_is_configured_must_be_there(
    petrec: Petrec,
    empty_database: Database,
    tmp_path: Path,
    setting: str,
    nearest: str,
    command: str,
) -> None:
    empty_database.execute(CLINIC)
    configure(tmp_path, setting)
    ended = petrec(*command.split(), dsn=empty_database.dsn)
    assert (ended.code, nearest in ended.err) == (2, True), ended.err


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "hiding",
    [
        VIEW,
        VIEW.replace("VIEW", "MATERIALIZED VIEW"),
        "ALTER TABLE visits RENAME COLUMN pet_id TO animal",
        "ALTER TABLE recordings DROP CONSTRAINT recordings_visit_id_fkey;"
        "ALTER TABLE visits DROP CONSTRAINT visits_pkey",
        "ALTER TABLE recordings DROP CONSTRAINT recordings_visit_id_fkey;"
        "ALTER TABLE visits DROP CONSTRAINT visits_pkey;"
        "ALTER TABLE visits ALTER COLUMN id DROP NOT NULL, ADD UNIQUE (id)",
    ],
)
def test_unusable_visits_are_refused_or_left_out_aloud(
    petrec: Petrec, empty_database: Database, tmp_path: Path, hiding: str
) -> None:
    empty_database.execute(CLINIC + hiding)
    before = pets_of(empty_database)
    for command in ("audit", "backfill --apply --yes", "validate", "review status"):
        ended = petrec(*command.split(), dsn=empty_database.dsn)
        assert (ended.code, 'ignore = ["visits"]' in ended.err) == (2, True), ended.err
    assert pets_of(empty_database) == before
    configure(tmp_path, '[mapping]\nignore = ["visits"]')
    said = "ignored: visits, as [mapping] ignore says"
    for command in ("audit", "backfill", "validate", "report --no-history", "review status"):
        assert said in remarks(petrec, empty_database, *command.split())
    for form in ("table", "jsonl", "junit", "github", "markdown"):
        assert "ignored: visits" in petrec("audit", "--format", form, dsn=empty_database.dsn).out
    page = petrec("report", "--no-history", "--html", "page.html", dsn=empty_database.dsn)
    assert page.code == 1, page.err
    assert said in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert said in petrec("audit", "--format", "csv", dsn=empty_database.dsn).err


def test_a_role_must_read_evidence_but_not_all(
    petrec: Petrec, empty_database: Database, cluster: Cluster
) -> None:
    role = f"reader_{empty_database.name}"
    empty_database.execute(CLINIC + READER.format(role))
    dsn = cluster.dsn(empty_database.name, role)
    expected = counts(petrec, empty_database)
    empty_database.execute(f"REVOKE SELECT ON recordings FROM {role}")
    columns = "id, pet_id, appointment_id"
    empty_database.execute(f"GRANT SELECT ({columns}) ON recordings TO {role}")
    ended = petrec("audit", dsn=dsn)
    assert ended.code == 3
    assert f'GRANT SELECT ("visit_id") ON "public"."recordings" TO {role}' in ended.err
    empty_database.execute(f"GRANT SELECT (visit_id) ON recordings TO {role}")
    poorer = Database(cluster, f"{empty_database.name}?user={role}")
    assert counts(petrec, poorer) == expected
    assert "not used: recordings.status, because the role cannot read it" in remarks(
        petrec, poorer, "audit"
    )
    empty_database.execute(f"REVOKE SELECT ON visits FROM {role}")
    assert petrec("audit", dsn=dsn).code == 3
    empty_database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_what_is_absent_is_absent_in_silence(petrec: Petrec, empty_database: Database) -> None:
    empty_database.execute(CLINIC + "ALTER TABLE recordings DROP visit_id; DROP TABLE visits")
    assert remarks(petrec, empty_database, "audit") == []
    empty_database.execute("CREATE VIEW users AS SELECT 1 AS id")
    assert [r.partition(",")[0] for r in remarks(petrec, empty_database, "audit")] == [
        "not used: users"
    ]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("move", "where", "settings", "ignored"),
    [
        (
            "ALTER TABLE visits RENAME TO consultations",
            "[mapping.tables] visits",
            '[mapping.tables]\nvisits = "consultations"',
            "recordings.visit_id",
        ),
        (
            'ALTER TABLE recordings RENAME visit_id TO "visitId"',
            "[mapping.columns.recordings] visit_id",
            '[mapping.columns.recordings]\nvisit_id = "visitId"',
            "recordings.visit_id",
        ),
        (
            "ALTER TABLE visits RENAME appointment_id TO appointment",
            "[mapping.columns.visits] appointment_id",
            '[mapping.columns.visits]\nappointment_id = "appointment"',
            "visits.appointment_id",
        ),
        (
            "CREATE SCHEMA other; ALTER TABLE visits SET SCHEMA other",
            "[mapping.tables] visits",
            "",
            "recordings.visit_id",
        ),
    ],
)
def test_evidence_under_a_name_that_is_not_mapped_is_refused_or_left_out_aloud(
    petrec: Petrec,
    empty_database: Database,
    tmp_path: Path,
    move: str,
    where: str,
    settings: str,
    ignored: str,
) -> None:
    """A foreign key leads to it, so it is there, and may contradict the appointments."""
    empty_database.execute(CLINIC)
    expected, before = counts(petrec, empty_database), pets_of(empty_database)
    empty_database.execute(move)
    for command in ("audit", "backfill --apply --yes"):
        ended = petrec(*command.split(), dsn=empty_database.dsn)
        assert (ended.code, f"under {where}" in ended.err) == (2, True), ended.err
    assert pets_of(empty_database) == before
    if settings:
        configure(tmp_path, settings)
        assert counts(petrec, empty_database) == expected
    configure(tmp_path, f'[mapping]\nignore = ["{ignored}"]')
    said = f"ignored: {ignored}, as [mapping] ignore says"
    assert said in remarks(petrec, empty_database, "audit")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("change", "setting", "word"),
    [
        ("", '[mapping.tables]\npets = "recordings"', "both mapped to table 'recordings'"),
        ("", '[mapping.columns.recordings]\npet_id = "visit_id"', "mapped as pet_id"),
        (
            "",
            '[mapping.columns.recordings]\npet_id = "x"\nappointment_id = "x"',
            "both mapped to column 'x'",
        ),
        (
            "ALTER TABLE pets ADD UNIQUE (id); ALTER TABLE recordings DROP pet_id;"
            "ALTER TABLE pets DROP CONSTRAINT pets_pkey CASCADE;"
            "ALTER TABLE pets ALTER id DROP NOT NULL; ALTER TABLE recordings ADD pet_id int",
            "",
            "may be NULL",
        ),
        ("ALTER TABLE recordings ADD k int[] DEFAULT '{1}', DROP CONSTRAINT recordings_pkey,"
         " ADD PRIMARY KEY (id, k)", "", "cannot identify a row"),
        ("CREATE TYPE pair AS (a int); ALTER TABLE recordings ADD k pair DEFAULT '(1)',"
         " DROP CONSTRAINT recordings_pkey, ADD PRIMARY KEY (id, k)", "", "cannot identify a row"),
    ],
)  # fmt: skip
def test_mappings_and_ids_that_cannot_work_are_refused_by_name(
    petrec: Petrec, empty_database: Database, tmp_path: Path, change: str, setting: str, word: str
) -> None:
    empty_database.execute(CLINIC + change)
    configure(tmp_path, setting)
    for seed in ("1", "2"):
        ended = petrec("backfill", "--apply", "--yes", dsn=empty_database.dsn, PYTHONHASHSEED=seed)
        assert (ended.code, word in ended.err) == (2, True), ended.err
    assert empty_database.execute("SELECT to_regnamespace('petrec')") == [(None,)]
