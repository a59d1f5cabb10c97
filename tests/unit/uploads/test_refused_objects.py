"""A store that answers, but not about one object: that recording is left, no other is stopped."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from petrec.errors import StorageUnavailableError
from petrec.features.uploads.candidates import UploadRow
from petrec.features.uploads.judge import LEFT, UploadFinding, judge_uploads
from petrec.storage import BucketAddress, Credentials
from petrec.storage.objects import (
    ObjectRefusedError,
    StoredObject,
    delete_object,
    head_object,
    is_deleted,
)


class _Store(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path.rpartition("/")[2]))
        self.end_headers()

    def do_DELETE(self) -> None:
        self.do_HEAD()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def store() -> Iterator[BucketAddress]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Store) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        yield BucketAddress("sounds", endpoint=endpoint, path_style=True)
        server.shutdown()


def head(store: BucketAddress, key: str) -> StoredObject | None:
    return head_object(store, lambda: Credentials("key", "secret"), key)


@pytest.mark.parametrize("status", ["400", "403"])
def test_a_refusal_is_of_the_object(store: BucketAddress, status: str) -> None:
    with pytest.raises(ObjectRefusedError):
        head(store, status)


@pytest.mark.parametrize("status", ["429", "500", "503"])
def test_a_store_that_cannot_answer_now_is_unavailable(store: BucketAddress, status: str) -> None:
    with pytest.raises(StorageUnavailableError) as raised:
        head(store, status)
    assert not isinstance(raised.value, ObjectRefusedError)


def upload(key: str) -> UploadRow:
    return UploadRow(
        key=(key,), status="uploaded", s3_key=key, mime_type=None, recording_metadata=None,
        updated_at=None, pet_id=None, is_processed=True, since=None,
    )  # fmt: skip


def test_one_refused_object_stops_no_other_and_is_never_written(store: BucketAddress) -> None:
    rows = [upload("403"), upload("404")]
    refused, gone = judge_uploads(rows, lambda key: head(store, key), 1)
    assert (refused.finding, gone.finding) == (
        UploadFinding.UNREADABLE, UploadFinding.FILE_MISSING,
    )  # fmt: skip
    assert refused.edit() is None
    assert refused.finding in LEFT
    assert gone.edit() is not None


def test_an_answer_that_is_lost_is_asked_for_again(store: BucketAddress) -> None:
    lost = [*("503",) * 2, "204", *("503",) * 3, "403"]

    def remove(_: str) -> None:
        delete_object(store, lambda: Credentials("key", "secret"), lost.pop(0))

    assert is_deleted(remove, "a")
    with pytest.raises(StorageUnavailableError):
        is_deleted(remove, "b")
    assert not is_deleted(remove, "c")
    assert lost == []
