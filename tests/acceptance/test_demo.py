"""The demo does the main job from nothing, and leaves a command line that works."""

import re
import tempfile

from tests.plugins.command import Petrec


def test_the_demo_repairs_a_clinic_and_shows_the_same_again(petrec: Petrec) -> None:
    with tempfile.TemporaryDirectory(prefix="petrec-demo-") as directory:
        try:
            shown = petrec("demo", "--size", "1000", "--dir", directory)
            assert shown.code == 0, shown.err
            before, after = re.findall(r"missing_inferable +│ +(\d+) ", shown.out)
            assert int(before) > 100
            assert after == "0"
            assert f"{before} recordings have their pet now" in shown.out
            found = re.search(r"export PETREC_DATABASE_URL='?([^'\n]+)", shown.err)
            assert found
            assert petrec("runs", "undo", "1", "--yes", dsn=found[1]).code == 0
            again = petrec("demo", "--size", "1000", "--dir", directory)
            assert drop_times(again.out) == drop_times(shown.out)
        finally:
            assert petrec("demo", "--remove", "--dir", directory).code == 0


def drop_times(shown: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|took .*rows/s", "", shown)
