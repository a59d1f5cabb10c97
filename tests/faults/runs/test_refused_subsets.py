"""Whatever rows the database refuses, and however: the others are written, and all come back."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from petrec.features.backfill.apply import apply_backfill
from petrec.features.review.agree import Ballot
from petrec.features.review.apply import record_review, review_target
from petrec.features.review.case import Decision, Verdict
from petrec.features.review.cases import observe
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Run
from petrec.features.runs.targets import make_target
from petrec.features.runs.undo.plan import plan_undo
from petrec.features.runs.undo.work import UndoWork
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database

# Several owners, appointments of none, one and two pets; every third recording has its pet.
CLINIC = """
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int);
CREATE TABLE appointment_pets (appointment_id int REFERENCES appointments,
    pet_id int REFERENCES pets, PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, size int DEFAULT 1,
    mark text UNIQUE, CONSTRAINT sane CHECK (size > 0));
INSERT INTO pets SELECT n, n % 4, 'Pet ' || n FROM generate_series(1, 40) n;
INSERT INTO appointments SELECT n, n % 4 FROM generate_series(1, 30) n;
INSERT INTO appointment_pets SELECT n, n FROM generate_series(1, 22) n;
INSERT INTO appointment_pets SELECT n, n + 4 FROM generate_series(13, 22) n;
INSERT INTO recordings (id, appointment_id, pet_id)
    SELECT n, 1 + n % 30, CASE WHEN n % 3 = 0 AND n % 30 < 22 THEN 1 + n % 30 END
    FROM generate_series(1, 120) n;
UPDATE recordings SET mark = 'taken' WHERE id = 3;
CREATE TABLE odd (id int PRIMARY KEY, how text, on_insert boolean DEFAULT false);
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
DECLARE how text := (SELECT o.how FROM odd o WHERE o.id = NEW.id); BEGIN
  CASE how
    WHEN 'raises' THEN RAISE 'no' USING ERRCODE = 'VET01';
    WHEN 'retries' THEN RAISE 'not now' USING ERRCODE = '40001';
    WHEN 'check' THEN NEW.size := 0;
    WHEN 'unique' THEN NEW.mark := 'taken';
    WHEN 'overflows' THEN NEW.size := 2147483647 + NEW.id;
    WHEN 'suppresses' THEN RETURN NULL;
    ELSE NULL;
  END CASE;
  RETURN NEW;
END $$;
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN
  IF (SELECT how FROM odd WHERE id = NEW.id) = 'late' THEN RAISE 'too late'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER spoil BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION spoil();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON recordings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION late();
"""
HOW = ("raises", "retries", "check", "unique", "overflows", "suppresses", "late")
ROWS = "SELECT r::text FROM recordings r ORDER BY id"
LINKS = "SELECT * FROM appointment_pets ORDER BY 1, 2"
PETS = "SELECT id, pet_id FROM recordings"
SKIPPED = """SELECT row_key[1]::int FROM petrec.skips
             WHERE run_id = %s AND cause IN ('refused', 'rewritten')"""
LIMITS = Throttling(deadline_s=60)


class Clinic:
    """The small clinic and petrec at work on it."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self.database = database
        self.engine = engine
        with engine.connect() as connection:
            self.schema = load_schema(connection, Settings().mapping)
        self.target = make_target(self.schema)

    def backfill(self) -> Run:
        """Run a backfill to its end."""
        run = apply_backfill(self.engine, self.schema, self.target, LIMITS, lambda _: None)
        assert run is not None
        return run

    def review(self, chance: random.Random) -> Run:
        """Decide all that needs a person, at random."""
        ids = self.database.execute("SELECT id::text FROM recordings WHERE pet_id IS NULL")
        with self.engine.connect() as connection:
            seen = list(observe(connection, self.schema, [row[0] for row in ids]))
        ballots = [Ballot(one.key, _decide(one, chance), "test") for one in seen]
        target = review_target(
            self.target,
            links=any(one.decision.verdict is Verdict.LINK for one in ballots),
            moves=any(one.moves for one in ballots),
        )
        return record_review(self.engine, self.schema, target, ballots, LIMITS, lambda _: None)

    def undo(self, run: Run) -> Run:
        """Take a run back."""
        driver = Driver(self.engine, UndoWork(self.schema), LIMITS, lambda _: None)
        return driver.run(partial(plan_undo, run_id=run.id, target=self.target))

    def spoil(self, chance: random.Random, ids: list[int]) -> set[int]:
        """Have the database refuse some of the rows, each in a way of its own."""
        chosen = chance.sample(ids, chance.randint(0, min(7, len(ids))))
        odd = {id_: chance.choice(HOW) for id_ in chosen}
        self.database.execute("TRUNCATE odd")
        rows = "INSERT INTO odd (id, how) SELECT * FROM unnest(%s::int[], %s::text[])"
        self.database.execute(rows, (list(odd), list(odd.values())))
        return set(chosen)

    def state(self) -> tuple[list[Any], list[Any]]:
        """Return all bytes of the rows that petrec may write."""
        return self.database.execute(ROWS), self.database.execute(LINKS)

    def pets(self) -> dict[int, int | None]:
        """Return each recording's pet."""
        return dict(self.database.execute(PETS))


def _decide(seen: Any, chance: random.Random) -> Decision:
    if seen.linked:
        verdict, pet = Verdict.ASSIGN, chance.choice(seen.linked)
    else:
        owner = int(seen.appointment) % 4
        verdict, pet = Verdict.LINK, str(chance.choice([n for n in range(1, 41) if n % 4 == owner]))
    return Decision(seen.key[0], seen.kind, seen.state, verdict, pet, seen.appointment, "Ada")


@pytest.fixture
def clinic(empty_database: Database) -> Iterator[Clinic]:
    empty_database.execute(CLINIC)
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    yield Clinic(empty_database, engine)
    engine.dispose()


def in_turn(
    clinic: Clinic, chance: random.Random, write: Callable[[], Run], ids: list[int]
) -> None:
    """Write with some rows refused, take back with others refused, then take back the rest."""
    before, had = clinic.state(), clinic.pets()
    refused = clinic.spoil(chance, ids)
    run = write()
    now = clinic.pets()
    assert {id_ for id_ in now if now[id_] != had[id_]} == set(ids) - refused
    assert {row[0] for row in clinic.database.execute(SKIPPED, (run.id,))} == refused
    assert (run.state, run.changed) == ("done", len(ids) - len(refused))
    written, kept = now, clinic.spoil(chance, sorted(set(ids) - refused))
    clinic.undo(run)
    now = clinic.pets()
    assert {id_ for id_ in now if now[id_] != had[id_]} == kept
    assert all(now[id_] == written[id_] for id_ in kept)
    clinic.spoil(chance, [])
    clinic.undo(run)
    assert clinic.state() == before


@pytest.mark.parametrize("seed", range(1))
def test_written_is_planned_minus_refused_and_undo_restores_all(clinic: Clinic, seed: int) -> None:
    chance = random.Random(seed)
    certain = """SELECT id FROM recordings r WHERE pet_id IS NULL AND 1 = (
        SELECT count(*) FROM appointment_pets ap WHERE ap.appointment_id = r.appointment_id)"""
    ids = [row[0] for row in clinic.database.execute(certain)]
    assert len(ids) > 25
    in_turn(clinic, chance, clinic.backfill, ids)
    clinic.backfill()
    ids = [
        row[0] for row in clinic.database.execute("SELECT id FROM recordings WHERE pet_id IS NULL")
    ]
    assert len(ids) > 25
    in_turn(clinic, chance, lambda: clinic.review(chance), ids)
