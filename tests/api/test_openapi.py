"""The OpenAPI document: committed, up to date, and kept by the implementation."""

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from pydantic import TypeAdapter
from schemathesis.generation import GenerationMode

from petrec.api.openapi import export
from petrec.api.wire.examples import BY_TYPE
from tests.api.conftest import Api
from tests.api.test_access import ROWS, VET1
from tests.plugins.command import ROOT
from tests.plugins.databases import Database

FILE = ROOT / "docs" / "openapi.json"


@pytest.mark.parametrize("kind", BY_TYPE, ids=str)
def test_examples_fit_their_types(kind: Any) -> None:
    TypeAdapter(kind).validate_python(BY_TYPE[kind], strict=True, extra="forbid")


# A generator of the format alone would seldom meet the years that the document asks for.
YEARS = (datetime(1900, 1, 2), datetime(2199, 12, 30))
MOMENTS = st.datetimes(*YEARS).map(lambda value: f"{value.isoformat(timespec='seconds')}Z")
schemathesis.openapi.format("date-time", MOMENTS)
schemathesis.openapi.format("date", st.dates(*(year.date() for year in YEARS)).map(str))
HEADERS = {"x-user": VET1, "x-role": "admin"}


def test_committed_document_is_current() -> None:
    """To renew it: python -c "from petrec.api.openapi import export; print(export(), end='')"."""
    assert FILE.read_text(encoding="utf-8") == export()


@pytest.mark.parametrize("examples", [5, pytest.param(150, marks=pytest.mark.full)])
def test_schemathesis_finds_nothing(
    make_api: Callable[..., Api], database: Callable[..., Database], examples: int
) -> None:
    made = database("with_visits")
    made.execute(ROWS)
    contract = schemathesis.openapi.from_asgi("/openapi.json", make_api(database=made).app)
    for found in contract.get_all_operations():
        for mode in GenerationMode:
            cases = found.ok().as_strategy(generation_mode=mode)
            # Without parameters there is nothing to get wrong.
            with contextlib.suppress(Unsatisfiable):
                check(cases, examples)


def check(cases: Any, examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=cases)
    def run(case: Any) -> None:
        case.call_and_validate(headers=HEADERS)

    run()
