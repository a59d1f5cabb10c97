"""Cases as a clinic has them: long transcripts, several scripts, names that look like markup."""

from collections.abc import Iterator

from petrec.demo.texts import MENTIONS, PET_NAMES, REMARKS
from petrec.features.review.case import Candidate, Case, Strength, Suggestion, Verdict

KINDS = ("missing_ambiguous", "mismatched", "missing_no_pets", "missing_no_appointment")
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "]]>",
    "a\u2028b\u2029c",
    "{{7*7}}$title$cases",
)
FAMILY = "👩‍⚕️🐾 رقيّة שלום 小花 é Łatka"


def candidate(number: int, name: str, verdict: Verdict = Verdict.ASSIGN) -> Candidate:
    named = Suggestion("name_mentioned", Strength.STRONG, f"the transcript names {name}")
    weak = Suggestion("same_day", Strength.WEAK, "an appointment of the same vet")
    hints = ((named,), (), (weak,))[number % 3]
    return Candidate(f"pet-{number}", name, verdict, "appt", "Dog, Mixed", hints)


def case(number: int, *, names: tuple[str, ...] = ("Rex", "Zoë"), text: str = "") -> Case:
    """Return one case of two candidates, of which the second may be added to the appointment."""
    said = text or MENTIONS[number % len(MENTIONS)].format(pet=names[0])
    kind = KINDS[number % len(KINDS)]
    linked = Verdict.LINK if kind == "mismatched" else Verdict.ASSIGN
    pets = [candidate(at, name, linked if at else Verdict.ASSIGN) for at, name in enumerate(names)]
    return Case(
        recording_id=f"rec-{number:05}",
        kind=kind,
        state=f"{number:032x}",
        pet_id=None,
        appointment_id="appt",
        candidates=tuple(pets),
        context=(
            ("created_at", f"2025-09-01 {number % 24:02}:30:00+00"),
            ("original_filename", f"visit_recording_{number}.m4a"),
            ("transcript_text", said),
            ("appointment_date", "2025-08-30 10:00:00+00"),
            ("title", f"Routine Checkup {number}"),
        ),
    )


def clinic(size: int = 60) -> Iterator[Case]:
    """Give many cases; every tenth has a long transcript."""
    for number in range(size):
        names = tuple(PET_NAMES[(number + at * 7) % len(PET_NAMES)] for at in range(2))
        long = " ".join([*REMARKS, FAMILY, names[0]] * 20) if number % 10 == 0 else ""
        yield case(number, names=names, text=long)
