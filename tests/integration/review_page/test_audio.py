"""Sound of the recordings, played from a real store; only where it was asked for."""

import io
import re
import stat
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from petrec.operations.review import CaseFilter
from tests.plugins.case_files import decide, read_csv, write_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases
from tests.plugins.forks import Completed
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed
from tests.plugins.served import Serve
from tests.plugins.waiting import until

TOML = """
[serve.store]
bucket = "{bucket}"
endpoint = "{endpoint}"
path_style = true
"""
KIND = ("--kind", "missing_no_appointment")


def silence(seconds: int) -> bytes:
    """Return a recording of nothing, which every browser can play."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000 * seconds))
    return out.getvalue()


@dataclass
class Heard:
    """A clinic of which one case, by id, has its sound in the store; another is not uploaded."""

    clinic: Database
    store: Seaweed
    present: str
    absent: str
    pending: str

    def configure(self, home: Path) -> Path:
        """Write the settings of the store; returns their file."""
        file = home / "petrec.toml"
        file.write_text(TOML.format(bucket=BUCKET, endpoint=self.store.endpoint))
        return file

    def export(self, petrec: Petrec, home: Path, *arguments: str) -> Completed:
        self.configure(home)
        return petrec(
            "review", "export", *arguments, dsn=self.clinic.dsn,
            AWS_ACCESS_KEY_ID=KEYS.access_key, AWS_SECRET_ACCESS_KEY=KEYS.secret_key,
        )  # fmt: skip


@pytest.fixture(scope="module")
def heard(cluster: Cluster, seaweed: Seaweed) -> Iterator[Heard]:
    with databases(cluster) as make:
        clinic = make()
        rows = clinic.execute("""
            UPDATE recordings SET s3_key = 'réc ' || id || '.wav', status = 'uploaded'
            WHERE id IN (SELECT id FROM recordings WHERE pet_id IS NULL
                AND appointment_id IS NULL ORDER BY id LIMIT 3)
            RETURNING id::text, s3_key""")
        (present, key), (absent, _), (pending, _) = sorted(rows)
        clinic.execute("UPDATE recordings SET status = 'pending' WHERE id = %s", (pending,))
        seaweed.put(key, silence(2), "audio/wav")
        yield Heard(clinic, seaweed, present, absent, pending)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, with a network and a clock that a test may set."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def choose(page: Page, file: Path, recording: str) -> list[str]:
    """Open a page at one recording; returns what it will have asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    if page.get_by_label("Your name").is_visible():
        page.get_by_label("Your name").fill("Ada")
        page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type(recording)
    expect(page.locator("#found")).to_have_text("1 case")
    page.keyboard.press("Escape")
    return asked


def test_the_sound_plays_and_a_page_that_is_over_says_so(
    heard: Heard, petrec: Petrec, tmp_path: Path, page: Page
) -> None:
    ended = heard.export(petrec, tmp_path, "cases.html", "--audio", *KIND)
    assert ended.code == 0, ended.err
    assert "anyone who has the files can play the recordings until" in " ".join(ended.out.split())
    file = tmp_path / "cases.html"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    source = f"{heard.store.endpoint}/{BUCKET}/"
    assert f"; media-src {source}; " in file.read_text()

    asked = choose(page, file, heard.present)
    assert asked == [file.as_uri()]
    page.keyboard.press("p")
    until(lambda: page.evaluate("document.getElementById('sound').currentTime > 0.1"))
    assert {url.startswith(source) for url in asked[1:]} == {True}
    page.keyboard.press("p")
    assert page.evaluate("document.getElementById('sound').paused")

    choose(page, file, heard.absent)
    page.keyboard.press("p")
    expect(page.locator(".sound [role=status]")).to_contain_text("cannot be played here")
    choose(page, file, heard.pending)
    expect(page.locator(".sound")).to_contain_text("There is no sound")

    page.clock.set_fixed_time("2099-01-01")
    asked = choose(page, file, heard.present)
    expect(page.locator(".sound")).to_contain_text("could be played until")
    page.keyboard.press("p")
    assert (page.locator("audio").count(), len(asked)) == (0, 1)


