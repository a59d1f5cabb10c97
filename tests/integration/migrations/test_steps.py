"""Each revision down and up again, with rows in every table: only what it made comes and goes."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from petrec.features.runs.journal.install import alembic_config, install_journal
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

ROWS = """
INSERT INTO petrec.decisions (run_id, seq, row_key, kind, state, verdict, reviewer, note, source)
VALUES (1, 1, '{a}', 'mismatched', 's', 'assign', 'r', 'n', 'f');
INSERT INTO petrec.links (run_id, seq, appointment_id, pet_id, action)
VALUES (1, 1, 'a', 'b', 'add');
INSERT INTO petrec.edits (run_id, seq, row_key, reason, expected, wanted)
VALUES (1, 1, '{a}', 'expired', '{}', '{}');
INSERT INTO petrec.outbox (event_id, webhook, type, body) VALUES (gen_random_uuid(), 'w', 't', 'b');
INSERT INTO petrec.erasures (target, bucket, s3_key) VALUES ('t', 'b', 'k');
INSERT INTO petrec.skips (run_id, seq, row_key, reason) VALUES (1, 1, '{a}', 'r')
"""
STRUCTURE = """
SELECT relname::text, md5(string_agg(fact, '|' ORDER BY fact)) FROM (
    SELECT attrelid AS oid, concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
           attidentity, pg_get_expr(adbin, adrelid)) AS fact
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT conrelid, conname || pg_get_constraintdef(oid) FROM pg_constraint
    UNION ALL SELECT indrelid, pg_get_indexdef(indexrelid) FROM pg_index
    UNION ALL SELECT objoid, concat(attname, ' ', description) FROM pg_description
    LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND attnum > 0
    WHERE classoid = 'pg_class'::regclass
) facts JOIN pg_class c USING (oid)
WHERE relnamespace = 'petrec'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
GROUP BY relname
"""
# Tables that a revision alters, beside those that it makes.
ALTERED = {
    "0003_causes": {"skips"},
    "0004_targets": {"runs"},
    "0005_moves": {"changes"},
    "0006_comments": {"runs", "plan_items", "changes", "skips", "decisions", "links"},
    "0002_history_targets": {"history_runs", "history_findings"},
    "0002_outbox_targets": {"outbox"},
    "0003_history_comments": {"history_runs", "history_findings"},
}
BRANCHES = ("erasures", "history", "journal", "outbox")


def test_each_revision_down_and_up_again(backfilled: Database, petrec: Petrec) -> None:
    engine = create_engine(backfilled.dsn.replace("postgresql:", "postgresql+psycopg:"))
    assert petrec("report", "--record", dsn=backfilled.dsn).code == 1
    for branch in ("outbox", "erasures"):
        install_journal(engine, branch)
    backfilled.execute(ROWS)
    repaired = backfilled.checksum()
    assert "0" not in content(backfilled).values(), "a table has no rows"
    for branch in BRANCHES:
        walk(engine, backfilled, branch)
    for branch in BRANCHES:
        install_journal(engine, branch)
    engine.dispose()
    assert backfilled.checksum() == repaired


def walk(engine: Engine, clinic: Database, branch: str) -> None:
    """Go down a branch; from each revision under it up once, and down again."""
    with engine.connect() as connection:
        config = alembic_config(connection)
        script = ScriptDirectory.from_config(config)
        for revision in script.iterate_revisions(f"{branch}@head", f"{branch}@base"):
            below = revision.down_revision or f"{branch}@base"
            above, rows = structure(clinic), content(clinic)
            command.downgrade(config, str(below))
            under = structure(clinic)
            kept = under.keys() - ALTERED.get(revision.revision, set())
            assert {name: above.get(name) for name in kept} == {name: under[name] for name in kept}
            assert under != above or kept != under.keys(), revision.revision
            found = content(clinic)
            assert {name: found[name] for name in kept} == {name: rows[name] for name in kept}
            command.upgrade(config, revision.revision)
            assert structure(clinic) == above
            found = content(clinic)
            assert {name: found[name] for name in under} == {name: rows[name] for name in under}
            command.downgrade(config, str(below))
            assert structure(clinic) == under


def structure(clinic: Database) -> dict[str, str]:
    """Return a digest of each of petrec's tables."""
    return dict(clinic.execute(STRUCTURE))


def content(clinic: Database) -> dict[str, str]:
    """Return the number of rows of each table and their digest; "0" for none."""
    query = (
        "SELECT concat(count(*), md5(string_agg(t::text, '|' ORDER BY t::text))) FROM petrec.{} t"
    )
    return {name: str(clinic.execute(query.format(name))[0][0]) for name in structure(clinic)}
