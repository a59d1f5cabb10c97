"""Columns that cannot hold an upload are named when the API starts."""

from collections.abc import Callable

import pytest

from tests.plugins.api import Api
from tests.plugins.two_clinics import ACTORS, write

# What a column may be that cannot hold what an upload writes, with what mends it.
UNFIT = {
    "status": (
        ("theirs USING NULL", "ALTER TYPE theirs ADD VALUE 'pending'"),
        ("int USING NULL", None),
        ("boolean USING NULL", None),
        ("varchar(7) USING NULL", "ALTER TABLE recordings ALTER status TYPE varchar(8)"),
        ("checked USING NULL", "ALTER DOMAIN checked DROP CONSTRAINT checked_check"),
    ),
    "recording_metadata": (("jsonb[] USING NULL", None),),
    "recording_type": (("varchar(9) USING left(recording_type, 9)", None),),
    "created_at": (("text", None), ("bigint USING 1", None), ("interval USING '1 s'", None)),
}


TYPES = """
DROP TYPE IF EXISTS theirs; CREATE TYPE theirs AS ENUM ('uploaded', 'done');
DROP DOMAIN IF EXISTS checked; CREATE DOMAIN checked AS text CHECK (VALUE <> 'pending');
ALTER TABLE recordings ALTER status DROP NOT NULL;
"""

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])


@pytest.mark.long
def test_columns_that_cannot_hold_an_upload_are_named(
    make_api: Callable[..., Api], api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for column, types in UNFIT.items():
        for kind, mend in types:
            api.database.execute(TYPES + f"ALTER TABLE recordings ALTER {column} TYPE {kind}")
            other = make_api(database=api.database)
            other.client.http.headers.update(ACTORS["staff"])
            caplog.clear()
            for name in ("initiate", "complete"):
                answer = write(other, name)
                assert (answer.status_code, answer.json()["error"]) == (500, "internal_error"), kind
            assert f"recordings.{column}" in caplog.text, kind
            ready = other.client.get("/api/v1/ready")
            assert (ready.status_code, ready.json()["error_code"]) == (503, "not_ready"), kind
            if mend:
                api.database.execute(mend)
                assert other.client.get("/api/v1/ready").status_code == 200, kind
                assert write(other, "initiate").status_code == 200, kind
                api.database.execute("DELETE FROM recordings WHERE status::text = 'pending'")
            other.engine.dispose()
            api.database.execute(
                f"ALTER TABLE recordings ALTER {column} TYPE text USING {column}::text"
            )
        kind = "timestamptz USING now()" if column == "created_at" else "text"
        api.database.execute(f"ALTER TABLE recordings ALTER {column} TYPE {kind}")
