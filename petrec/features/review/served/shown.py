"""The page of a served review: the cases as they are now, with the decisions that stand."""

import io
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec

from petrec.features.review.audio import Audio
from petrec.features.review.case import Case
from petrec.features.review.cases import stream_cases
from petrec.features.review.observed import SeenPet
from petrec.features.review.page import TITLE, PageFacts, moment_of_export, write_page
from petrec.features.review.pets import PetSearch
from petrec.features.review.query import REVIEWED
from petrec.features.review.scope import ALL, CaseScope
from petrec.features.review.served.answer import standing_of
from petrec.features.review.served.desk import Desk
from petrec.features.review.served.sight import standing_decisions


@dataclass(frozen=True)
class ServedPage:
    """Which cases the page shows, and how; `place` tells one database from another.

    What a browser could not send yet is kept there by `place`.
    """

    desk: Desk
    place: str
    kinds: Sequence[str] = ()
    scope: CaseScope = ALL
    link: str = ""

    def render(self) -> str:
        """Return the page with the cases of now; memory and time grow with their number."""
        last = self.desk.presence.last
        audio = self.desk.audio()
        cases, decided, pets = self._read(audio)
        served = {"place": self.place, "last": last, "decided": decided}
        out = io.StringIO()
        facts = PageFacts(self.scope.clock.zone, self.link, audio, served=served)
        write_page(cases, out, title=TITLE, exported_at=moment_of_export(), facts=facts, pets=pets)
        return out.getvalue()

    def count(self) -> dict[str, int]:
        """Return the number of open cases by kind; none is kept in memory."""
        with self.desk.database.snapshot() as (connection, schema):
            kinds = self.kinds or REVIEWED
            with closing(stream_cases(connection, schema, kinds, self.scope)) as stream:
                return dict(Counter(case.kind for case in stream))

    def _read(self, audio: Audio | None) -> tuple[list[Case], dict[str, Any], list[SeenPet]]:
        database = self.desk.database
        with database.snapshot() as (connection, schema):
            kinds, search = self.kinds or REVIEWED, PetSearch(connection, schema)
            with closing(stream_cases(connection, schema, kinds, self.scope, audio)) as stream:
                cases = list(search.watch(stream))
            pets = list(search.pets())
            known = {case.recording_id for case in cases}
            kept = [
                case for case in list(self.desk.kept.values()) if case.recording_id not in known
            ]
            settled = [case.recording_id for case in kept]
            found = dict(standing_decisions(connection, schema, cases, settled))
        decided = {name: msgspec.to_builtins(standing_of(one)) for name, one in found.items()}
        # One that something else has settled meanwhile is no case any more.
        return [*cases, *(case for case in kept if case.recording_id in decided)], decided, pets
