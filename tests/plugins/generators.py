"""Generators of clients, each in a folder of its own: from PyPI, from npm, by Java."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.plugins.command import ROOT

Command = Sequence[str | Path]
CLIENTS = ROOT / "tests" / "clients"


def run(command: Command, folder: Path) -> str:
    """Return what the command printed, after it has succeeded."""
    ended = subprocess.run(
        [str(each) for each in command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def available(command: Command, folder: Path) -> None:
    """Install by the command, and skip the test where its registry cannot be reached."""
    ended = subprocess.run(
        [str(each) for each in command], cwd=folder, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        pytest.skip(f"the generator cannot be installed here: {ended.stderr[-500:]}")


def pinned(package: str) -> str:
    """Return the package with the version that the tests use."""
    lines = (CLIENTS / "requirements.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{package}=="))


@pytest.fixture
def python_generator(tmp_path: Path) -> Path:
    """Returns the Python that has openapi-python-client."""
    run([sys.executable, "-m", "venv", "venv"], tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    available([python, "-m", "pip", "install", "-q", pinned("openapi-python-client")], tmp_path)
    return python


@pytest.fixture(scope="session")
def openapi_generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the program of OpenAPI Generator, for Java."""
    if shutil.which("java") is None:
        pytest.skip("OpenAPI Generator needs Java")
    home = tmp_path_factory.mktemp("openapi-generator")
    install: Command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", home]
    available([*install, pinned("openapi-generator-cli")], home)
    (program,) = home.rglob("*.jar")
    return program


@pytest.fixture(scope="session")
def npm_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a copy of `tests/clients` with the packages that it names."""
    if shutil.which("npm") is None:
        pytest.skip("the generators need npm")
    home = tmp_path_factory.mktemp("npm") / "clients"
    shutil.copytree(CLIENTS, home, ignore=shutil.ignore_patterns("node_modules"))
    available(["npm", "ci", "--no-audit", "--no-fund", "--silent"], home)
    return home


@pytest.fixture(scope="session")
def spark_jars() -> Path:
    """Returns the libraries of Spark, among them those of the Kotlin client: Gson and Vert.x."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        pytest.skip("pyspark brings the libraries of the Kotlin client")
    return Path(found.origin).parent / "jars"