def test_a_served_page_plays_what_it_links_whenever_a_case_is_read(
    heard: Heard, serving: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: Page
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    cases = CaseFilter(kinds=("missing_no_appointment",))
    served = serving(heard.clinic, cases, heard.configure(tmp_path), audio=True)
    shown = served.client.get("/").text
    assert f"; media-src {heard.store.endpoint}/{BUCKET}/; " in shown
    [(linked,)] = heard.clinic.execute("""SELECT count(*) FROM recordings WHERE pet_id IS NULL
        AND appointment_id IS NULL AND status <> 'pending' AND s3_key IS NOT NULL""")
    assert shown.count("X-Amz-Signature") == linked > 1
    # A case that has changed since the page was read comes with a link of its own.
    looked = served.look("a", recording_id=heard.present, state="another")
    assert httpx.get(looked["case"]["audio"]).content == silence(2)

    page.goto(served.guard.address)
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type(heard.present)
    expect(page.locator("#found")).to_have_text("1 case")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    until(lambda: page.evaluate("document.getElementById('sound').currentTime > 0.1"))
    assert "X-Amz-Signature" not in serving(heard.clinic, cases).client.get("/").text


def test_tables_link_the_sound_and_are_imported(
    heard: Heard, petrec: Petrec, tmp_path: Path
) -> None:
    names = ("cases.csv", "cases.xlsx")
    (tmp_path / "cases.csv").touch(0o644)
    for _ in range(2):  # An export without decisions is replaced.
        assert heard.export(petrec, tmp_path, *names, "--audio", *KIND).code == 0
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names} == {0o600}
    rows = {row["recording_id"]: row for row in read_csv(tmp_path / "cases.csv")}
    assert httpx.get(rows[heard.present]["audio"]).content == silence(2)
    assert httpx.get(rows[heard.absent]["audio"]).status_code == 404
    assert rows[heard.pending]["audio"] == ""
    sheet = load_workbook(tmp_path / "cases.xlsx").worksheets[1]
    header, *cells = sheet.iter_rows()
    about, sound = ([c.value for c in header].index(name) for name in ("recording_id", "audio"))
    links = {row[about].value: row[sound].hyperlink for row in cells}
    assert httpx.get(str(links[heard.present].target)).content == silence(2)
    assert links[heard.pending] is None
    file = decide(write_csv(tmp_path / "decided.csv", list(rows.values())))
    planned = petrec("review", "import", file.name, dsn=heard.clinic.dsn)
    assert planned.code == 0, planned.out


def test_without_being_asked_no_file_has_a_link(
    heard: Heard, petrec: Petrec, tmp_path: Path
) -> None:
    files = ("cases.html", "cases.csv", "cases.xlsx")
    assert heard.export(petrec, tmp_path, *files, *KIND).code == 0
    for name in files[:2]:
        text = (tmp_path / name).read_text()
        assert not re.search(rf"X-Amz|{KEYS.access_key}|{heard.store.endpoint}|\.wav", text)
    for row in load_workbook(tmp_path / "cases.xlsx").worksheets[1].iter_rows():
        assert not any(cell.hyperlink for cell in row)


def test_what_is_missing_is_named_and_no_file_is_written(
    heard: Heard, petrec: Petrec, tmp_path: Path
) -> None:
    ended = petrec("review", "export", "a.html", "--audio", dsn=heard.clinic.dsn)
    assert (ended.code, "no bucket is configured" in ended.err) == (2, True)
    toml = TOML.format(bucket=BUCKET, endpoint=heard.store.endpoint)
    (tmp_path / "petrec.toml").write_text(toml)
    ended = petrec("review", "export", "a.html", "--audio", dsn=heard.clinic.dsn)
    assert (ended.code, "AWS_ACCESS_KEY_ID" in ended.err) == (2, True)
    (tmp_path / "petrec.toml").write_text(f'{toml}[mapping]\nignore = ["recordings.s3_key"]\n')
    ended = petrec(
        "review", "export", "a.html", "--audio", dsn=heard.clinic.dsn,
        AWS_ACCESS_KEY_ID=KEYS.access_key, AWS_SECRET_ACCESS_KEY=KEYS.secret_key,
    )  # fmt: skip
    assert (ended.code, "has no column s3_key" in " ".join(ended.err.split())) == (2, True)
    assert not (tmp_path / "a.html").exists()
