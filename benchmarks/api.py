"""The router beside bare FastAPI endpoints on psycopg: requests per second, each in uvicorn."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.clinics import server
from benchmarks.load import Load, ask, load, together
from tests.integration.api.test_plans import APPLIED
from tests.plugins.binaries import client_program
from tests.plugins.command import environment

ROUNDS = int(os.environ.get("PETREC_BENCH_ROUNDS", "15"))
SECONDS = float(os.environ.get("PETREC_BENCH_SECONDS", "2"))
TURNS = 10
CONNECTIONS = (1, 8, 32)
SLOWEST, LONGEST = 0.8, 1.5
CLINIC = Path(__file__).parent.parent / "tests" / "data" / "clinic.sql"
ROWS = """
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, file_size_bytes, duration_seconds, mime_type, s3_key,
  created_at, updated_at)
SELECT gen_random_uuid(), %(appointment)s, %(pet)s, %(user)s, 'visit_audio', 'uploaded',
  'rec.m4a', 'visit_recording.m4a', 2048576, 180.5, 'audio/mp4', 'recordings/rec.m4a',
  now() - n * interval '1 minute', now() FROM generate_series(1, 60) n
"""
CALLER = """
SELECT a.id::text AS appointment, a.practice_id::text AS practice, l.pet_id::text AS pet,
  (SELECT min(id::text) FROM users u WHERE u.practice_id = a.practice_id) AS user
FROM appointments a JOIN appointment_pets l ON l.appointment_id = a.id
WHERE EXISTS (SELECT FROM users u WHERE u.practice_id = a.practice_id) ORDER BY a.id LIMIT 1
"""


@dataclass(frozen=True)
class Compared:
    """The router beside the bare endpoint: requests per second, and the time of the slowest."""

    rate: float
    p99: float

    @property
    def holds(self) -> bool:
        """Return whether the router keeps both bounds."""
        return self.rate >= SLOWEST and self.p99 <= LONGEST


def run() -> None:
    """Compare both endpoints at each number of connections; errors: SystemExit beyond a bound."""
    with server() as cluster:
        requests = _prepare(cluster.dsn())
        with (
            _served("router_app", cluster.dsn()) as ours,
            _served("bare_app", cluster.dsn()) as bare,
        ):
            found = [
                _compare(f"{name}, {connections} connections", ours, bare, sent, connections)
                for name, sent in requests.items()
                for connections in CONNECTIONS
            ]
    if not all(one.holds for one in found):
        raise SystemExit(
            f"the router serves less than {SLOWEST}x of the bare endpoint's requests, or its p99 is"
            f" more than {LONGEST}x"
        )


def _prepare(dsn: str) -> dict[str, bytes]:
    options = ["-qX", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-o", os.devnull]
    psql = [str(client_program("psql")), *options]
    subprocess.run([*psql, "-f", str(CLINIC)], check=True, stdin=subprocess.DEVNULL)
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        caller = cursor.execute(CALLER).fetchone() or {}
        connection.execute(ROWS, caller)
        petrec = [sys.executable, "-m", "petrec", *APPLIED]
        subprocess.run(petrec, check=True, env=environment(PETREC_DATABASE_URL=dsn))
        connection.execute("VACUUM ANALYZE")
    body = {
        "appointment_id": caller["appointment"], "pet_id": caller["pet"], "filename": "v.m4a",
        "recording_type": "visit_audio", "content_type": "audio/mp4",
    }  # fmt: skip
    listed = f"/api/v1/recordings/?pet_id={caller['pet']}&limit=50"
    return {
        "list of 50": _request("GET", listed, caller),
        "initiate": _request("POST", "/api/v1/recordings/upload/initiate", caller, body),
    }


def _request(method: str, path: str, caller: dict[str, str], body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nX-User: {caller['user']}\r\n"
        f"X-Practice: {caller['practice']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


@contextmanager
def _served(factory: str, dsn: str) -> Iterator[int]:
    """Run one application in a process of its own; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.api_apps:{factory}"]
    options = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([*command, *options], env=os.environ | {"PETREC_BENCH_DSN": dsn})
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _compare(name: str, ours: int, bare: int, sent: bytes, connections: int) -> Compared:
    _check_alike(ask(ours, sent), ask(bare, sent))
    for port in (ours, bare):
        load(port, sent, 1.0, connections)
    rounds = [_round(ours, bare, sent, connections) for _ in range(ROUNDS)]
    ratios = sorted(pair[0].rate / pair[1].rate for pair in rounds)
    mine, other = (together([pair[side] for pair in rounds]) for side in (0, 1))
    found = Compared(statistics.median(ratios), mine.p99 / other.p99)
    print(
        f"{name}: {mine.rate:,.0f}/s, bare {other.rate:,.0f}/s: {found.rate:.2f}x"
        f" ({ratios[0]:.2f} to {ratios[-1]:.2f}); p99 {mine.p99 * 1000:.1f} ms, bare"
        f" {other.p99 * 1000:.1f} ms: {found.p99:.2f}x; asking took"
        f" {max(mine.asking, other.asking):.0%} of a core at most",
        flush=True,
    )
    return found


def _round(ours: int, bare: int, sent: bytes, connections: int) -> tuple[Load, Load]:
    """Load both in short turns, each as often first, so that what else runs disturbs both alike."""
    turns: dict[int, list[Load]] = {ours: [], bare: []}
    for turn in range(TURNS):
        for port in (ours, bare) if turn % 2 else (bare, ours):
            turns[port].append(load(port, sent, SECONDS / TURNS, connections))
    return together(turns[ours]), together(turns[bare])


def _check_alike(ours: bytes, bare: bytes) -> None:
    """Compare the bodies; those of two uploads differ in their ids and what is made of them."""
    mine, other = json.loads(ours), json.loads(bare)
    alike = mine == other
    if isinstance(mine, dict):
        both = [{**body, **body["upload_fields"]} for body in (mine, other)]
        alike = len(ours) == len(bare) and both[0].keys() == both[1].keys()
    if not alike:
        raise SystemExit("the bodies differ")
