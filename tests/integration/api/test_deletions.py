"""DELETE of a recording: row, journal and file go, of this recording alone, or nothing goes."""

from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import Options
from petrec.errors import SettingsError
from tests.plugins.api import Api
from tests.plugins.two_clinics import ACTORS, APPT1, PET1, REC1, REC2

MORE = "dddddddd-0000-4000-8000-000000000003"
PATH = f"/api/v1/recordings/rec-{REC1}"
SECOND = f"""
INSERT INTO pets SELECT '{MORE}', owner_id, 'Bo', 'Cat', NULL, now() FROM pets WHERE id = '{PET1}';
INSERT INTO appointment_pets VALUES ('{APPT1}', '{MORE}');
"""

pytestmark = pytest.mark.api(
    "two_clinics", headers=ACTORS["staff"], options=Options(deletions=True)
)


def delete(api: Api, path: str = PATH, **headers: str) -> Any:
    return api.client.request("DELETE", path, headers=headers)


def ids(api: Api) -> set[str]:
    return {row for (row,) in api.database.execute("SELECT id::text FROM recordings")}


def test_row_journal_and_file_go(api: Api) -> None:
    api.database.execute(SECOND)
    patched = api.client.request("PATCH", PATH, json={"pet_id": f"pet-{MORE}"})
    assert (patched.status_code, delete(api).status_code) == (200, 204)
    assert (ids(api), set(api.store.objects)) == ({REC2}, {f"key-{REC2}"})
    for table in ("changes", "edits", "erasures"):
        assert api.database.execute(f"SELECT count(*) FROM petrec.{table}") == [(0,)]
    assert api.client.get(PATH).status_code == delete(api).status_code == 404


@pytest.mark.no_journal
def test_who_may_not_delete(api: Api) -> None:
    for actor, path, expected in (
        ("owner", PATH, 403),
        ("other staff", PATH, 404),
        ("nobody", PATH, 404),
        ("staff", f"/api/v1/recordings/rec-{REC2}", 404),
        ("anonymous", PATH, 401),
    ):
        api.client.http.headers.clear()
        assert delete(api, path, **ACTORS[actor]).status_code == expected, actor
    assert ids(api) == {REC1, REC2}
    assert api.database.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_a_recording_in_use_keeps_its_file(api: Api) -> None:
    api.database.execute(
        f"CREATE TABLE invoices (recording uuid REFERENCES recordings);"
        f"INSERT INTO invoices VALUES ('{REC1}')"
    )
    answer = delete(api)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "recording_in_use")
    assert (ids(api), len(api.store.objects)) == ({REC1, REC2}, 2)


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_row_that_begins_to_reference_it_is_waited_for(api: Api, end: str) -> None:
    """As for PATCH: nothing is said of a row that may never be committed."""
    api.database.execute(
        f"ALTER DATABASE {api.database.name} SET lock_timeout = '300ms';"
        "CREATE TABLE invoices (recording uuid REFERENCES recordings)"
    )
    api.engine.dispose()
    with api.database.connect(autocommit=False) as other:
        other.execute(f"INSERT INTO invoices VALUES ('{REC1}')")
        answer = delete(api)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "database_busy")
        getattr(other, end)()
    assert (ids(api), len(api.store.objects)) == ({REC1, REC2}, 2)
    assert delete(api).status_code == {"commit": 409, "rollback": 204}[end]


def test_a_trigger_that_refuses_is_not_taken_for_a_reference(api: Api) -> None:
    api.database.execute(
        """
        CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS
          $$BEGIN RAISE 'legal hold' USING ERRCODE = 'check_violation'; END$$;
        CREATE TRIGGER held BEFORE DELETE ON recordings FOR EACH ROW EXECUTE FUNCTION held();
        """
    )
    answer = delete(api)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "not_deleted")
    assert (ids(api), len(api.store.objects)) == ({REC1, REC2}, 2)


def test_only_as_it_was_read(api: Api) -> None:
    tag = api.client.get(PATH).headers["etag"]
    api.database.execute(f"UPDATE recordings SET status = 'uploaded' WHERE id = '{REC1}'")
    assert delete(api, **{"If-Match": tag}).status_code == 412
    assert ids(api) == {REC1, REC2}


def test_a_store_that_is_down_is_asked_again_later(api: Api) -> None:
    api.store.down = True
    assert delete(api).status_code == 204
    rows = api.database.execute("SELECT bucket, s3_key FROM petrec.erasures")
    assert (rows, ids(api)) == ([(api.store.bucket, f"key-{REC1}")], {REC2})


def test_a_database_that_hangs_once_the_row_is_gone_is_asked_again_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing else waits for a lock.
    api.database.execute(f"ALTER DATABASE {api.database.name} SET lock_timeout = '300ms'")
    holder = api.database.connect(autocommit=False)
    holder.execute("SET LOCAL lock_timeout = '60s'")
    remove = api.store.delete

    def removed(key: str) -> None:
        holder.execute("LOCK TABLE petrec.erasures")
        remove(key)

    monkeypatch.setattr(api.store, "delete", removed)
    answer = delete(api)
    assert api.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    holder.rollback()
    assert (answer.status_code, ids(api)) == (204, {REC2})
    assert api.database.execute("SELECT s3_key FROM petrec.erasures") == [(f"key-{REC1}",)]


@pytest.mark.api("two_clinics", headers=ACTORS["staff"])
def test_they_are_off_by_default(api: Api) -> None:
    assert delete(api).status_code == 405
    assert ids(api) == {REC1, REC2}


def test_a_store_that_deletes_nothing_is_refused(make_api: Callable[..., Api], api: Api) -> None:
    with pytest.raises(SettingsError, match="delete"):
        make_api(database=api.database, store=object(), options=Options(deletions=True))
