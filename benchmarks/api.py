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

from benchmarks.api_bounds import Compared, Side, as_document
from benchmarks.clinics import server
from benchmarks.load import Load, ask, load, together
from benchmarks.processor import of_process, of_sessions
from benchmarks.record import record
from benchmarks.report import write_api
from tests.plugins.binaries import client_program
from tests.plugins.command import environment
from tests.plugins.plans import APPLIED

ROUNDS = int(os.environ.get("PETREC_BENCH_ROUNDS", "12"))
SECONDS = float(os.environ.get("PETREC_BENCH_SECONDS", "2"))
TURNS = 10
CONNECTIONS = (1, 8, 32)
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
class Served:
    """An application that runs: where it listens, and what its work is counted by."""

    application: str
    port: int
    pid: int
    dsn: str

    def spent(self) -> tuple[float, float]:
        """Return the seconds of the processor: of its process, of its sessions in the database."""
        return of_process(self.pid), of_sessions(self.dsn, self.application)


def run() -> None:
    """Compare both endpoints at each number of connections; errors: SystemExit beyond a bound."""
    with server() as cluster:
        requests = _prepare(cluster.dsn())
        with (
            _served("router_app", cluster.dsn()) as ours,
            _served("bare_app", cluster.dsn()) as bare,
        ):
            found = [
                _compare(name, ours, bare, sent, connections)
                for name, sent in requests.items()
                for connections in CONNECTIONS
            ]
    record("api", as_document(found))
    write_api()


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
        "appointment_id": f"appt-{caller['appointment']}", "pet_id": f"pet-{caller['pet']}",
        "visit_id": None, "recording_type": "visit_audio", "filename": "visit_recording.m4a",
        "content_type": "audio/mp4", "estimated_duration_seconds": 180.5,
    }  # fmt: skip
    listed = f"/api/v1/recordings/?pet_id=pet-{caller['pet']}&limit=50"
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
def _served(application: str, dsn: str) -> Iterator[Served]:
    """Run one application in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.api_apps:{application}"]
    options = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    named = f"{dsn}?application_name={application}"
    process = subprocess.Popen([*command, *options], env=os.environ | {"PETREC_BENCH_DSN": named})
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield Served(application, port, process.pid, dsn)
    finally:
        process.terminate()
        process.wait()


def _compare(name: str, ours: Served, bare: Served, sent: bytes, connections: int) -> Compared:
    _check_alike(ask(ours.port, sent), ask(bare.port, sent))
    for one in (ours, bare):
        load(one.port, sent, 1.0, connections)
    before = ours.spent(), bare.spent()
    rounds = [_round(ours.port, bare.port, sent, connections) for _ in range(ROUNDS)]
    ratios = sorted(pair[0].rate / pair[1].rate for pair in rounds)
    mine, other = (together([pair[side] for pair in rounds]) for side in (0, 1))
    found = Compared(
        name, connections, statistics.median(ratios), ratios[0], ratios[-1],
        _side(mine, before[0], ours), _side(other, before[1], bare), max(mine.asking, other.asking),
    )  # fmt: skip
    print(found.line(), flush=True)
    return found


def _side(loaded: Load, before: tuple[float, float], served: Served) -> Side:
    spent = (after - start for start, after in zip(before, served.spent(), strict=True))
    process, sessions = (seconds * 1e6 / len(loaded.waits) for seconds in spent)
    return Side(loaded.rate, loaded.p99 * 1000, process, sessions)


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
