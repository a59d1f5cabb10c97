"""A clinic with uploads of every sort, beside their files in a real store."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, copied, databases
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
    user: str = "postgres"

    def sort_of(self) -> dict[str, str]:
        rows = self.database.execute("SELECT id::text, sort FROM sorts")
        return {row[0]: row[1] for row in rows}

    def __call__(self, *arguments: str, endpoint: str = "", bucket: str = BUCKET) -> Completed:
        (self.folder / "petrec.toml").write_text(
            TOML.format(bucket=bucket, endpoint=endpoint or self.endpoint)
        )
        return self.petrec(
            *arguments, dsn=self.database.cluster.dsn(self.database.name, self.user),
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
    with copied(stored) as copy:
        yield Swept(copy, petrec, tmp_path, seaweed.endpoint)
