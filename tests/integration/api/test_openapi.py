"""The OpenAPI document: committed and up to date.

That the implementation keeps it is tests/integration/host/test_schemathesis.py's to show.
"""

from typing import Any

import pytest
from pydantic import TypeAdapter

from petrec.api.http.examples import BY_TYPE
from petrec.api.http.openapi import export
from tests.plugins.command import ROOT

FILE = ROOT / "docs" / "openapi.json"


@pytest.mark.parametrize("kind", BY_TYPE, ids=str)
def test_examples_fit_their_types(kind: Any) -> None:
    TypeAdapter(kind).validate_python(BY_TYPE[kind], strict=True, extra="forbid")


def test_committed_document_is_current() -> None:
    """To write it anew, print `petrec.api.http.openapi.export()` to it."""
    assert FILE.read_text(encoding="utf-8") == export()
