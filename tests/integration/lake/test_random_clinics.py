"""Engines judge the files of random clinics as the rules do in Python."""

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings

from petrec.fingerprints import digest_of, stream_findings
from petrec.lake.choice import FileEngine, Lake
from petrec.lake.open import open_lake
from petrec.rules import KINDS, classify
from petrec.rules.census import take_census
from tests.plugins.known_clinics import MANY_KINDS
from tests.plugins.lakes import write_clinic
from tests.plugins.random_clinics import Clinic, clinics

MANY = int(os.environ.get("PETREC_EXAMPLES", "4"))


def hold_equal(clinic: Clinic, engine: FileEngine, session: Any = None) -> None:
    """Compare counts, examples and digests of an engine with those of the rules in Python."""
    expected = {
        str(n): classify(clinic.facts(row)).id for n, row in enumerate(clinic.recordings, 1)
    }
    with tempfile.TemporaryDirectory() as directory:
        write_clinic(Path(directory), clinic)
        lake = Lake(directory, engine, session=session)
        with open_lake(lake, clinic.mapping) as (source, schema):
            census = take_census(source, schema, owners=True)
            for kind in KINDS:
                ids = sorted(number for number, found in expected.items() if found == kind.id)
                assert census.count(kind=kind.id) == len(ids)
                ends = (ids[0], ids[-1]) if ids and kind.is_finding else ()
                assert not kind.is_finding or census.examples(kind.id) == tuple(dict.fromkeys(ends))
            with stream_findings(source, schema, "kind", "digest") as found:
                findings = [(*each.fingerprint, each.recording) for each in found]
    wanted = [(kind, digest_of(kind, n), n) for n, kind in expected.items() if kind != "ok"]
    assert findings == sorted(wanted)


@settings(max_examples=MANY)
@given(clinic=clinics())
@example(clinic=MANY_KINDS)
def test_duckdb_judges_as_the_rules_do(clinic: Clinic) -> None:
    hold_equal(clinic, FileEngine.DUCKDB)
