"""What is wrong with an upload, and what settles it: the row beside the stored object."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from petrec.features.runs.edits import Edit
from petrec.features.uploads.candidates import UploadRow
from petrec.schema import FAILED, UploadState
from petrec.storage.metadata import completed, is_noted_cancelled, noted_etag
from petrec.storage.objects import ObjectRefusedError, StoredObject, patiently

Head = Callable[[str], StoredObject | None]

_AT_ONCE = 16


class UploadFinding(StrEnum):
    """What may be wrong with an upload."""

    EXPIRED = "expired"
    ARRIVED = "arrived"
    UNPROCESSED = "unprocessed"
    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    UNREADABLE = "unreadable"
    CANCELLED = "cancelled"

    @property
    def sentence(self) -> str:
        """Return what it means."""
        return _MEANS[self]

    @property
    def settlement(self) -> str:
        """Return what settles it."""
        return _SETTLES[self]


_MEANS = {
    UploadFinding.EXPIRED: "pending, its form has expired, no file has arrived",
    UploadFinding.ARRIVED: "pending, its file has arrived, nobody completed it",
    UploadFinding.UNPROCESSED: "uploaded, nothing processes it",
    UploadFinding.FILE_MISSING: "uploaded, its file is gone from the store",
    UploadFinding.FILE_CHANGED: "its file is not the one that was uploaded",
    UploadFinding.UNREADABLE: "the store does not say whether it has its file",
    UploadFinding.CANCELLED: "cancelled, its file is still in the store",
}
_SETTLES = {
    UploadFinding.EXPIRED: "status failed",
    UploadFinding.ARRIVED: "status uploaded, size, time and ETag of the file; announced",
    UploadFinding.UNPROCESSED: "announced again",
    UploadFinding.FILE_MISSING: "status failed",
    UploadFinding.FILE_CHANGED: "left for a person",
    UploadFinding.UNREADABLE: "left for a person",
    UploadFinding.CANCELLED: "file deleted, which nothing undoes",
}


LEFT = frozenset({UploadFinding.FILE_CHANGED, UploadFinding.UNREADABLE})


@dataclass(frozen=True)
class JudgedUpload:
    """A recording, what is wrong with its upload, and the stored object if there is one."""

    candidate: UploadRow
    finding: UploadFinding
    stored: StoredObject | None

    @property
    def is_announced(self) -> bool:
        """Return whether the upload is announced to listeners when it is settled."""
        return self.finding in {UploadFinding.ARRIVED, UploadFinding.UNPROCESSED}

    def edit(self) -> Edit | None:
        """Return what a run writes; None where nothing is written."""
        wanted: dict[str, str | None]
        match self.finding:
            case UploadFinding.EXPIRED | UploadFinding.FILE_MISSING:
                wanted = {"status": FAILED}
            case UploadFinding.ARRIVED if self.stored is not None:
                wanted = _completed(self.candidate, self.stored)
            case _:
                return None
        row = self.candidate
        names = ("status", "s3_key", "updated_at", "recording_metadata")
        expected = {name: getattr(row, name) for name in names}
        return Edit(row.key, self.finding, expected, wanted)


def _completed(row: UploadRow, stored: StoredObject) -> dict[str, str | None]:
    """Return what a completion would note that knows nothing but the stored object."""
    arrived = {"uploaded_at": stored.modified.isoformat()} if stored.modified else {}
    return {
        "status": UploadState.UPLOADED,
        "file_size_bytes": str(stored.size),
        "recording_metadata": completed(row.recording_metadata, stored.etag),
        **arrived,
    }


def judge_uploads(
    candidates: Sequence[UploadRow], head: Head, max_bytes: int
) -> Iterator[JudgedUpload]:
    """Yield what is found; several objects at once. Errors: StorageUnavailableError."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        objects = pool.map(partial(_ask, head), candidates)
        for candidate, stored in zip(candidates, objects, strict=True):
            if isinstance(stored, ObjectRefusedError):
                yield JudgedUpload(candidate, UploadFinding.UNREADABLE, None)
            elif (finding := _finding(candidate, stored, max_bytes)) is not None:
                yield JudgedUpload(candidate, finding, stored)


def _ask(head: Head, candidate: UploadRow) -> StoredObject | ObjectRefusedError | None:
    """Return what the store knows of the file of a recording, or that it refuses to tell."""
    try:
        return patiently(partial(head, candidate.s3_key)) if candidate.s3_key else None
    except ObjectRefusedError as error:
        return error


def _finding(
    candidate: UploadRow, stored: StoredObject | None, max_bytes: int
) -> UploadFinding | None:
    if candidate.status == UploadState.PENDING:
        if stored is None:
            return UploadFinding.EXPIRED
        fits = candidate.mime_type in {None, stored.content_type} and 0 < stored.size <= max_bytes
        return UploadFinding.ARRIVED if fits else UploadFinding.FILE_CHANGED
    if candidate.status == FAILED:
        is_noted = is_noted_cancelled(candidate.recording_metadata)
        return UploadFinding.CANCELLED if is_noted and stored is not None else None
    # A row without a key may be of a time before uploads went to this store.
    if candidate.s3_key and stored is None:
        return UploadFinding.FILE_MISSING
    if stored and noted_etag(candidate.recording_metadata) not in {None, stored.etag}:
        return UploadFinding.FILE_CHANGED
    return None if candidate.is_processed else UploadFinding.UNPROCESSED
