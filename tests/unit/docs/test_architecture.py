"""The page of the architecture leads to what is there, and knows every floor."""

import re
import tomllib

from tests.plugins.command import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_path_named_exists() -> None:
    paths = set(re.findall(r"\b(?:petrec|tests|migrations|tools|docs)/[\w/.]*\w", PAGE))
    assert len(paths) > 20
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def test_every_package_and_every_feature_has_its_place() -> None:
    for parent in ("petrec", "petrec/features"):
        packages = [each.parent.name for each in (ROOT / parent).glob("*/__init__.py")]
        assert packages
        assert sorted(name for name in packages if not re.search(rf"\b{name}\b", PAGE)) == []


def test_the_picture_has_the_floors_in_the_order_that_is_enforced() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [floors] = [c["layers"] for c in settings["tool"]["importlinter"]["contracts"] if "layers" in c]
    picture = PAGE.split("```text\n")[1].split("```")[0]
    features = picture.index("petrec/features")
    last, known = -1, 0
    for floor in floors:
        names = [part.removeprefix("petrec.").split(".") for part in floor.split(" | ")]
        found = [
            picture.find(f" {name[1]}", features) if name[1:] else picture.find(f"petrec/{name[0]}")
            for name in names
        ]
        places = [place for place in found if place >= 0]
        assert all(place > last for place in places), floor
        last, known = max([last, *places]), known + len(places)
    assert known > 20


def test_every_target_of_make_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", PAGE)) <= targets
