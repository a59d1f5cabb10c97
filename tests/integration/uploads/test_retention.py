"""Erasure permanently: rows, journal, outbox and files, of what was chosen and of nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.plugins.command import Spawn
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed
from tests.plugins.sweeps import Swept
from tests.plugins.waiting import until

pytestmark = pytest.mark.long

OWNED = """
SELECT r.id::text, r.s3_key FROM recordings r
LEFT JOIN pets p ON p.id = r.pet_id LEFT JOIN appointments a ON a.id = r.appointment_id
WHERE p.owner_id = '{owner}' OR (r.pet_id IS NULL AND a.pet_owner_id = '{owner}')
"""
BUSIEST = """
SELECT p.owner_id::text FROM recordings r JOIN pets p ON p.id = r.pet_id
JOIN sorts ON sorts.id = r.id WHERE sorts.sort NOT IN ('expired', 'young', 'gone')
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""
# Everything that petrec keeps of recordings, by their id.
KEPT = """
SELECT row_key[1] FROM petrec.changes UNION ALL SELECT row_key[1] FROM petrec.skips
UNION ALL SELECT row_key[1] FROM petrec.edits UNION ALL SELECT row_key[1] FROM petrec.plan_items
UNION ALL SELECT substr(body::json -> 'data' ->> 'recording_id', 5) FROM petrec.outbox
"""

ELSEWHERE = """
INSERT INTO petrec.erasures (target, bucket, s3_key)
VALUES ('"public"."recordings"', 'former-bucket', 'sweep/x')
"""

STALLING = """
CREATE FUNCTION petrec.wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
CREATE TRIGGER wait BEFORE DELETE ON petrec.changes
FOR EACH STATEMENT EXECUTE FUNCTION petrec.wait();
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def files(seaweed: Seaweed) -> set[str]:
    client = seaweed.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    found = {one["Key"] for page in pages for one in page.get("Contents", ())}
    client.close()
    return found


def run(swept: Swept, *arguments: str, code: int) -> Any:
    ended = swept("retention", *arguments, "--format", "json")
    assert ended.code == code, ended.err
    return json.loads(ended.out)


def test_an_owner_is_erased_with_journal_outbox_and_files(swept: Swept, seaweed: Seaweed) -> None:
    base = swept.database
    swept.json("--apply", "--yes", code=1)
    assert swept("backfill", "--apply", "--yes").code in {0, 1}
    [(owner,)] = base.execute(BUSIEST)
    wanted = dict(base.execute(OWNED.format(owner=owner)))
    rest = "SELECT id::text FROM recordings WHERE NOT id::text = ANY(%s)"
    others = base.execute(rest, ([*wanted],))
    before, stored = base.checksum(), files(seaweed)
    kept = {row for (row,) in base.execute(KEPT)}
    assert kept & wanted.keys()
    plan = run(swept, "--owner", owner, code=1)
    assert (plan["recordings"], base.checksum()) == (len(wanted), before)
    done = run(swept, "--owner", owner, "--apply", "--yes", code=0)
    assert done["recordings"] == len(wanted)
    assert base.execute("SELECT id::text FROM recordings ORDER BY id") == sorted(others)
    assert {row for (row,) in base.execute(KEPT)} == kept - wanted.keys()
    assert files(seaweed) == stored - set(wanted.values())
    assert base.execute("SELECT count(*) FROM petrec.erasures") == [(0,)]
    base.execute(ELSEWHERE)
    plan = run(swept, "--owner", owner, code=0)
    assert (plan["unfinished_files"], plan["files_elsewhere"]) == (0, 1)
    again = run(swept, "--owner", owner, "--apply", "--yes", code=0)
    assert (again["recordings"], again["files"], again["files_elsewhere"]) == (0, 0, 1)


def test_a_row_that_stays_keeps_its_file(swept: Swept, seaweed: Seaweed) -> None:
    base = swept.database
    fine = "SELECT id::text FROM sorts WHERE sort = 'fine' ORDER BY 1"
    ids = [row for (row,) in base.execute(fine)]
    refused, held, shared, gone = ids[:4]
    base.execute(
        f"CREATE TABLE invoices (recording uuid REFERENCES recordings);"
        f"INSERT INTO invoices VALUES ('{refused}');"
        f"UPDATE recordings SET s3_key = 'sweep/{shared}' WHERE id = '{ids[4]}'"
    )
    other = base.connect(autocommit=False)
    other.execute(f"SELECT FROM recordings WHERE id = '{held}' FOR UPDATE")
    chosen = [word for each in ids[:4] for word in ("--recording", each)]
    stored = files(seaweed)
    done = run(swept, *chosen, "--apply", "--yes", code=1)
    left = {one["recording_id"]: one["reason"] for one in done["left"]}
    assert left.keys() == {refused, held}
    assert 'constraint "invoices_recording_fkey"' in left[refused]
    assert files(seaweed) == stored - {f"sweep/{gone}"}
    rows = base.execute("SELECT id::text FROM recordings WHERE id = ANY(%s)", (ids[:4],))
    assert {row for (row,) in rows} == {refused, held}
    other.rollback()
    assert run(swept, "--recording", held, "--apply", "--yes", code=0)["files"] == 1


def test_a_kill_between_rows_and_files_is_finished(
    swept: Swept, seaweed: Seaweed, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = swept.database
    swept("--version")  # It has written the settings.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    [(row,)] = base.execute("SELECT id::text FROM sorts WHERE sort = 'noted' LIMIT 1")
    assert f"sweep/{row}" in files(seaweed)
    assert run(swept, "--older-than", "99999d", "--apply", "--yes", code=0)["recordings"] == 0
    base.execute(STALLING)
    gate, hold = base.connect(), base.connect(autocommit=False)
    gate.execute("SELECT pg_advisory_lock(7)")
    killed = spawn("retention", "--recording", row, "--apply", "--yes", dsn=base.dsn)
    until(lambda: base.execute(WAITING) == [(1,)])
    with ThreadPoolExecutor(1) as pool:
        # It is granted with the commit of the row's deletion, before the files are read.
        locked = pool.submit(hold.execute, "LOCK TABLE petrec.erasures")
        until(lambda: base.execute(WAITING) == [(2,)])
        gate.execute("SELECT pg_advisory_unlock(7)")
        locked.result()
    until(lambda: base.execute(WAITING) == [(1,)])
    killed.kill()
    killed.wait()
    hold.rollback()
    assert base.execute(f"SELECT FROM recordings WHERE id = '{row}'") == []
    assert f"sweep/{row}" in files(seaweed)
    assert run(swept, "--recording", row, code=1)["unfinished_files"] == 1
    done = run(swept, "--recording", row, "--apply", "--yes", code=0)
    assert (done["recordings"], done["files"], done["files_left"]) == (0, 1, 0)
    assert f"sweep/{row}" not in files(seaweed)


def test_what_cannot_be_chosen(swept: Swept) -> None:
    for arguments, says in (
        ((), "nothing is chosen"),
        (("--pet", "Rex"), "'Rex' is not an id of pet_id"),
        (("--older-than", "2999-01-01"), "in the future"),
    ):
        ended = swept("retention", *arguments)
        assert (ended.code, says in ended.err) == (2, True), ended.err


def test_it_says_that_nothing_undoes_it_before_it_asks(swept: Swept) -> None:
    before = swept.database.checksum()
    ended = swept("retention", "--older-than", "2100d", "--apply")
    assert (ended.code, swept.database.checksum()) == (2, before)
    assert "no terminal to ask" in ended.err
