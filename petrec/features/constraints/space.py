"""Whether the disk has space for the builds: PostgreSQL stops if its WAL fills the disk."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.errors import NoRoomError
from petrec.features.constraints.disk import STATED, DiskNeed, FileSystem, as_size
from petrec.features.constraints.result import ConstraintsPlan
from petrec.features.constraints.state import Step
from petrec.phrases import Phrase, Phrased
from petrec.postgres.disk import Places, find_places, sort_memory

# The size of an entry in memory during a sort, relative to the entry itself.
_IN_MEMORY = 3


def measure_space(
    connection: Connection, steps: Iterable[Step], free_space: int | None
) -> DiskNeed:
    """Return what the builds among the steps need, and what is free.

    `free_space` in bytes is what the caller says; without it, free space is measured if the
    server's directory is on this machine.
    """
    builds = [step.index_bytes for step in steps if step.index_bytes]
    if not builds:
        return DiskNeed()
    largest = max(builds)
    sort = largest if largest * _IN_MEMORY > sort_memory(connection) else 0
    needs = DiskNeed(sum(builds), sort, largest)
    if free_space is not None:
        rooms: tuple[FileSystem, ...] = (FileSystem(STATED, needs.total, free_space),)
    else:
        places = find_places(connection)
        rooms = _file_systems(needs, places) if places is not None else ()
    return DiskNeed(needs.indexes, needs.sort, needs.wal, rooms)


def with_space(
    connection: Connection, plan: ConstraintsPlan, free_space: int | None
) -> ConstraintsPlan:
    """Return the plan together with what its builds need and what is free."""
    return replace(plan, space=measure_space(connection, plan.steps, free_space))


def refuse_without_room(space: DiskNeed) -> None:
    """Errors: NoRoomError where a file system has less than the builds need."""
    room = space.lacking
    if room is None:
        return
    stated = room.place == STATED
    raise NoRoomError(
        f"the builds need up to {as_size(room.needed)} of disk, and {room.sentence}",
        hint=Phrased(Phrase.MAKE_ROOM if stated else Phrase.MAKE_ROOM_OR_STATE),
    )


def _file_systems(needs: DiskNeed, places: Places) -> tuple[FileSystem, ...]:
    """Return the space of each file system; a sort may use any of its places, so each counts."""
    wanted = [(places.indexes, needs.indexes), (places.wal, needs.wal)]
    wanted += [(path, needs.sort) for path in places.sorts]
    found: dict[int, FileSystem] = {}
    try:
        for path, needed in wanted:
            device = path.stat().st_dev
            before = found.get(device, FileSystem(str(path), 0, _free(path)))
            found[device] = FileSystem(before.place, before.needed + needed, before.free)
    except OSError:
        return ()
    return tuple(found.values())


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free
