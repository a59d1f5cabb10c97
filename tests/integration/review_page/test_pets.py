"""Any pet of the practice is found by its name and its owner's, where a case allows any pet."""

import json
import re
from pathlib import Path

import msgspec
from playwright.sync_api import expect

from petrec.features.review.case import Verdict
from petrec.features.review.observed import SeenPet
from petrec.features.review.page import write_page
from tests.integration.review_page.samples import HOSTILE, case
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.pages import Open, Opened

PETS = [
    SeenPet("pet-100", "Zoë", "Cat, born 2019-03-05", owner_name="Søren Müller"),
    SeenPet("pet-101", "Zoe", "Dog", owner_name="Ann Lee"),
    SeenPet("pet-102", "Azoe", owner_name="Ann Lee"),
    *(SeenPet(f"pet-{n}", f"Same {n}") for n in range(200, 220)),
    SeenPet("pet-300", HOSTILE[1], owner_name=HOSTILE[0]),
]


def open_page(opened: Open, tmp_path: Path) -> Opened:
    """Open two cases, both of which allow any pet."""
    file = tmp_path / "cases.html"
    cases = [msgspec.structs.replace(case(n), open=Verdict.ASSIGN) for n in (0, 4)]
    with file.open("w", encoding="utf-8") as out:
        write_page(cases, out, title="To review", exported_at="now", pets=PETS)
    return opened(file)


def search(page: Opened, text: str) -> list[str]:
    """Search by the key `o`; returns the names of the buttons."""
    page.press("o")
    page.page.keyboard.type(text)
    page.press("Enter")
    expect(page.page.locator(".found button").first).to_be_focused()
    return page.page.locator(".found button").all_inner_texts()


def test_a_pet_is_found_by_name_and_owner_without_accents(opened: Open, tmp_path: Path) -> None:
    page = open_page(opened, tmp_path)
    assert search(page, "zoe") == [
        "Zoë\nCat, born 5 Mar 2019, owner Søren Müller", "Zoe\nDog, owner Ann Lee",
        "Azoe\nowner Ann Lee",
    ]  # fmt: skip
    page.press("Escape")
    assert search(page, "MULLER zoe") == ["Zoë\nCat, born 5 Mar 2019, owner Søren Müller"]
    page.press("Enter")
    assert page.text("#last-text strong") == "Zoë"
    page.press("k")
    assert page.text("#verdict strong") == "Zoë"
    made = json.loads(page.download().read_text())["decisions"]
    assert [(one["pet_id"], one["verdict"]) for one in made] == [("pet-100", "assign")]


def test_many_are_cut_and_none_is_told(opened: Open, tmp_path: Path) -> None:
    page = open_page(opened, tmp_path)
    assert len(search(page, "same")) == 8
    assert page.text(".found p") == "12 more pets: type more of the name"
    page.press("Escape")
    assert search(page, "<script>") == [f"{HOSTILE[1]}\nowner {HOSTILE[0]}"]
    page.press("Escape")
    assert search(page, "of another system") == ["Use it as an id\nof another system"]
    page.press("Enter")
    assert page.text("#last-text strong") == "of another system"


def pets_in(file: Path) -> dict[str, list[str]]:
    block = file.read_text().split('id="pets">\n')[1].split("</script>", maxsplit=1)[0]
    return {line[0]: line for line in map(json.loads, block.splitlines())}


def test_a_file_has_the_pets_of_its_own_practice(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("""
        ALTER TABLE pets ADD COLUMN birth_date date, ADD COLUMN weight_kg numeric(5, 1);
        UPDATE pets SET birth_date = '2019-03-05', weight_kg = 4.5""")
    clinic.execute("""
        UPDATE recordings SET recorded_by_user_id = (SELECT u.id FROM users u ORDER BY
            u.practice_id DESC, u.id LIMIT 1) WHERE id = (SELECT min(id::text) FROM recordings
            WHERE pet_id IS NULL AND appointment_id IS NULL)::uuid""")
    split = ("--split", "practice", "--format", "json", "--kind", "missing_no_appointment")
    made = petrec("review", "export", "a.html", *split, dsn=clinic.dsn)
    assert made.code == 0, made.err
    files = json.loads(made.out)["files"]
    assert len(files) > 1
    for name in files:
        practice = re.sub(r"^a-|\.html$", "", name)
        listed = clinic.execute(
            """SELECT DISTINCT p.id::text, p.name, o.full_name FROM pets p
            LEFT JOIN pet_owners o ON o.id = p.owner_id
            JOIN appointment_pets l ON l.pet_id = p.id JOIN appointments a
            ON a.id = l.appointment_id WHERE a.practice_id::text = %s""",
            (practice,),
        )
        found = pets_in(tmp_path / name)
        assert {(pet[0], pet[1], pet[3]) for pet in found.values()} == set(listed)
        assert {pet[2].endswith("born 2019-03-05, 4.5 kg") for pet in found.values()} == {True}


def test_a_file_without_an_open_case_has_no_pets(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    made = petrec("review", "export", "a.html", "--kind", "missing_ambiguous", dsn=clinic.dsn)
    assert (made.code, pets_in(tmp_path / "a.html")) == (0, {})
