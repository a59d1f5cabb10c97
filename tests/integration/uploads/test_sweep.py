"""Uploads beside a real store: what a sweep finds, settles, leaves and takes back."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases
from tests.plugins.forks import Completed
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed

TOML = """
[serve.store]
bucket = "{bucket}"
endpoint = "{endpoint}"
path_style = true
[serve.webhooks.transcripts]
url = "https://transcripts.example/hook"
"""
EVER = ("--since", "2000-01-01")
# Each recording is of one of these sorts, by its place in the order of ids: every sort is spread
# over owners, practices, appointments and kinds of damage.
SORTS = (
    "expired", "arrived", "other_type", "young", "fine", "gone", "changed", "unprocessed", "noted",
)  # fmt: skip
FOUND = {
    "expired": "expired", "arrived": "arrived", "other_type": "file_changed",
    "gone": "file_missing", "changed": "file_changed", "unprocessed": "unprocessed",
}  # fmt: skip
PREPARE = """
CREATE TABLE sorts AS
SELECT id, (%(sorts)s::text[])[1 + row_number() OVER (ORDER BY id) %% 9] AS sort
FROM recordings ORDER BY id LIMIT 90;
UPDATE recordings SET status = 'archived';
UPDATE recordings r SET
    status = CASE WHEN sort IN ('expired', 'arrived', 'other_type', 'young') THEN 'pending'
                  ELSE 'uploaded' END,
    is_transcribed = sort IN ('fine', 'gone', 'changed'), is_processing = sort = 'noted',
    s3_key = 'sweep/' || r.id, mime_type = 'audio/mp4', file_size_bytes = NULL,
    transcript_text = NULL,
    updated_at = CASE WHEN sort = 'young' THEN now() ELSE created_at END
