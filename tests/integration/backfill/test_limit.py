"""A canary changes as many recordings as it is told, and the next run goes on."""

import json

from tests.plugins.command import Petrec
from tests.plugins.databases import Database

APPLY = ("backfill", "--apply", "--yes", "--format", "json")


def test_a_canary_plans_the_first_recordings_only(petrec: Petrec, clinic: Database) -> None:
    planned = json.loads(petrec("backfill", "--limit", "7", "--format", "json", dsn=clinic.dsn).out)
    assert planned["limit"] == 7
    shown = petrec("backfill", "--limit", "7", dsn=clinic.dsn).out
    assert shown.startswith("plan: set the pet of 7 recordings")

    first = json.loads(petrec(*APPLY, "--limit", "7", dsn=clinic.dsn).out)
    assert (first["run"]["planned"], first["run"]["changed"], first["certain"]) == (7, 7, 388)
    changed = clinic.execute("SELECT count(*) FROM petrec.changes")
    assert changed == [(7,)]

    rest = json.loads(petrec(*APPLY, dsn=clinic.dsn).out)
    assert (rest["run"]["changed"], rest["certain"]) == (388, 0)


def test_a_canary_takes_recordings_in_their_physical_order(
    petrec: Petrec, clinic: Database
) -> None:
    expected = clinic.execute(
        """SELECT r.id::text FROM recordings r
           JOIN appointment_pets l USING (appointment_id)
           WHERE r.pet_id IS NULL GROUP BY r.id, r.ctid HAVING count(*) = 1
           ORDER BY r.ctid LIMIT 5"""
    )
    assert petrec(*APPLY, "--limit", "5", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT row_key[1] FROM petrec.changes ORDER BY seq") == expected


def test_a_limit_above_what_is_certain_changes_nothing(petrec: Petrec, clinic: Database) -> None:
    done = json.loads(petrec(*APPLY, "--limit", "5000", dsn=clinic.dsn).out)
    assert (done["run"]["changed"], done["certain"]) == (395, 0)
    assert petrec("backfill", "--limit", "0", dsn=clinic.dsn).code == 2
