"""The router beside bare FastAPI endpoints on psycopg: requests per second, each in uvicorn."""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.api.test_plans import INDEXES
from tests.plugins.binaries import client_program, find_binaries
from tests.plugins.cluster import Cluster

CLIENTS = 8
ROUNDS = int(os.environ.get("PETREC_BENCH_ROUNDS", "7"))
SECONDS = float(os.environ.get("PETREC_BENCH_SECONDS", "3"))
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


def run() -> None:
    """Print the ratio of the medians of rates taken in turn; below 0.8 fails."""
    major = max(find_binaries())
    cluster = Cluster.start(major, find_binaries()[major])
    try:
        requests = _prepare(cluster.dsn())
        with (
            _served("router_app", cluster.dsn()) as ours,
            _served("bare_app", cluster.dsn()) as bare,
        ):
            ratios = [_compare(name, ours, bare, sent) for name, sent in requests.items()]
    finally:
        cluster.remove()
    if min(ratios) < 0.8:
        raise SystemExit("the router serves less than 0.8x of the bare endpoint's requests")


def _prepare(dsn: str) -> dict[str, bytes]:
    psql = [client_program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-o", os.devnull]
    subprocess.run([*psql, "-f", str(CLINIC)], check=True, stdin=subprocess.DEVNULL)
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        caller = cursor.execute(CALLER).fetchone() or {}
        connection.execute(ROWS, caller)
        connection.execute(INDEXES)
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


def _compare(name: str, ours: int, bare: int, sent: bytes) -> float:
    rows = _answer(ours, sent), _answer(bare, sent)
    if name.startswith("list") and rows[0] != rows[1]:
        raise SystemExit("the bodies differ")
    for port in (ours, bare):
        _rate(port, sent, 1.0)
    pairs = [(_rate(ours, sent, SECONDS), _rate(bare, sent, SECONDS)) for _ in range(ROUNDS)]
    rates = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    spread = f"{min(m / o for m, o in pairs):.2f} to {max(m / o for m, o in pairs):.2f}"
    print(f"{name}: {rates[0]:,.0f}/s, bare {rates[1]:,.0f}/s: {ratio:.2f}x ({spread})", flush=True)
    return ratio


def _answer(port: int, sent: bytes) -> object:
    async def once() -> bytes:
        streams = await asyncio.open_connection("127.0.0.1", port)
        return await _ask(*streams, sent)

    return json.loads(asyncio.run(once()))


def _rate(port: int, sent: bytes, seconds: float) -> float:
    """Return requests per second, of clients that each ask again when they are answered."""
    return asyncio.run(_load(port, sent, seconds))


async def _load(port: int, sent: bytes, seconds: float) -> float:
    start = time.perf_counter()
    counts = await asyncio.gather(*(_client(port, sent, start + seconds) for _ in range(CLIENTS)))
    return sum(counts) / (time.perf_counter() - start)


async def _client(port: int, sent: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.perf_counter() < until:
        await _ask(reader, writer, sent)
        done += 1
    writer.close()
    return done


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> bytes:
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    content = await reader.readexactly(length)
    if not head.startswith("http/1.1 200"):
        raise SystemExit(f"refused: {content.decode()}")
    return content
