"""A clinic whose tables write one id in two ways that its type holds equal, and its plain twin."""

import re
from dataclasses import dataclass

import pytest

from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.servers import BINARIES, running

# The ids are whole numbers at first. Parents are few, so that many recordings share each.
_TABLES = """
CREATE TABLE users (id int PRIMARY KEY, practice_id int, full_name text);
CREATE TABLE pet_owners (id int PRIMARY KEY, full_name text);
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, practice_id int,
  assigned_vet_user_id int, appointment_date timestamptz);
CREATE TABLE appointment_pets (appointment_id int NOT NULL, pet_id int);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, visit_date timestamptz,
  visit_type text DEFAULT 'call', status text DEFAULT 'open', created_by int);
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, visit_id int,
  recorded_by_user_id int, created_at timestamptz, recording_type text, status text,
  mime_type text, s3_key text, original_filename text, transcript_text text);
"""
_ROWS = """
INSERT INTO users SELECT n, 1 + n % 2, 'Vet ' || n FROM generate_series(1, 4) n;
INSERT INTO pet_owners SELECT n, 'Owner ' || n FROM generate_series(1, 8) n;
INSERT INTO pets SELECT n, 1 + n % 8, 'Pet' || n FROM generate_series(1, 18) n;
INSERT INTO appointments SELECT n, 1 + n * 5 % 8, 1 + n % 2, 1 + n % 4,
  timestamptz '2025-06-01 09:00Z' + n % 5 * interval '1 day' FROM generate_series(1, 24) n;
INSERT INTO appointment_pets SELECT DISTINCT a.id, p.id FROM appointments a JOIN pets p
  ON p.owner_id = a.pet_owner_id OR (p.id = 1 + a.id * 3 % 18 AND a.id % 3 = 0)
  WHERE a.id % 6 > 0 AND (a.id % 4 > 0 OR p.id > 9);
INSERT INTO visits SELECT n, 1 + n * 7 % 19, CASE WHEN n % 5 > 0 THEN 1 + n * 11 % 26 END,
  timestamptz '2025-06-01 10:00Z' + n % 5 * interval '1 day', 'call', 'open', 1 + n % 4
  FROM generate_series(1, 30) n;
INSERT INTO recordings SELECT n, nullif(n * 13 % 28, 0),
  CASE WHEN n % 3 = 0 THEN 1 + n * 5 % 19 WHEN n % 3 = 1 THEN (SELECT min(pet_id)
    FROM appointment_pets WHERE appointment_id = nullif(n * 13 % 28, 0) AND n % 2 = 0) END,
  CASE WHEN n % 5 = 0 THEN 1 + n * 3 % 30 END, 1 + n % 4,
  timestamptz '2025-06-01 11:00Z' + n % 5 * interval '1 day' + n * interval '1 second',
  'visit_audio', 'uploaded', 'audio/mp4', 'key-' || n, 'visit.m4a',
  CASE WHEN n % 7 = 0 THEN 'This is Pet' || 1 + n % 18 END
  FROM generate_series(1, 200) n;
INSERT INTO recordings SELECT 200 + row_number() OVER (ORDER BY n, a.id, p.id), a.id, p.id, NULL, 1,
  timestamptz '2025-06-07 11:00Z', 'visit_audio', 'uploaded', 'audio/mp4', 'twin', 'visit.m4a', NULL
  FROM appointments a JOIN pets p ON p.owner_id = a.pet_owner_id CROSS JOIN generate_series(1, 2) n
  WHERE a.id % 6 = 0;
"""
# With a trigger, a batch compares what it has written once more.
_KEYS = """
ALTER TABLE appointment_pets ADD FOREIGN KEY (appointment_id) REFERENCES appointments;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION noted();
ANALYZE"""
_REFERENCES = (
    ("users", "practice_id"), ("pets", "owner_id"), ("appointments", "pet_owner_id"),
    ("appointments", "practice_id"), ("appointments", "assigned_vet_user_id"),
    ("appointment_pets", "appointment_id"), ("appointment_pets", "pet_id"),
    ("visits", "pet_id"), ("visits", "appointment_id"), ("visits", "created_by"),
    ("recordings", "appointment_id"), ("recordings", "pet_id"), ("recordings", "visit_id"),
    ("recordings", "recorded_by_user_id"),
)  # fmt: skip
_PARENTS = ("users", "pet_owners", "pets", "appointments", "visits", "recordings")


