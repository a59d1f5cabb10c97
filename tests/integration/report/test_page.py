"""The page in a real browser: no network, no script, nothing that a name in the data could do."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from petrec.features.report.result import (
    BackfillMark,
    FindingExample,
    Movement,
    ReportResult,
    TrendPoint,
)
from petrec.features.report.verdict import judge
from tests.plugins.report_pages import EVIL, email_of, page_of

MOST_HTML, MOST_EMAIL = 300_000, 100_000


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a page from a file, offline; whatever it tries or complains of fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_page(text: str, **options: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(text)
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: complaints.extend({request.url} - {path.as_uri()}),
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.few(1)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_and_readable_in_each_scheme(
    visit: Callable[..., Any], sample: ReportResult, scheme: str
) -> None:
    page = visit(page_of(sample), color_scheme=scheme, viewport={"width": 1000, "height": 800})
    assert page.inner_text("h1") == sample.verdict.sentence
    assert page.locator("svg.chart").count() == 4
    assert page.locator("svg.spark:not(.bar)").count() == 9
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(244, 246, 248)"
    assert dark == (scheme == "dark")
    assert unreadable(page) == []


@pytest.mark.few(2)
@pytest.mark.parametrize("width", [320, 360, 700, 1000])
def test_no_sideways_scrolling(visit: Callable[..., Any], sample: ReportResult, width: int) -> None:
    page = visit(page_of(sample), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_charts_stay_within_their_frames(visit: Callable[..., Any], sample: ReportResult) -> None:
    """A label that runs out of the drawing would be cut off."""
    page = visit(page_of(sample), viewport={"width": 1000, "height": 800})
    outside = """[...document.querySelectorAll('svg.chart text')].filter(t => {
        const b = t.getBBox(), v = t.ownerSVGElement.viewBox.baseVal;
        return b.x < 0 || b.y < 0 || b.x + b.width > v.width || b.y + b.height > v.height;
    }).map(t => t.textContent)"""
    assert page.evaluate(outside) == []


@pytest.mark.few(1)
@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_cuts_no_number_of_a_chart(
    visit: Callable[..., Any], sample: ReportResult, width: int
) -> None:
    """10M that lost its first letters would be 0M."""
    trend = points([10_000_000 + n for n in range(30)] + [12_345_678])
    shown = msgspec.structs.replace(sample, trend=trend, verdict=judge(trend))
    page = visit(page_of(shown), viewport={"width": width, "height": 800})
    cut = """[...document.querySelectorAll('svg.findings text, svg.moves text')].filter(text => {
        const box = text.getBoundingClientRect(), card = text.closest('section');
        const {left, right} = card.getBoundingClientRect();
        const clips = getComputedStyle(text.closest('figure')).overflowX !== 'visible';
        return box.width && (clips || box.left < left || box.right > right);
    }).map(text => text.textContent)"""
    assert page.evaluate(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_prints_light_on_few_pages(visit: Callable[..., Any], sample: ReportResult) -> None:
    page = visit(page_of(sample), color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pdf = page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 5


def unreadable(page: Any) -> list[str]:
    """Return the texts whose contrast with their card is under 4.5 (WCAG AA)."""
    script = """() => {
        const light = c => { const [r,g,b] = c.match(/[\\d.]+/g).slice(0,3).map(v => {
            v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 });
            return .2126 * r + .7152 * g + .0722 * b };
        const ground = e => { while (e) { const c = getComputedStyle(e).backgroundColor;
            if (!c.endsWith(', 0)')) return c; e = e.parentElement } return 'rgb(255,255,255)' };
        return [...document.querySelectorAll('p,dt,dd,th,td,h1,h2,small,code,text')]
          .filter(e => e.textContent.trim() && !e.children.length).filter(e => {
            const s = getComputedStyle(e), own = e.tagName == 'text' ? s.fill : s.color;
            const [a, b] = [light(own), light(ground(e))].sort((x, y) => y - x);
            return (a + .05) / (b + .05) < 4.5 }).map(e => e.className + e.textContent) }"""
    return list(page.evaluate(script))


def evil(sample: ReportResult) -> ReportResult:
    examples = tuple(FindingExample(e.kind, EVIL, EVIL, EVIL, EVIL, EVIL) for e in sample.examples)
    audit = msgspec.structs.replace(sample.audit, table=EVIL, database=EVIL)
    marks = (BackfillMark(1, sample.trend[5].day, EVIL, 3),)
    return msgspec.structs.replace(
        sample, audit=audit, examples=examples, history=EVIL, backfills=marks
    )


def test_names_are_inert(visit: Callable[..., Any], sample: ReportResult) -> None:
    text = page_of(evil(sample))
    assert "<script" not in text
    page = visit(text)
    assert page.title() != "owned"
    assert page.locator("script, img, iframe, object, embed").count() == 0
    assert page.locator("td", has_text="<script>").count() > 10
    mail = visit(email_of(evil(sample)))
    assert mail.locator("script, img").count() == 0


def test_the_page_asks_for_nothing_from_outside(sample: ReportResult) -> None:
    text = page_of(sample)
    outward = re.findall(r"""(?:src|href|url|@import|srcset)\s*[=(](?!"#)""", text)
    assert outward == []
    assert set(re.findall(r"https?://[^\"<\s]+", text)) == {"http://www.w3.org/2000/svg"}
    mail = email_of(sample)
    assert not re.findall(r"<(svg|style|link|img|script)|https?://|class=", mail)


def test_drawings_are_well_formed_and_named(sample: ReportResult) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", page_of(sample)):
        root = ET.fromstring(drawing)
        if root.get("aria-hidden") != "true":
            assert root.get("role") == "img"
            ids = [child.get("id") for child in root[:2]]
            assert root.get("aria-labelledby") == " ".join(map(str, ids))
            assert all(child.text for child in root[:2])


def points(values: list[int], step: int = 1) -> tuple[TrendPoint, ...]:
    first = date(2025, 1, 1)
    return tuple(
        TrendPoint(first + timedelta(days=n * step), v, {"mismatched": v}, v % 7, v % 5, v % 3)
        for n, v in enumerate(values)
    )


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "values",
    [[0], [5], [0, 0], [7] * 30, list(range(120)), [10**9 - n for n in range(120)], [3, 0] * 60],
    ids=["none", "one", "clean", "steady", "worse", "billions", "jumpy"],
)
def test_any_history_can_be_drawn(
    visit: Callable[..., Any], sample: ReportResult, values: list[int]
) -> None:
    trend = points(values)
    marks = tuple(BackfillMark(n, p.day, "backfill", 10**6) for n, p in enumerate(trend[-12:]))
    shown = msgspec.structs.replace(
        sample, trend=trend, verdict=judge(trend), backfills=marks, moved=None, compared_with=None
    )
    text = page_of(shown)
    assert "nan" not in text.lower().replace("financ", "")
    assert len(text.encode()) < MOST_HTML
    assert len(email_of(shown).encode()) < MOST_EMAIL
    page = visit(text, viewport={"width": 1000, "height": 800})
    assert page.inner_text("h1") == shown.verdict.sentence


def test_size_does_not_grow_with_the_findings(sample: ReportResult) -> None:
    kinds = tuple(
        msgspec.structs.replace(k, count=k.count * 10_000_000) for k in sample.audit.kinds
    )
    audit = msgspec.structs.replace(sample.audit, kinds=kinds, total=sample.audit.total * 10**7)
    moved = {k.id: Movement(10**9, 10**9, 10**9) for k in kinds}
    names = tuple(FindingExample(k.id, "x" * 36, "x" * 16, "x" * 120, "x" * 120, "x" * 120)
                  for k in kinds for _ in range(2))  # fmt: skip
    full = msgspec.structs.replace(
        sample, audit=audit, moved=moved, examples=names, trend=points([10**9] * 120)
    )
    assert len(page_of(full).encode()) < MOST_HTML
    assert len(email_of(full).encode()) < MOST_EMAIL
