"""How far a review is, from the recordings as they are and the decisions recorded."""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, exists, func, select

from petrec.journal.keys import key_of
from petrec.journal.tables import changes, decisions, runs
from petrec.results.review import Verdict
from petrec.results.reviewed import OpenKind, ReviewerCount, ReviewStatus
from petrec.review.agree import SHARED
from petrec.review.earlier import has_decisions
from petrec.review.query import REVIEWED
from petrec.review.state import state_sql
from petrec.rules import judged, kind_column
from petrec.rules.census import take_census
from petrec.schema import Schema


def review_status(connection: Connection, schema: Schema) -> ReviewStatus:
    """Count within the caller's snapshot."""
    census = take_census(connection, schema)
    known = has_decisions(connection)
    settled = _settled(connection, schema) if known else Counter[tuple[str, str]]()
    kinds = tuple(
        OpenKind(
            kind,
            census.count(kind=kind),
            settled[kind, Verdict.CANNOT_TELL],
            settled[kind, Verdict.LEAVE],
        )
        for kind in REVIEWED
    )
    people = connection.execute(reviewers_query()) if known else ()
    return ReviewStatus(kinds, tuple(ReviewerCount(*row) for row in people))


def _settled(connection: Connection, schema: Schema) -> Counter[tuple[str, str]]:
    """Count recordings whose last verdict about the present state writes nothing, by kind."""
    rows = connection.execute(settled_query(schema))
    return Counter({(row[0], row[1]): row[2] for row in rows})


def settled_query(schema: Schema) -> Select[Any]:
    """Count kind and last verdict of the recordings that people have left as they are."""
    facts = judged(schema)
    silent = decisions.c.verdict.in_([Verdict.CANNOT_TELL, Verdict.LEAVE])
    last = (
        select(decisions.c.row_key, decisions.c.state, decisions.c.verdict)
        .distinct(decisions.c.row_key, decisions.c.state)
        .where(silent)
        .order_by(decisions.c.row_key, decisions.c.state, decisions.c.run_id.desc(),
                  decisions.c.seq.desc())
        .subquery("last")
    )  # fmt: skip
    kind = kind_column(facts)
    return (
        select(kind, last.c.verdict, func.count())
        .join_from(facts.source, last, last.c.row_key == key_of(schema, facts.recording))
        .where(kind.in_(REVIEWED), state_sql(schema, facts) == last.c.state)
        .group_by(kind, last.c.verdict)
    )


def reviewers_query() -> Select[Any]:
    """Count decisions by reviewer; those who agreed share one decision, and each is counted."""
    who = func.unnest(func.string_to_array(decisions.c.reviewer, SHARED), type_=Text)
    reviewer = who.column_valued("reviewer")
    written = _changed(changes.c.run_id == decisions.c.run_id)
    undos = select(runs.c.id).where(runs.c.undoes == decisions.c.run_id).correlate(decisions)
    undone = _changed(changes.c.run_id.in_(undos))
    counts: list[ColumnElement[Any]] = [
        func.count().filter(decisions.c.verdict == verdict) for verdict in Verdict
    ]
    return (
        select(
            reviewer,
            *counts,
            func.count().filter(written, ~undone),
            func.count().filter(undone),
            func.max(decisions.c.decided_at),
        )
        .select_from(decisions)
        .group_by(reviewer)
        .order_by(reviewer)
    )


def _changed(of_run: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(of_run, changes.c.seq == decisions.c.seq).correlate(decisions)
