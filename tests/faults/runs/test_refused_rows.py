"""A row that the database refuses is left alone with the reason; all others are written."""

import random

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, CERTAIN, JSON, PETS, UNDO, kill_again_and_again, mark, result

RAISES = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN
  IF EXISTS (SELECT FROM marked WHERE id = NEW.id) THEN
    RAISE EXCEPTION 'no pet for %', NEW.s3_key USING ERRCODE = '{state}', DETAIL = NEW::text;
  END IF;
  RETURN NEW;
END $$;
"""
# SQL that makes the database refuse the marked rows, and what the reason must name.
MECHANISMS = {
    "check": (
        """UPDATE recordings SET file_size_bytes = -1 WHERE id IN (SELECT id FROM marked);
           ALTER TABLE recordings ADD CONSTRAINT sane CHECK (file_size_bytes >= 0) NOT VALID""",
        'constraint "sane" of recordings (SQLSTATE 23514)',
    ),
    "foreign_key": (
        """ALTER TABLE recordings ADD sure uuid REFERENCES marked DEFERRABLE INITIALLY DEFERRED;
           CREATE FUNCTION stray() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
           BEGIN
             IF EXISTS (SELECT FROM marked WHERE id = NEW.id) THEN NEW.sure := uuid_nil(); END IF;
             RETURN NEW;
           END $$;
           CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE AS
             $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;
           CREATE TRIGGER stray BEFORE UPDATE ON recordings
             FOR EACH ROW EXECUTE FUNCTION stray()""",
        'constraint "recordings_sure_fkey" of recordings (SQLSTATE 23503)',
    ),
    "trigger": (
        RAISES.format(state="P0001")
        + """CREATE TRIGGER veto BEFORE UPDATE ON recordings
             FOR EACH ROW EXECUTE FUNCTION veto()""",
        'trigger "veto" on recordings (function veto) (SQLSTATE P0001)',
    ),
    "own_sqlstate": (
        RAISES.format(state="VET01")
        + """CREATE TRIGGER veto AFTER UPDATE ON recordings
             FOR EACH ROW EXECUTE FUNCTION veto()""",
        'trigger "veto" on recordings (function veto) (SQLSTATE VET01)',
    ),
    "deferred_trigger": (
        RAISES.format(state="P0001")
        + """CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON recordings
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION veto()""",
        'trigger "late" on recordings (function veto) (SQLSTATE P0001)',
    ),
    "exclusion": (
        """CREATE INDEX taken ON marked (id);
           ALTER TABLE recordings ADD slot int4range;
           ALTER TABLE recordings ADD CONSTRAINT once EXCLUDE USING gist (slot WITH &&);
           CREATE FUNCTION slot() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
           BEGIN
             IF EXISTS (SELECT FROM marked WHERE id = NEW.id) THEN NEW.slot := '[1,5]'; END IF;
             RETURN NEW;
           END $$;
           UPDATE recordings SET slot = '[1,3]' WHERE id = (SELECT id FROM recordings
             WHERE pet_id IS NOT NULL LIMIT 1);
           CREATE TRIGGER slot BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION slot()""",
        'constraint "once" of recordings (SQLSTATE 23P01)',
    ),
    "division": (
        """CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql
             SET search_path = public AS $$
           BEGIN
             IF EXISTS (SELECT FROM marked WHERE id = NEW.id) THEN NEW.file_size_bytes := 1 / 0;
             END IF;
             RETURN NEW;
           END $$;
           CREATE TRIGGER up BEFORE UPDATE ON recordings
             FOR EACH ROW EXECUTE FUNCTION count_up()""",
        'trigger "up" on recordings (function count_up) (SQLSTATE 22012)',
    ),
}


def assert_no_content(clinic: Database) -> None:
    """No text of a row got into petrec's own words about it."""
    words = clinic.execute("SELECT reason FROM petrec.skips UNION SELECT failure FROM petrec.runs")
    keys = [row[0] for row in clinic.execute("SELECT s3_key FROM recordings")]
    assert not [word for (word,) in words for key in keys if word and key in word]