@dataclass(frozen=True)
class Writing:
    """A type of ids, what creates it, and its two ways to write a number: of parents first."""

    type: str
    first: str
    other: str
    create: str = ""

    @property
    def has_collation(self) -> bool:
        """Return whether a nondeterministic collation makes ids equal, which takes ICU."""
        return "icu" in self.create

    def clinic(self, database: MakeDatabase, *, mixed: bool = True) -> Database:
        """Make the clinic; where `mixed`, about half of the references are written otherwise."""
        made = database("empty", running(_WITH_ICU) if self.has_collation else None)
        made.execute(_TABLES + _ROWS + self.create)
        columns = [*((table, "id") for table in _PARENTS), *_REFERENCES]
        for table in dict.fromkeys(table for table, _ in columns):
            mine = [column for each, column in columns if each == table]
            changed = (f"ALTER {c} TYPE {self.type} USING {self._using(c, mixed)}" for c in mine)
            made.execute(f"ALTER TABLE {table} {', '.join(changed)}")
        made.execute(_KEYS)
        return made

    def write(self, number: int, *, otherwise: bool = False) -> str:
        """Return the id of a number."""
        return (self.other if otherwise else self.first).format(number)

    def number(self, text: str) -> int:
        """Return which number an id stands for."""
        return int(text.lower().removeprefix("ab").partition(".")[0])

    def otherwise(self, text: str) -> str:
        """Return an id in its other way."""
        return self.write(self.number(text), otherwise=True)

    def _using(self, column: str, mixed: bool) -> str:
        ways = [f"replace('{way}', '{{}}', {column}::text)" for way in (self.first, self.other)]
        # By chance, but the same in each run.
        heads = f"hashtext('{column}' || ctid::text || {column}) % 2 = 0"
        differs = mixed and column != "id"
        written = f"CASE WHEN {heads} THEN {ways[0]} ELSE {ways[1]} END" if differs else ways[0]
        return f"({written})::{self.type}"


_WITH_ICU = 15
_CARELESS = """
CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN code AS text COLLATE careless"""
_CASELESS, _SCALED = ("Ab{}", "aB{}"), ("{}.0", "{}.000")
WRITINGS = {
    "citext": Writing("citext", *_CASELESS, "CREATE EXTENSION citext"),
    "domain of citext": Writing(
        "code", *_CASELESS, "CREATE EXTENSION citext; CREATE DOMAIN code AS citext"
    ),
    "numeric": Writing("numeric", *_SCALED),
    "domain of numeric": Writing("code", *_SCALED, "CREATE DOMAIN code AS numeric"),
    "char": Writing("char(7)", "Ab{}", "Ab{}  "),
    "collation": Writing("code", *_CASELESS, _CARELESS),
}
_FULL = ("domain of citext", "numeric", "domain of numeric", "char")
_NO_ICU = pytest.mark.skipif(_WITH_ICU not in BINARIES, reason="no server with ICU here")
OF_EACH_TYPE = [
    pytest.param(
        writing,
        id=name,
        marks=[
            *([pytest.mark.full] if name in _FULL else []),
            *([_NO_ICU] if writing.has_collation else []),
        ],
    )
    for name, writing in WRITINGS.items()
]


def plainly(text: str) -> str:
    """Return a text with every id written in one way."""
    return re.sub(r"\b(\d+)\.0+\b", r"\1", re.sub(r"(?i)\bab(?=\d)", "Ab", text))
