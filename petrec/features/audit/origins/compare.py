"""Compare each value's rates with those of the rest of the table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from petrec.features.audit.origins.column import NOT_READABLE, NOT_STATED, STATED, OriginColumn
from petrec.features.audit.origins.intervals import (
    critical_value,
    is_beyond_chance,
    newcombe,
    wilson,
)
from petrec.features.audit.origins.query import OriginCounts
from petrec.features.audit.origins.result import (
    Deviation,
    Origins,
    OriginState,
    OriginValue,
    Standout,
)
from petrec.rules import FINDINGS

_FEW = 30
_STATES = {
    STATED: OriginState.STATED,
    NOT_STATED: OriginState.NOT_STATED,
    NOT_READABLE: OriginState.NOT_READABLE,
}
# All kinds of damage together.
_ANY = ""


@dataclass(frozen=True)
class _ValueKinds:
    """Recordings by kind."""

    kinds: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.kinds.values())

    def count(self, kind: str) -> int:
        if kind is not _ANY:
            return self.kinds.get(kind, 0)
        return sum(self.kinds.get(each.id, 0) for each in FINDINGS)


def compare(origin: OriginColumn, counted: OriginCounts, names: Mapping[str, str]) -> Origins:
    """Return the values in order, those that stand out first; `names` are those of vets, by id."""
    parts = {key: _ValueKinds(kinds) for key, kinds in counted.by_key.items()}
    rest = _ValueKinds(counted.rest)
    whole = _whole([*parts.values(), rest])
    found = [_ANY, *(kind.id for kind in FINDINGS if whole.count(kind.id))]
    compared = {key: part for key, part in parts.items() if part.total < whole.total}
    comparisons = len(compared) * len(found)
    standouts = [
        s
        for key, part in compared.items()
        for s in _standouts(key, part, whole, found, comparisons)
    ]
    standouts.sort(key=_rank)
    values = [_value(key, part, names) for key, part in parts.items()]
    ranks = {(s.value, s.state): number for number, s in reversed([*enumerate(standouts)])}
    values.sort(key=lambda v: (ranks.get((v.value, v.state), len(ranks)), -v.recordings, v.value))
    if counted.others:
        values.append(_line("", OriginState.OTHER, "", rest))
    return Origins(
        origin.name, origin.meaning, tuple(values), tuple(standouts), comparisons, counted.others
    )


def _whole(parts: list[_ValueKinds]) -> _ValueKinds:
    kinds = {kind for part in parts for kind in part.kinds}
    return _ValueKinds({kind: sum(part.count(kind) for part in parts) for kind in kinds})


def _standouts(
    key: str, part: _ValueKinds, whole: _ValueKinds, kinds: list[str], comparisons: int
) -> Iterator[Standout]:
    z = critical_value(comparisons)
    for kind in kinds:
        count, total = part.count(kind), part.total
        other, other_total = whole.count(kind) - count, whole.total - total
        counts = count, total, other, other_total
        interval = newcombe(*counts, z)
        if not (interval.excludes_zero and is_beyond_chance(*counts, comparisons)):
            continue
        difference = count / total - other / other_total
        yield Standout(
            value=_text(key),
            state=_STATES[key[0]],
            kind=kind,
            standing=Deviation.MORE if difference > 0 else Deviation.LESS,
            percent=_percent(count / total),
            rest_percent=_percent(other / other_total),
            difference=_percent(difference),
            low=_percent(interval.low),
            high=_percent(interval.high),
        )


def _rank(standout: Standout) -> tuple[bool, float, str]:
    """Return what sorts more damage before less, and what is surest to be large before the rest."""
    more = standout.standing is Deviation.MORE
    return not more, -standout.low if more else standout.high, standout.value


def _value(key: str, part: _ValueKinds, names: Mapping[str, str]) -> OriginValue:
    value = _text(key)
    return _line(value, _STATES[key[0]], names.get(value, ""), part)


def _line(value: str, state: OriginState, name: str, part: _ValueKinds) -> OriginValue:
    findings, total = part.count(_ANY), part.total
    low, high = wilson(findings, total, critical_value())
    return OriginValue(
        value=value,
        state=state,
        name=name,
        recordings=total,
        findings=findings,
        percent=_percent(findings / total),
        low=_percent(low),
        high=_percent(high),
        few=total < _FEW,
        kinds={kind.id: part.count(kind.id) for kind in FINDINGS if part.count(kind.id)},
    )


def _text(key: str) -> str:
    return key[len(STATED) :] if key.startswith(STATED) else ""


def _percent(share: float) -> float:
    return round(100 * share, 2)
