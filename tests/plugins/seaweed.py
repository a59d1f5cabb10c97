"""A real object store that enforces POST policies: SeaweedFS, one for the session."""

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from petrec.api.host.store import S3Store
from petrec.storage import BucketAddress, Credentials
from tests.plugins.ports import free_port
from tests.plugins.waiting import until

BUCKET, OTHER_BUCKET = "clinic-recordings", "other-recordings"
KEYS = Credentials("petrec-test-key", "petrec-test-secret")


@dataclass(frozen=True)
class Seaweed:
    """A running store with two buckets."""

    endpoint: str

    def store(self, **changes: Any) -> S3Store:
        place = BucketAddress(BUCKET, endpoint=self.endpoint, path_style=True)
        return S3Store(place, lambda: KEYS, **changes)

    def client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id=KEYS.access_key, aws_secret_access_key=KEYS.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object without a form."""
        client = self.client()
        client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)
        client.close()


def upload(url: str, fields: Mapping[str, str], content: bytes) -> httpx.Response:
    """Send a form as the app does: the fields, then the file."""
    files = {"file": ("a.m4a", content)}
    return httpx.post(url, data=dict(fields), files=files, timeout=30, verify=False)


@contextmanager
def losing_deletions(seaweed: Seaweed, most: int) -> Iterator[str]:
    """Open a way to the store that ends without an answer for so many deletions."""
    place, left = seaweed.endpoint.partition("//")[2], [None] * most

    class Way(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            store = http.client.HTTPConnection(place, timeout=30)
            store.request(self.command, self.path, headers=dict(self.headers))
            with store.getresponse() as answer:
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
            store.close()

        def do_DELETE(self) -> None:
            if left:
                left.pop()
            else:
                self.do_HEAD()

    with ThreadingHTTPServer(("127.0.0.1", 0), Way) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    program = Path(sys.executable).parent / "weed"
    if not program.exists():
        pytest.skip("no SeaweedFS here")
    folder = Path(tempfile.mkdtemp(prefix="petrec-weed-"))
    process, port = _start(program, folder)
    try:
        until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        made = Seaweed(f"http://127.0.0.1:{port}")
        until(lambda: _make_buckets(made))
        yield made
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(program: Path, folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    # Each has a second port, for gRPC.
    master, volume, filer, s3 = (free_port(companion=10_000) for _ in range(4))
    identity = {
        "name": "petrec",
        "credentials": [{"accessKey": KEYS.access_key, "secretKey": KEYS.secret_key}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    flags = (
        f"-ip=127.0.0.1 -ip.bind=127.0.0.1 -dir={folder} -s3 -s3.port={s3} "
        "-s3.port.iceberg=0 -s3.port.lance=0 "
        f"-s3.config={config} -s3.iam=false -master.telemetry=false -volume.preStopSeconds=0 "
        f"-volume.max=20 -master.volumeSizeLimitMB=64 -master.port={master} "
        f"-volume.port={volume} -filer.port={filer}"
    )
    with (folder / "log").open("wb") as log:
        command = [str(program), "server", *flags.split()]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder), s3


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _make_buckets(made: Seaweed) -> bool:
    client = made.client()
    try:
        for bucket in (BUCKET, OTHER_BUCKET):
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=OTHER_BUCKET, Key="probe", Body=b"x")
    except client.exceptions.BucketAlreadyOwnedByYou:
        client.put_object(Bucket=OTHER_BUCKET, Key="probe", Body=b"x")
    except Exception:  # noqa: BLE001 the store is still starting
        return False
    finally:
        client.close()
    return True


Upload = Callable[[str, Mapping[str, str], bytes], httpx.Response]
