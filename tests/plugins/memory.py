"""How much memory a command takes at its peak."""

import subprocess
import sys
from pathlib import Path

from tests.plugins.command import environment

# Not getrusage: what it reports includes the peak of the process that the command came from.
_MEASURED = """
import re, sys
from pathlib import Path
sys.argv[0] = "petrec"
from petrec.__main__ import main
try:
    main()
except SystemExit as end:
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\\s*(\\d+)", status)[1]
    print(end.code, peak, file=sys.stderr)
"""


def peak_kib(directory: Path, dsn: str, *arguments: str, code: int = 0) -> int:
    """Run a command that ends with `code`; returns the peak of its resident memory, KiB."""
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments], cwd=directory, text=True,
        env=environment(PETREC_DATABASE_URL=dsn), capture_output=True, check=True,
    )  # fmt: skip
    ended_with, peak = ended.stderr.splitlines()[-1].split()
    assert int(ended_with) == code, ended.stderr
    return int(peak)
