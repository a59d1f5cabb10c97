"""Java's options for the driver of Spark: the user's, or petrec's for the driver of a cluster."""

import os

import pytest

from petrec.lake.spark_session import JAVA_OPTIONS, quick_driver


@pytest.mark.parametrize(
    ("master", "before", "meanwhile"),
    [
        ("spark://host:7077", None, "-XX:TieredStopAtLevel=1"),
        ("yarn", None, "-XX:TieredStopAtLevel=1"),
        ("spark://host:7077", "-Xmx3g", "-Xmx3g"),
        ("spark://host:7077", "", ""),
        ("local[2]", None, None),
        ("", None, None),
        ("", "-Xmx3g", "-Xmx3g"),
    ],
)
def test_only_the_driver_of_a_cluster_has_an_option_and_only_if_the_user_has_none(
    monkeypatch: pytest.MonkeyPatch, master: str, before: str | None, meanwhile: str | None
) -> None:
    monkeypatch.delenv(JAVA_OPTIONS, raising=False)
    if before is not None:
        monkeypatch.setenv(JAVA_OPTIONS, before)
    with quick_driver(master):
        assert os.environ.get(JAVA_OPTIONS) == meanwhile
    assert os.environ.get(JAVA_OPTIONS) == before
