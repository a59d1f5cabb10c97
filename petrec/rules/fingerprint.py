"""A finding's identity without personal data: what a ratchet and a history compare."""

import hashlib
from typing import Any

from sqlalchemy import Select, Text, cast, func, select

from petrec.rules.observed import judged
from petrec.rules.registry import FINDINGS, kind_column
from petrec.schema import Schema

_DIGITS = 32


def fingerprint(kind_id: str, recording_id: str) -> str:
    """Return 32 hexadecimal digits that stand for one kind of damage of one recording."""
    digest = hashlib.sha256(f"{kind_id} {recording_id}".encode()).hexdigest()
    return digest[:_DIGITS]


def fingerprints_query(schema: Schema) -> Select[Any]:
    """Select kind and fingerprint of every recording that is not ok; twin of `fingerprint`."""
    facts = judged(schema)
    kind = kind_column(facts)
    name = func.convert_to(kind + " " + cast(facts.recording.id, Text), "UTF8")
    digest = func.left(func.encode(func.sha256(name), "hex"), _DIGITS)
    query = select(kind.label("kind"), digest.label("fingerprint")).select_from(facts.source)
    return query.where(kind.in_([finding.id for finding in FINDINGS]))
