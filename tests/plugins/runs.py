"""What the fault tests ask of the journal."""

from tests.plugins.databases import Database

SLOW = ("--target-ms", "40", "--max-rows-per-second", "400")
APPLY = ("backfill", "--apply", "--yes", "-q")


def changed(database: Database) -> int:
    """Return how many changes are committed; 0 before there is a journal."""
    if database.execute("SELECT to_regclass('petrec.changes')") == [(None,)]:
        return 0
    return int(database.execute("SELECT count(*) FROM petrec.changes")[0][0])


def state(database: Database) -> tuple[str, str | None, str | None]:
    """Return state, reason to wait and failure of the newest run."""
    if database.execute("SELECT to_regclass('petrec.runs')") == [(None,)]:
        return ("none", None, None)
    query = "SELECT state, throttled_by, failure FROM petrec.runs ORDER BY id DESC LIMIT 1"
    rows = database.execute(query)
    return rows[0] if rows else ("none", None, None)


def assert_sound(database: Database) -> None:
    """Nothing was journaled twice, and every assignment is the appointment's only pet."""
    twice = "SELECT row_key FROM petrec.changes GROUP BY row_key HAVING count(*) > 1"
    assert database.execute(twice) == []
    counted = "SELECT sum(changed) - (SELECT count(*) FROM petrec.changes) FROM petrec.runs"
    assert database.execute(counted) == [(0,)]
    left = """SELECT count(*) FROM recordings r WHERE pet_id IS NULL AND 1 =
              (SELECT count(*) FROM appointment_pets ap
               WHERE ap.appointment_id = r.appointment_id)"""
    assert database.execute(left) == [(0,)]
