"""What triggers make of a batch's rows is found before the commit, row by row."""

from tests.plugins.batches import Work

# By the number of the planned row.
MEDDLE = """
CREATE TABLE meddled AS SELECT seq, row_key[1]::uuid AS id FROM petrec.plan_items;
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE number bigint := (SELECT seq FROM public.meddled m WHERE m.id = OLD.id);
BEGIN
  IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
  IF TG_WHEN = 'BEFORE' THEN
    IF number = 1 THEN RETURN NULL; END IF;
    IF number = 2 THEN NEW.pet_id := NULL; END IF;
    IF number = 3 THEN NEW.updated_at := '2001-01-01'; END IF;
    RETURN NEW;
  END IF;
  CASE number
    WHEN 4 THEN UPDATE public.recordings SET pet_id = NULL WHERE id = NEW.id;
    WHEN 5 THEN DELETE FROM public.recordings WHERE id = NEW.id;
    WHEN 6 THEN UPDATE public.recordings SET appointment_id =
      (SELECT max(a.id::text)::uuid FROM public.appointments a) WHERE id = NEW.id;
    WHEN 7 THEN UPDATE public.recordings SET filename = 'other' WHERE id = NEW.id;
    WHEN 8 THEN UPDATE public.recordings SET updated_at = '2002-01-01' WHERE id = NEW.id;
    ELSE NULL;
  END CASE;
  RETURN NULL;
END $$;
CREATE TRIGGER before BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION meddle();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON recordings INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION meddle();
"""
REASONS = {
    1: "a trigger suppressed the change",
    2: "a trigger wrote another value",
    4: "a trigger wrote another value",
    5: "a trigger deleted the recording or changed its key",
    6: "a trigger moved the recording to another appointment",
}
OTHERWISE = """
SELECT seq FROM petrec.changes c JOIN recordings r ON r.id = c.row_key[1]::uuid
WHERE c.new <> jsonb_build_object('pet_id', r.pet_id, 'updated_at', r.updated_at,
                                  'appointment_id', r.appointment_id)
"""
TIMES = "SELECT seq, (new ->> 'updated_at')::date::text FROM petrec.changes WHERE seq IN (3, 8)"


def test_rows_are_skipped_for_what_triggers_did_to_them_and_journaled_as_they_are(
    work: Work,
) -> None:
    work.clinic.execute(MEDDLE)
    work.work.watched = True
    work.batch(9)
    assert work.recorded() == (1, 9, 4, 5, 0, 1, 9)
    assert work.skipped() == [(seq, "rewritten", reason) for seq, reason in REASONS.items()]
    written = work.execute("SELECT seq FROM petrec.changes ORDER BY seq")
    assert written == [(seq,) for seq in range(2, 10)]
    assert work.execute(OTHERWISE) == []
    assert sorted(work.execute(TIMES)) == [(3, "2001-01-01"), (8, "2002-01-01")]


def test_what_no_trigger_may_change_is_not_looked_at_again(work: Work) -> None:
    work.batch(9)
    names = "SELECT DISTINCT jsonb_object_keys(old) FROM petrec.changes ORDER BY 1"
    assert work.execute(names) == [("pet_id",), ("updated_at",)]