@pytest.mark.few(2)
@pytest.mark.parametrize("name", MECHANISMS)
def test_a_backfill_skips_the_rows_that_are_refused(
    petrec: Petrec, clinic: Database, after_backfill: Database, name: str
) -> None:
    certain = [row[0] for row in clinic.execute(CERTAIN)]
    refused = random.Random(name).sample(certain, 7)
    mark(clinic, refused)
    sql, reason = MECHANISMS[name]
    clinic.execute(sql)
    before = dict(clinic.execute(PETS))
    ended = petrec(*APPLY, *JSON, dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = result(ended)
    assert (told["run"]["state"], told["run"]["changed"], told["refused"]) == ("done", 388, 7)
    listed = {row["recording_id"]: row["reason"] for row in told["not_written"]}
    assert listed == {str(id_): f"refused by {reason}" for id_ in refused}
    wanted = dict(after_backfill.execute(PETS)) | dict.fromkeys(refused)
    assert dict(clinic.execute(PETS)) == wanted
    assert_no_content(clinic)
    undone = petrec(*UNDO, dsn=clinic.dsn)
    assert (undone.code, result(undone)["run"]["changed"]) == (0, 388)
    assert dict(clinic.execute(PETS)) == before


def test_a_trigger_may_raise_any_sqlstate(petrec: Petrec, clinic: Database) -> None:
    """Also one that tells of a full disk, a lost connection, or to try again."""
    states = ("40001", "40P01", "55P03", "57014", "57P01", "08006", "53100", "25006", "23514")
    certain = [row[0] for row in clinic.execute(CERTAIN)]
    refused = dict(zip(random.Random(1).sample(certain, len(states)), states, strict=True))
    mark(clinic, list(refused))
    clinic.execute("ALTER TABLE marked ADD state text")
    for id_, state in refused.items():
        clinic.execute("UPDATE marked SET state = %s WHERE id = %s", (state, id_))
    clinic.execute("""
        CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
        DECLARE found text := (SELECT state FROM marked WHERE id = NEW.id); BEGIN
          IF found IS NOT NULL THEN
            RAISE EXCEPTION 'no pet for %', NEW.s3_key USING ERRCODE = found, HINT = NEW.s3_key,
              DETAIL = NEW.s3_key, CONSTRAINT = NEW.s3_key, COLUMN = NEW.s3_key;
          END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER veto BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION veto()""")
    ended = petrec(*APPLY, *JSON, "-v", dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = result(ended)
    listed = {row["recording_id"]: row["reason"] for row in told["not_written"]}
    by = 'refused by trigger "veto" on recordings (function veto)'
    assert listed == {str(id_): f"{by} (SQLSTATE {state})" for id_, state in refused.items()}
    assert told["run"]["changed"] == 395 - len(states)
    assert_no_content(clinic)
    keys = [key for (key,) in clinic.execute("SELECT s3_key FROM recordings")]
    assert not [key for key in keys if key in ended.out + ended.err]


def test_a_cause_that_hits_every_row_stops_the_run_before_it_skips_them(
    petrec: Petrec, clinic: Database
) -> None:
    mark(clinic, [row[0] for row in clinic.execute(CERTAIN)])
    clinic.execute(MECHANISMS["trigger"][0])
    ended = petrec(*APPLY, dsn=clinic.dsn)
    assert ended.code == 3, ended.err
    assert 'trigger "veto"' in ended.err
    assert clinic.execute("SELECT count(*) FROM petrec.skips") == [(0,)]
    assert clinic.execute("SELECT state, changed, skipped FROM petrec.runs") == [("stopped", 0, 0)]
    assert_no_content(clinic)
    clinic.execute("DROP TRIGGER veto ON recordings")
    resumed = result(petrec(*APPLY, *JSON, dsn=clinic.dsn))
    assert (resumed["run"]["id"], resumed["run"]["changed"]) == (1, 395)


def test_undo_leaves_what_the_database_refuses(petrec: Petrec, backfilled: Database) -> None:
    kept = [row[0] for row in backfilled.execute("SELECT row_key[1] FROM petrec.changes")][::100]
    mark(backfilled, kept)
    backfilled.execute(MECHANISMS["trigger"][0])
    ended = petrec(*UNDO, dsn=backfilled.dsn)
    assert ended.code == 1, ended.err
    told = result(ended)
    assert told["run"]["changed"] == 395 - len(kept)
    assert {row["recording_id"] for row in told["moved_on"]} == set(kept)
    assert {row["cause"] for row in told["moved_on"]} == {"refused"}
    backfilled.execute("DROP TRIGGER veto ON recordings")
    again = result(petrec(*UNDO, dsn=backfilled.dsn))
    assert (again["run"]["changed"], again["moved_on"]) == (len(kept), [])


def test_undo_says_first_that_pets_cannot_be_taken_away(
    petrec: Petrec, backfilled: Database
) -> None:
    backfilled.execute("DELETE FROM recordings WHERE pet_id IS NULL")
    backfilled.execute("ALTER TABLE recordings ALTER pet_id SET NOT NULL")
    ended = petrec(*UNDO, dsn=backfilled.dsn)
    assert ended.code == 3
    assert "petrec constraints rollback --group required" in ended.err
    assert backfilled.execute("SELECT count(*) FROM petrec.runs") == [(1,)]


def test_killed_while_it_looks_for_refused_rows(
    spawn: Spawn, petrec: Petrec, clinic: Database
) -> None:
    refused = [row[0] for row in clinic.execute(CERTAIN)][::56]
    mark(clinic, refused)
    clinic.execute(MECHANISMS["check"][0])
    kill_again_and_again(spawn, clinic, APPLY, 388, kills=2)
    assert petrec(*APPLY, dsn=clinic.dsn).code == 1
    assert clinic.execute("SELECT state, changed, skipped FROM petrec.runs") == [
        ("done", 395 - len(refused), len(refused))
    ]
    skipped = clinic.execute("SELECT row_key[1]::uuid FROM petrec.skips WHERE cause = 'refused'")
    assert {row[0] for row in skipped} == set(refused)
