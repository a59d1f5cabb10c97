"""The time that the processes of a server have worked, whether they run or have ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.processor import of_server

WORKED = 0.3
# The server works not; its child works, says so, and ends with its input.
SERVER = f"""
import subprocess, sys, time
child = '''
import time
while time.process_time() < {WORKED}: pass
print("worked", flush=True)
input()
'''
running = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE)
input()
running.communicate(b"end")
print("ended", flush=True)
input()
"""


@contextmanager
def server() -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=pipe, stdout=pipe, text=True) as it:
        try:
            yield it
        finally:
            it.kill()


def test_a_process_of_a_server_counts_while_it_runs_and_after_its_end() -> None:
    with server() as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stdout.readline() == "worked\n"
        running = of_server(started.pid)
        started.stdin.write("go on\n")
        started.stdin.flush()
        assert started.stdout.readline() == "ended\n"
        ended = of_server(started.pid)
    assert WORKED - 0.05 <= running <= ended < running + WORKED
