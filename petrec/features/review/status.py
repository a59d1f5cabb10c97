"""The progress of a review, from the current recordings and the recorded decisions."""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from petrec.features.review.agree import SHARED
from petrec.features.review.case import Verdict
from petrec.features.review.earlier import (
    has_decisions,
    was_undone,
    was_withdrawn,
    was_written,
)
from petrec.features.review.query import REVIEWED
from petrec.features.review.result import OpenKind, ReviewerCount, ReviewStatus
from petrec.features.review.state import state_sql
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.journal.store import runs_of
from petrec.features.runs.journal.tables import decisions
from petrec.features.runs.targets import target_name
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
            census.count(kind),
            settled[kind, Verdict.CANNOT_TELL],
            settled[kind, Verdict.LEAVE],
        )
        for kind in REVIEWED
    )
    return ReviewStatus(kinds, _reviewers(connection, target_name(schema)) if known else ())


def _settled(connection: Connection, schema: Schema) -> Counter[tuple[str, str]]:
    """Count recordings whose last verdict about the current state writes nothing, by kind."""
    rows = connection.execute(settled_query(schema))
    return Counter({(row[0], row[1]): row[2] for row in rows})


def settled_query(schema: Schema) -> Select[Any]:
    """Count by kind and last verdict the recordings that people have not changed."""
    facts = judged(schema)
    silent = decisions.c.verdict.in_([verdict for verdict in Verdict if verdict.is_silent])
    order = (decisions.c.run_id.desc(), decisions.c.seq.desc())
    age = func.row_number().over(
        partition_by=(decisions.c.row_key, decisions.c.state), order_by=order
    )
    verdicts = select(decisions.c.row_key, decisions.c.state, decisions.c.verdict, age.label("age"))
    mine = decisions.c.run_id.in_(runs_of(target_name(schema)))
    last = verdicts.where(silent, mine, ~was_withdrawn()).subquery("last")
    kind = kind_column(facts)
    return (
        select(kind, last.c.verdict, func.count())
        .join_from(facts.source, last, last.c.row_key == key_of(schema, facts.recording))
        .where(last.c.age == 1, kind.in_(REVIEWED), state_sql(schema, facts) == last.c.state)
        .group_by(kind, last.c.verdict)
    )


def reviewers_query(target_name: str) -> Select[Any]:
    """Count a target's decisions by the people who share them."""
    counts: list[ColumnElement[Any]] = [
        func.count().filter(decisions.c.verdict == verdict) for verdict in Verdict
    ]
    query = select(
        decisions.c.reviewer,
        *counts,
        func.count().filter(was_written(), ~was_undone()),
        func.count().filter(was_undone()),
        func.max(decisions.c.decided_at),
    )
    mine = decisions.c.run_id.in_(runs_of(target_name))
    return query.where(mine).group_by(decisions.c.reviewer)


def _reviewers(connection: Connection, target_name: str) -> tuple[ReviewerCount, ...]:
    """Count for each person; a decision that several share counts for each."""
    found: dict[str, ReviewerCount] = {}
    for shared, *counted in connection.execute(reviewers_query(target_name)):
        for name in shared.split(SHARED):
            mine = ReviewerCount(name, *counted)
            found[name] = _sum(found[name], mine) if name in found else mine
    return tuple(found[name] for name in sorted(found))


def _sum(one: ReviewerCount, other: ReviewerCount) -> ReviewerCount:
    names = ("assign", "link", "cannot_tell", "leave", "written", "undone")
    counts = {name: getattr(one, name) + getattr(other, name) for name in names}
    return ReviewerCount(one.reviewer, **counts, last=max(one.last, other.last))
