"""What builds need is held against what is free where they are built."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from petrec.errors import NoRoomError
from petrec.features.constraints import space
from petrec.features.constraints.disk import STATED, DiskNeed, FileSystem
from petrec.features.constraints.space import measure_space, refuse_without_room
from petrec.features.constraints.state import Step
from petrec.phrases import Phrase, Phrased
from petrec.postgres.disk import Places
from tests.plugins.catalogs import catalog, the

NOWHERE = cast(Connection, SimpleNamespace())


def build(size: int) -> Step:
    wanted = the("idx_recordings_pet_id", catalog())
    (step,) = wanted.apply(wanted.judge())
    return Step(step.object, step.statement, index_bytes=size)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Places:
    """Return directories of a server that sorts 300 bytes in memory and has 1,000 bytes free."""
    places = Places(tmp_path, (tmp_path / "sorts",), tmp_path / "wal")
    places.sorts[0].mkdir()
    places.wal.mkdir()
    monkeypatch.setattr(space, "sort_memory", lambda _: 300)
    monkeypatch.setattr(space, "find_places", lambda _: places)
    monkeypatch.setattr(space, "_free", lambda _: 1_000)
    return places


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("sizes", "needs"),
    [([], DiskNeed()), ([0], DiskNeed()), ([100, 0, 80], DiskNeed(180, 0, 100)),
     ([80, 101], DiskNeed(181, 101, 101))],
)  # fmt: skip
def test_indexes_stay_and_only_the_largest_is_sorted_and_logged(
    sizes: list[int], needs: DiskNeed
) -> None:
    rooms = (FileSystem(STATED, needs.total, 7),) if any(sizes) else ()
    expected = DiskNeed(needs.indexes, needs.sort, needs.wal, rooms)
    assert measure_space(NOWHERE, map(build, sizes), 7) == expected


def test_directories_of_one_disk_share_what_is_free(server: Places) -> None:
    found = measure_space(NOWHERE, map(build, [80, 101]), None)
    assert found.rooms == (FileSystem(str(server.indexes), 181 + 101 + 101, 1_000),)
    server.sorts[0].rmdir()
    assert measure_space(NOWHERE, map(build, [80, 101]), None).is_unknown


@pytest.mark.usefixtures("server")
def test_space_of_another_machine_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "find_places", lambda _: None)
    found = measure_space(NOWHERE, [build(100)], None)
    assert (found.is_unknown, found.rooms) == (True, ())
    refuse_without_room(found)


@pytest.mark.parametrize(
    ("place", "hint"), [(STATED, Phrase.MAKE_ROOM), ("/data", Phrase.MAKE_ROOM_OR_STATE)]
)
def test_builds_are_refused_where_they_do_not_fit(place: str, hint: Phrase) -> None:
    fits: Any = DiskNeed(1, 1, 1, (FileSystem("/wal", 9, 9), FileSystem(place, 2048, 2048)))
    refuse_without_room(fits)
    with pytest.raises(NoRoomError, match=r"up to 2\.0 kB of disk, and 1\.0 kB is free") as refused:
        refuse_without_room(
            DiskNeed(1, 1, 1, (FileSystem("/wal", 9, 9), FileSystem(place, 2048, 1024)))
        )
    assert refused.value.hint == Phrased(hint)
