"""What a sweep writes to the columns that there are, with no privilege more than it needs."""

from hashlib import md5

import pytest

from tests.plugins.sweeps import EVER, Swept

ARRIVED = "id IN (SELECT id FROM sorts WHERE sort = 'arrived')"
SPLIT = (
    """
ALTER TABLE recordings ADD uploaded_at timestamp,
    ALTER recording_metadata TYPE {kind} USING recording_metadata::text::{kind};
UPDATE recordings SET recording_metadata = '{{"b": 1.50,  "a":2, "s3_etag": "old"}}'
WHERE """
    + ARRIVED
)
LEAST = """
CREATE ROLE sweeper LOGIN;
GRANT USAGE ON SCHEMA public TO sweeper;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO sweeper;
GRANT UPDATE (status, file_size_bytes, updated_at, recording_metadata) ON recordings TO sweeper;
CREATE SCHEMA petrec AUTHORIZATION sweeper;
"""


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", ["json", "jsonb", "text"])
def test_it_notes_when_the_file_came_and_which_it_was(swept: Swept, kind: str) -> None:
    swept.database.execute(SPLIT.format(kind=kind))
    before = swept.database.checksum()
    [(most,)] = swept.database.execute("SELECT now()::timestamp")
    swept.json("--apply", "--yes", code=1)
    noted = swept.database.execute(
        "SELECT recording_metadata::jsonb ->> 's3_etag', recording_metadata::jsonb - 's3_etag',"
        f" uploaded_at FROM recordings WHERE {ARRIVED}"
    )
    assert len(noted) == 10
    sound = md5(b"sound", usedforsecurity=False).hexdigest()
    assert {tag for tag, _, _ in noted} == {sound}
    assert all(rest == {"a": 2, "b": 1.5} and at <= most for _, rest, at in noted)
    assert swept("runs", "undo", "1", "--yes").code == 0
    assert swept.database.checksum() == before


def test_a_pet_that_was_filled_in_since_does_not_hinder_the_undo(swept: Swept) -> None:
    pet = "(SELECT id FROM pets ORDER BY id LIMIT 1)"
    swept.database.execute(f"UPDATE recordings SET pet_id = NULL WHERE {ARRIVED}")
    swept.json("--apply", "--yes", code=1)
    swept.database.execute(f"UPDATE recordings SET pet_id = {pet} WHERE {ARRIVED}")
    assert swept("runs", "undo", "1", "--yes").code == 0
    rows = swept.database.execute(
        f"SELECT DISTINCT status, file_size_bytes, pet_id = {pet} FROM recordings WHERE {ARRIVED}"
    )
    assert rows == [("pending", None, True)]


def test_it_asks_for_no_privilege_on_pets_and_appointments(swept: Swept) -> None:
    swept.database.execute(LEAST)
    swept.user = "sweeper"
    try:
        swept.json("--apply", "--yes", "--ignore-lag", code=1)
        assert swept("runs", "undo", "1", "--yes", "--ignore-lag").code == 0
    finally:
        swept.database.execute("DROP OWNED BY sweeper CASCADE; DROP ROLE sweeper")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "CREATE TYPE step AS ENUM ('pending', 'uploaded', 'archived');"
            "ALTER TABLE recordings ALTER status DROP DEFAULT,"
            " ALTER status TYPE step USING status::step",
            "its type is public.step, which has pending, uploaded, archived",
        ),
        (
            "ALTER TABLE recordings ADD CONSTRAINT known CHECK"
            " (status IN ('pending', 'uploaded', 'archived'))",
            'constraint "known" refuses it',
        ),
    ],
)
def test_a_status_that_the_column_cannot_hold_is_named_first(
    swept: Swept, change: str, says: str
) -> None:
    swept.database.execute(change)
    before = swept.database.checksum()
    [obstacle] = swept.json(code=1)["obstacles"]
    assert obstacle == f"public.recordings.status cannot hold failed: {says}"
    ended = swept("uploads", "sweep", *EVER, "--apply", "--yes")
    assert (ended.code, obstacle in " ".join(ended.err.split())) == (3, True), ended.err
    assert swept.database.checksum() == before
    assert swept.database.execute("SELECT to_regnamespace('petrec')") == [(None,)]
