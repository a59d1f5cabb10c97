"""The real command over a real socket, with a real object store."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.plugins import guide
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import MakeDatabase
from tests.plugins.forks import Forks
from tests.plugins.ports import free_port
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed, upload
from tests.plugins.waiting import until

SECRET = "a-shared-secret-of-more-than-32-bytes!"
TOML = """
[serve]
metrics = true
telemetry = {telemetry}
drain_s = {drain_s}
[serve.token]
algorithms = ["HS256"]
audience = "petrec"
[serve.store]
bucket = "{bucket}"
endpoint = "{endpoint}"
path_style = true
"""
API = "/api/v1"


def bearer(sub: str = guide.VET, **claims: Any) -> dict[str, str]:
    content = {"sub": sub, "aud": "petrec", "exp": int(time.time()) + 600} | claims
    return {"Authorization": f"Bearer {jwt.encode(content, SECRET, 'HS256')}"}


class Served:
    """A running `petrec serve`."""

    def __init__(
        self, folder: Path, forks: Forks, dsn: str, endpoint: str, *options: str, drain_s: int = 30,
        otel: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        telemetry = "false" if otel is None else "true"
        toml = TOML.format(bucket=BUCKET, endpoint=endpoint, drain_s=drain_s, telemetry=telemetry)
        (folder / "petrec.toml").write_text(toml)
        self.log = folder / "log"
        port = free_port()
        env = environment(
            PETREC_DATABASE_URL=dsn, PETREC_JWT_KEY=SECRET,
            AWS_ACCESS_KEY_ID=KEYS.access_key, AWS_SECRET_ACCESS_KEY=KEYS.secret_key,
            **(otel or {}),
        )  # fmt: skip
        command = ("serve", "--port", str(port), *options)
        with self.log.open("w") as log:
            self.process = forks.start(command, folder, env, out=log.fileno(), err=log.fileno())
        # Nothing is encrypted, and certificates take longer to load than a request.
        address = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=address, timeout=30, verify=False)
        until(lambda: self.process.poll() is not None or self._answers())
        assert self.process.poll() is None, self.log.read_text()

    def _answers(self) -> bool:
        try:
            return self.http.get(f"{API}/health").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        said = self.log.read_text()
        assert "Warning" not in said, said
        assert "Traceback" not in said, said
        return code


@pytest.fixture
def serve(tmp_path: Path, forks: Forks) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(dsn: str, endpoint: str, *options: str, **more: Any) -> Served:
        made.append(Served(tmp_path, forks, dsn, endpoint, *options, **more))
        return made[-1]

    yield start
    for each in made:
        each.http.close()
        each.process.close()


def test_an_upload_from_start_to_end(
    database: MakeDatabase, seaweed: Seaweed, serve: Callable[..., Served]
) -> None:
    base = guide.fill(database("text_ids"))
    served = serve(base.dsn, seaweed.endpoint)
    http, me = served.http, bearer()
    anonymous = http.get(f"{API}/recordings/")
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"] == "Bearer"
    assert anonymous.json()["error_code"] == "not_authenticated"
    assert http.get(f"{API}/recordings/", headers=bearer("nobody")).status_code == 401

    made = http.post(f"{API}/recordings/upload/initiate", json=guide.INITIATE, headers=me).json()
    completion = f"{API}/recordings/upload/complete/{made['recording_id']}"
    body = {"file_size_bytes": 5, "duration_seconds": 1.5}
    missing = http.post(completion, json=body, headers=me)
    assert (missing.status_code, missing.json()["error_code"]) == (409, "upload_missing")
    sent = upload(made["upload_url"], made["upload_fields"], b"sound")
    assert sent.status_code in (200, 201, 204)
    other = http.post(completion, json=body | {"file_size_bytes": 6}, headers=me)
    assert (other.status_code, other.json()["error_code"]) == (409, "upload_differs")
    assert http.post(completion, json=body, headers=me).json()["status"] == "completed"
    listed = http.get(f"{API}/recordings/?secret=in-the-query", headers=me).json()
    assert made["recording_id"] in {row["id"] for row in listed}
    path = f"{API}/recordings/{made['recording_id']}/audio"
    answer = http.get(path, headers=me | {"X-Request-ID": "proxy-7"})
    assert answer.headers["x-request-id"] == "proxy-7"
    heard = answer.json()["audio_url"]
    assert httpx.get(heard).content == b"sound"
    assert [http.get(page).status_code for page in ("/docs", "/redoc")] == [404, 404]
    counted = http.get("/metrics").text
    assert 'method="POST",route="/api/v1/recordings/upload/initiate"' in counted
    assert made["recording_id"] not in counted
    assert served.stop() == 0
    log = served.log.read_text()
    assert "GET /api/v1/recordings/ 200" in log
    for secret in (SECRET, KEYS.secret_key, me["Authorization"][7:], "in-the-query",
                   made["upload_fields"]["x-amz-signature"], heard.partition("?")[2]):  # fmt: skip
        assert secret not in log


def test_a_database_that_comes_back(
    private_cluster: Callable[[], Cluster], serve: Callable[..., Served]
) -> None:
    cluster = private_cluster()
    served = serve(f"postgresql://postgres@127.0.0.1:{cluster.port}/postgres", "http://127.0.0.1:9")
    ready = lambda: served.http.get(f"{API}/ready")  # noqa: E731
    assert ready().json()["error_code"] == "not_ready"
    cluster.stop()
    down = served.http.get(f"{API}/recordings/", headers=bearer())
    assert (down.status_code, down.json()["error_code"]) == (503, "database_unavailable")
    cluster.start_again()
    until(lambda: ready().json()["error_code"] == "not_ready")
    assert served.stop() == 0


@pytest.mark.parametrize(
    ("toml", "env", "said"),
    [
        ("", {}, "bucket"),
        ("", {"workers": "2"}, "bucket"),
        ('[serve.store]\nbucket = "abc"', {}, "AWS_ACCESS_KEY_ID"),
        ('[serve.store]\nbucket = "abc"\n[serve.token]\naudience = "a"',
         {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "PETREC_JWT_KEY"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    petrec: Petrec, tmp_path: Path, toml: str, env: dict[str, str], said: str
) -> None:
    (tmp_path / "petrec.toml").write_text(toml)
    ended = petrec("serve", "--workers", env.pop("workers", "1"), **env)
    assert ended.code == 2
    assert said in ended.err
