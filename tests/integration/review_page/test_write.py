"""What the file holds, without a browser."""

import io
import json
import re
import tracemalloc
from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.review.case import Case
from petrec.features.review.page import write_page
from petrec.features.review.page.assets import SCRIPTS, encode_json, page_script
from petrec.rules import KINDS, Repair
from tests.integration.review_page.samples import HOSTILE, case, clinic


def written(*cases: Case, title: str = "To review") -> str:
    out = io.StringIO()
    assert write_page(cases, out, title=title, exported_at="now") == len(cases)
    return out.getvalue()


def embedded(page: str) -> list[Case]:
    block = page.split('id="cases">\n')[1].split("</script>", maxsplit=1)[0]
    return [msgspec.json.decode(line, type=Case) for line in block.splitlines()]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_in_a_script_block_is_inert_and_comes_back(text: str) -> None:
    encoded = encode_json([text])
    assert json.loads(encoded) == [text]
    assert not set(encoded) & set("<>&\n\r\u2028\u2029")


def test_cases_come_back_one_a_line() -> None:
    cases = [*clinic(30), case(99, names=HOSTILE)]
    assert embedded(written(*cases)) == cases
    assert embedded(written()) == []


def test_markup_in_the_title_is_text() -> None:
    page = written(title="<b>Q&A</b> $script $cases")
    assert "<title>&lt;b&gt;Q&amp;A&lt;/b&gt; $script $cases</title>" in page
    assert "<b>" not in page


def test_the_policy_allows_nothing_from_elsewhere() -> None:
    page = written(case(1))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy[1]
    assert set(rules) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    assert not re.search(r"""(?:src|href)=["'](?!#)|https?://|@import|url\(""", page)


def test_every_kind_of_a_review_has_a_name_and_a_sentence() -> None:
    reviewed = [kind for kind in KINDS if kind.repair is Repair.REVIEW]
    page = written()
    for kind in reviewed:
        assert f"  {kind.id}: " in page_script()
        assert encode_json(kind.sentence) in page


def test_every_script_is_part_of_the_page() -> None:
    from importlib.resources import files

    there = {
        file.name for file in files("petrec.features.review.page").joinpath("script").iterdir()
    }
    assert there == {f"{name}.js" for name in SCRIPTS}


class Discarded(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def test_memory_stays_constant() -> None:
    def peak(size: int) -> int:
        tracemalloc.start()
        assert write_page(clinic(size), Discarded(), title="", exported_at="") == size
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)
    assert peak(4000) < peak(200) + 100_000


def test_nothing_is_written_ahead_of_the_cases() -> None:
    """Each case is asked for when the one before is written."""
    out = io.StringIO()

    def cases() -> Iterator[Case]:
        for number in range(3):
            yield case(number)
            assert f'"rec-{number:05}"' in out.getvalue()

    assert write_page(cases(), out, title="", exported_at="") == 3
