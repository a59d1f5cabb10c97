"""The lines of a plan made elsewhere, judged by petrec's own rules: which hold, and why not."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import ReturningInsert

from petrec.documents.spool import chunks
from petrec.features.backfill.broken import ForeseenRefusals, count_refused, planned_columns
from petrec.features.backfill.plan_file import AT_ONCE, PlanFile, PlannedLine
from petrec.features.backfill.proposed import ALREADY, HOLDS, JudgedPlan, RefusedLine
from petrec.features.runs.batches.row_locks import ROW_LOCATION, system_columns
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.journal.store import create_run, read_run, update_run
from petrec.features.runs.journal.tables import plan_items
from petrec.features.runs.run import Action, Run, Target
from petrec.rules import Lists, judged, kind_column
from petrec.rules.facts_sql import JudgedColumns
from petrec.schema import Schema

MOST_LISTED = 1_000


def judge_plan(connection: Connection, schema: Schema, file: PlanFile) -> JudgedPlan:
    """Judge every line in the caller's snapshot; reads only. Errors: UsageError."""
    file.check(connection, schema)
    counts: Counter[str] = Counter()
    refused: list[RefusedLine] = []
    query, planned, refusals = _outcomes(schema), _as_planned(schema), ForeseenRefusals()
    for chunk in chunks(file, AT_ONCE):
        rows = connection.execute(query, _values(chunk)).all()
        refusals += count_refused(connection, schema, planned, _values(chunk))
        file.add_held(row.recording for row in rows if row.outcome == HOLDS)
        for line, recording, pet, outcome in rows:
            counts[outcome] += 1
            if outcome not in {HOLDS, ALREADY} and len(refused) < MOST_LISTED:
                refused.append(RefusedLine(line, recording, pet, outcome))
    return JudgedPlan(str(file.path), dict(counts.most_common()), tuple(refused), refusals)


def write_proposals(
    connection: Connection, schema: Schema, target: Target, file: PlanFile
) -> Run | None:
    """Record a run with the lines that hold, as a plan; None if there are none."""
    file.check(connection, schema)
    run_id = create_run(connection, Action.BACKFILL, target)
    planned = 0
    query = _plan_query(schema, run_id)
    for chunk in chunks(file, AT_ONCE):
        written = connection.scalars(query, _values(chunk) | {"after": planned}).all()
        file.remove_held(written)
        planned += len(written)
    if not planned:
        return None
    update_run(connection, run_id, {"planned": planned})
    return read_run(connection, target.name, run_id)


def _values(chunk: Sequence[PlannedLine]) -> dict[str, Any]:
    lines, recordings, pets = (list(each) for each in zip(*chunk, strict=True))
    return {"lines": lines, "ids": recordings, "pets": pets}


def _array(name: str, kind: type[BigInteger | Text]) -> ColumnElement[Any]:
    # A statement with the lines in it would keep them: it is freed late.
    return cast(bindparam(name, type_=ARRAY(kind)), ARRAY(kind))


def _given() -> Subquery:
    arrays = (_array("lines", BigInteger), _array("ids", Text), _array("pets", Text))
    given = func.unnest(*arrays).table_valued("line", "recording", "pet", name="line")
    return select(given.render_derived()).subquery("given")


def _judged(schema: Schema) -> JudgedColumns:
    column = schema.recordings.c.id
    ids = cast(_array("ids", Text), ARRAY(column.type))
    within = column == func.any(ids)
    place = system_columns(schema.recordings, ROW_LOCATION)
    return judged(schema, *place, lists=Lists.PER_ROW, within=within)


def _holds(schema: Schema, facts: JudgedColumns, given: Subquery) -> ColumnElement[bool]:
    return facts.certain_pet == cast(given.c.pet, schema.pets.c.id.type)


def _joined(schema: Schema, facts: JudgedColumns, given: Subquery) -> ColumnElement[bool]:
    return facts.recording.id == cast(given.c.recording, schema.recordings.c.id.type)


def _outcomes(schema: Schema) -> Select[Any]:
    given, facts = _given(), _judged(schema)
    own = facts.recording.pet_id
    outcome = case(
        (facts.recording.id.is_(None), "no such recording"),
        (_twins(given) > 1, "several recordings have this id"),
        (own == cast(given.c.pet, schema.pets.c.id.type), ALREADY),
        (own.is_not(None), "it has another pet already"),
        (_holds(schema, facts, given), HOLDS),
        (facts.certain_pet.is_not(None), "the evidence names another pet"),
        else_=func.concat("no evidence names one pet: ", kind_column(facts)),
    )
    columns = (given.c.line, given.c.recording, given.c.pet, outcome.label("outcome"))
    source = given.outerjoin(facts.source, _joined(schema, facts, given))
    return select(*columns).distinct().select_from(source).order_by(given.c.line)


def _twins(given: Subquery) -> ColumnElement[int]:
    """Count the recordings of a line: with a key of several columns, ids need not be unique."""
    return func.count().over(partition_by=given.c.line)


def _as_planned(schema: Schema) -> Select[Any]:
    """Select the recordings whose lines hold, as they would be."""
    given, facts = _given(), _judged(schema)
    columns = planned_columns(schema, facts)
    source = given.join(facts.source, _joined(schema, facts, given))
    holds = and_(facts.recording.pet_id.is_(None), _holds(schema, facts, given))
    each = select(*columns, holds.label("petrec_holds"), _twins(given).label("petrec_twins"))
    found = each.select_from(source).subquery("found")
    names = [column.name for column in schema.tables.recordings.c]
    rows = select(*(found.c[name] for name in names))
    return rows.where(found.c.petrec_holds, found.c.petrec_twins == 1)


def _plan_query(schema: Schema, run_id: int) -> ReturningInsert[str]:
    """Build the statement that plans the lines of a chunk that hold, in their physical order."""
    given, facts = _given(), _judged(schema)
    found = select(
        *(facts.recording[name].label(name) for name in ROW_LOCATION),
        key_of(schema, facts.recording).label("row_key"),
        facts.strategy.label("strategy"),
        cast(facts.recording.appointment_id, Text).label("appointment_id"),
        cast(facts.certain_pet, Text).label("pet_id"),
        and_(facts.recording.pet_id.is_(None), _holds(schema, facts, given)).label("holds"),
        _twins(given).label("twins"),
    ).select_from(given.join(facts.source, _joined(schema, facts, given)))
    each = found.subquery("found").c
    number = func.row_number().over(order_by=[each[name] for name in ROW_LOCATION])
    after = bindparam("after", type_=BigInteger)
    columns = ["row_key", "strategy", "appointment_id", "pet_id"]
    rows = select(literal(run_id), after + number, *(each[name] for name in columns))
    rows = rows.where(each.holds, each.twins == 1)
    planned = insert(plan_items).from_select(["run_id", "seq", *columns], rows)
    return planned.returning(plan_items.c.row_key[schema.key.index("id") + 1])
