"""Uploads beside a real store: what a sweep finds, settles, leaves and takes back."""

import json
from collections import Counter

import pytest

from tests.plugins.command import Spawn
from tests.plugins.seaweed import KEYS, Seaweed, losing_deletions
from tests.plugins.sweeps import EVER, FOUND, Swept
from tests.plugins.waiting import until

NOTED = '{"petrec_cancelled_at": "2026-01-01T00:00:00Z"}'


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


def test_files_of_cancelled_uploads_are_deleted_and_no_others(
    swept: Swept, seaweed: Seaweed
) -> None:
    base, head = swept.database, seaweed.store().head
    ids = [row for row, sort in sorted(swept.sort_of().items()) if sort == "noted"]
    cancelled, processing, shared, other, written = ids[:5]
    failed = (
        "UPDATE recordings SET status = 'failed', s3_key = %s, recording_metadata = %s"
        " WHERE id = %s"
    )
    with base.connect() as connection:
        for row, noted, key in (
            (cancelled, NOTED, cancelled),
            # Their processing failed; a person, or the client, wrote of a cancellation.
            (processing, '{"note": "petrec_cancelled_at"}', processing),
            (written, '{"cancelled_at": "2026-02-01", "petrec_cancelled_at": 1}', written),
            (shared, NOTED, other),
        ):
            connection.execute(failed, (f"sweep/{key}", noted, row))
    plan = swept.json(code=1)
    listed = {one["recording_id"] for one in plan["uploads"] if one["finding"] == "cancelled"}
    assert listed == {cancelled}
    assert head(f"sweep/{cancelled}") is not None
    assert swept.json("--apply", "--yes", code=1)["deleted"] == 1
    assert head(f"sweep/{cancelled}") is None
    assert None not in [head(f"sweep/{each}") for each in (processing, other, written)]
    statuses = base.execute("SELECT DISTINCT status FROM recordings WHERE id = ANY(%s)", (ids[:3],))
    assert statuses == [("failed",)]
    # Nothing is left that a further sweep would find again.
    assert "cancelled" not in swept.json(code=1)["counts"]


def test_a_file_that_two_recordings_name_stays_while_one_of_them_needs_it(
    swept: Swept, seaweed: Seaweed
) -> None:
    base, head = swept.database, seaweed.store().head
    first, second = sorted(row for row, sort in swept.sort_of().items() if sort == "noted")[-2:]
    base.execute(
        f"UPDATE recordings SET status = 'failed', s3_key = 'sweep/{first}', recording_metadata ="
        f" CASE id WHEN '{first}' THEN '{NOTED}'::jsonb"
        """ ELSE '{"note": "petrec_cancelled_at"}' END"""
        f" WHERE id IN ('{first}', '{second}')"
    )
    assert swept.json("--apply", "--yes", code=1)["deleted"] == 0
    assert head(f"sweep/{first}") is not None
    base.execute(f"UPDATE recordings SET recording_metadata = '{NOTED}' WHERE id = '{second}'")
    assert swept.json(*("--older-than", "1h"), code=1)["counts"]["cancelled"] == 2
    assert swept.json("--apply", "--yes", code=1)["deleted"] == 1
    assert head(f"sweep/{first}") is None


def test_a_store_that_stops_answering_ends_the_deletions_alone(
    swept: Swept, seaweed: Seaweed
) -> None:
    swept.database.execute(
        f"UPDATE recordings SET status = 'failed', recording_metadata = '{NOTED}'"
        " WHERE id IN (SELECT id FROM sorts WHERE sort = 'young' ORDER BY id LIMIT 3)"
    )
    for row in swept.database.execute("SELECT id FROM recordings WHERE status = 'failed'"):
        seaweed.put(f"sweep/{row[0]}", b"sound", "audio/mp4")
    swept.database.execute("UPDATE recordings SET updated_at = created_at")
    usual = len([sort for sort in swept.sort_of().values() if sort in {"other_type", "changed"}])
    # Three tries for one file; then two for another, which the third one deletes.
    for lost, deleted in ((3, 0), (2, 3)):
        with losing_deletions(seaweed, lost) as swept.endpoint:
            done = swept.json("--apply", "--yes", code=1)
        assert (done["deleted"], done["left"]) == (deleted, usual + 3 - deleted)
    assert swept.database.execute("SELECT DISTINCT state FROM petrec.runs") == [("done",)]


def test_a_sweep_that_was_killed_is_finished_and_tells_of_everything(
    swept: Swept, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept("--version")  # It has written the settings.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    slowly = ("--apply", "--yes", "--max-rows-per-second", "3")
    killed = spawn("uploads", "sweep", *EVER, *slowly, dsn=swept.database.dsn)
    written = "SELECT count(*) FROM petrec.changes WHERE strategy = 'arrived'"
    until(lambda: swept.database.execute("SELECT to_regclass('petrec.changes')") != [(None,)])
    until(lambda: swept.database.execute(written) != [(0,)])
    killed.kill()
    killed.wait()
    listener = swept.database.connect()
    listener.execute("LISTEN petrec_uploaded")
    done = swept.json("--apply", "--yes", code=1)
    told = Counter(
        json.loads(each.payload)["recording_id"].removeprefix("rec-")
        for each in listener.notifies(timeout=0)
    )
    of = swept.sort_of()
    assert told == Counter(r for r, sort in of.items() if sort in {"arrived", "unprocessed"})
    assert (done["announced"], done["run"]) == (told.total(), None)
    assert done["skipped"] == []


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