FROM sorts WHERE sorts.id = r.id
"""


@dataclass
class Swept:
    """A clinic with uploads of every sort, and the command on it."""

    database: Database
    petrec: Petrec
    folder: Path
    endpoint: str

    def sort_of(self) -> dict[str, str]:
        rows = self.database.execute("SELECT id::text, sort FROM sorts")
        return {row[0]: row[1] for row in rows}

    def __call__(self, *arguments: str, endpoint: str = "", bucket: str = BUCKET) -> Completed:
        (self.folder / "petrec.toml").write_text(
            TOML.format(bucket=bucket, endpoint=endpoint or self.endpoint)
        )
        return self.petrec(
            *arguments, dsn=self.database.dsn,
            AWS_ACCESS_KEY_ID=KEYS.access_key, AWS_SECRET_ACCESS_KEY=KEYS.secret_key,
        )  # fmt: skip

    def json(self, *arguments: str, code: int) -> Any:
        ended = self("uploads", "sweep", *EVER, "--format", "json", *arguments)
        assert ended.code == code, ended.err
        return json.loads(ended.out)

    def statuses(self) -> dict[str, set[tuple[Any, ...]]]:
        """Return status and size of the recordings of each sort."""
        found: dict[str, set[tuple[Any, ...]]] = {}
        for sort, *rest in self.database.execute(
            "SELECT sort, status, file_size_bytes FROM recordings JOIN sorts USING (id)"
        ):
            found.setdefault(sort, set()).add(tuple(rest))
        return found


@pytest.fixture(scope="module")
def stored(cluster: Cluster, seaweed: Seaweed) -> Iterator[Database]:
    """A clinic whose files are in the store; the tests of this module copy it."""
    with databases(cluster) as make:
        database = make()
        with database.connect() as connection:
            cursor = connection.cursor()
            literal = "{" + ",".join(SORTS) + "}"
            cursor.execute(PREPARE.replace("%(sorts)s", f"'{literal}'").replace("%%", "%"))
        _store_files(database, seaweed)
        yield database


def _store_files(database: Database, seaweed: Seaweed) -> None:
    client = seaweed.client()
    for row, sort in database.execute("SELECT id::text, sort FROM sorts"):
        if sort in {"expired", "young", "gone"}:
            continue
        kind = "video/mp4" if sort == "other_type" else "audio/mp4"
        key = f"sweep/{row}"
        put = client.put_object(Bucket=BUCKET, Key=key, Body=b"sound", ContentType=kind)
        etag = "other" if sort == "changed" else put["ETag"].strip('"')
        if sort in {"fine", "changed", "noted"}:
            noted = json.dumps({"s3_etag": etag, "app_version": "1"})
            database.execute(
                "UPDATE recordings SET recording_metadata = %s WHERE id = %s", (noted, row)
            )
    client.close()


@pytest.fixture
def swept(stored: Database, petrec: Petrec, seaweed: Seaweed, tmp_path: Path) -> Iterator[Swept]:
    for connection in stored.connections:
        connection.close()
    copy = Database(stored.cluster, f"{stored.name}_copy")
    admin = Database(stored.cluster, "postgres")
    admin.execute(f"CREATE DATABASE {copy.name} TEMPLATE {stored.name}")
    yield Swept(copy, petrec, tmp_path, seaweed.endpoint)
    for connection in copy.connections:
        connection.close()
    admin.execute(f"DROP DATABASE {copy.name} WITH (FORCE)")
    admin.connections[0].close()


def test_a_sweep_lists_what_each_recording_needs_and_writes_nothing(swept: Swept) -> None:
    before = swept.database.checksum()
    plan = swept.json(code=1)
    sorts = swept.sort_of()
    expected = {row: FOUND[sort] for row, sort in sorts.items() if sort in FOUND}
    assert {one["recording_id"]: one["finding"] for one in plan["uploads"]} == expected
    assert plan["counts"] == Counter(expected.values())
    assert plan["checked"] == sum(sort != "young" for sort in sorts.values())
    assert swept.database.checksum() == before
    assert swept.database.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_a_sweep_settles_and_its_undo_takes_it_back(swept: Swept) -> None:
    before = swept.database.checksum()
    listener = swept.database.connect()
    listener.execute("LISTEN petrec_uploaded")
    done = swept.json("--apply", "--yes", code=1)
    sorts = Counter(swept.sort_of().values())
    assert done["run"]["changed"] == sorts["expired"] + sorts["arrived"] + sorts["gone"]
    assert done["left"] == sorts["other_type"] + sorts["changed"]
    assert swept.statuses() == {
        "expired": {("failed", None)}, "arrived": {("uploaded", 5)},
        "other_type": {("pending", None)}, "young": {("pending", None)},
        "fine": {("uploaded", None)}, "gone": {("failed", None)},
        "changed": {("uploaded", None)}, "unprocessed": {("uploaded", None)},
        "noted": {("uploaded", None)},
    }  # fmt: skip
    told = {
        json.loads(each.payload)["recording_id"].removeprefix("rec-")
        for each in listener.notifies(timeout=0)
    }
    assert told == {r for r, s in swept.sort_of().items() if s in {"arrived", "unprocessed"}}
    events = swept.database.execute(
        "SELECT body::json -> 'data' ->> 'recording_id' FROM petrec.outbox"
    )
    assert {row[0].removeprefix("rec-") for row in events} == told
    assert len(events) == len(told)
    again = swept.json("--apply", "--yes", code=1)
    # What has arrived was written just now: it is young.
    assert (again["run"], again["announced"]) == (None, len(told) - sorts["arrived"])
    shown = swept("runs", "undo", "1", "--yes")
    assert shown.code == 0, shown.out
    assert swept.database.checksum() == before


def test_what_changed_meanwhile_is_not_undone(swept: Swept) -> None:
    swept.json("--apply", "--yes", code=1)
    [(row,)] = swept.database.execute(
        "UPDATE recordings SET status = 'pending' WHERE id = (SELECT id FROM sorts"
        " WHERE sort = 'gone' LIMIT 1) RETURNING id::text"
    )
    ended = swept("runs", "undo", "1", "--yes", "--format", "json")
    assert ended.code == 1
    [moved] = json.loads(ended.out)["moved_on"]
    assert (moved["recording_id"], moved["reason"]) == (row, "its upload has changed since")


def test_a_silent_store_leaves_everything_as_it_is(swept: Swept) -> None:
    before = swept.database.checksum()
    ended = swept("uploads", "sweep", *EVER, "--apply", "--yes", endpoint="http://127.0.0.1:9")
    assert ended.code == 3, ended.err
    assert "store" in ended.err
    assert swept.database.checksum() == before


def test_a_bucket_that_does_not_exist_fails_no_upload(swept: Swept) -> None:
    before = swept.database.checksum()
    for asked in ((), ("--apply", "--yes")):
        ended = swept("uploads", "sweep", *EVER, *asked, bucket="misspelt")
        assert (ended.code, "there is no bucket misspelt" in ended.err) == (3, True), ended.err
    assert swept.database.checksum() == before


def test_a_bucket_without_any_of_the_files_fails_no_upload(swept: Swept) -> None:
    swept.database.execute("UPDATE recordings SET s3_key = 'elsewhere/' || id")
    before = swept.database.checksum()
    [obstacle] = swept.json(code=1)["obstacles"]
    ended = swept("uploads", "sweep", *EVER, "--apply", "--yes")
    assert (ended.code, obstacle in " ".join(ended.err.split())) == (3, True), ended.err
    assert swept.database.checksum() == before


def test_an_upload_that_is_completed_meanwhile_is_not_failed(swept: Swept) -> None:
    """The row is written between the look at the store and the run, and locked at the start."""
    swept.database.execute(
        "CREATE FUNCTION meanwhile() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE public.recordings SET status = 'uploaded', updated_at = now()"
        " WHERE id IN (SELECT id FROM public.sorts WHERE sort = 'expired'); END $$;"
        "CREATE EVENT TRIGGER meanwhile ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA')"
        " EXECUTE FUNCTION meanwhile()"
    )
    done = swept.json("--apply", "--yes", code=1)
    sorts = Counter(swept.sort_of().values())
    assert len(done["skipped"]) == sorts["expired"]
    assert swept.statuses()["expired"] == {("uploaded", None)}


def test_a_window_that_cannot_be_judged(swept: Swept) -> None:
    for option, value, says in (
        ("--older-than", "30m", "valid for 3600 s"),
        ("--since", "2999-01-01", "in the future"),
    ):
        ended = swept("uploads", "sweep", option, value)
        assert (ended.code, says in ended.err) == (2, True)
