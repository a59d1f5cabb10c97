"""Settings read from `petrec.toml` or `[tool.petrec]` of a `pyproject.toml`."""

import tomllib
from pathlib import Path

import msgspec

from petrec.errors import SettingsError
from petrec.files import read_text
from petrec.phrases import Phrase, Phrased
from petrec.settings.mapping import LOGICAL_COLUMNS, OPTIONAL_COLUMNS, OPTIONAL_TABLES, Mapping
from petrec.settings.sections import Settings

FILE_NAME = "petrec.toml"


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings from `path`, else from the working directory; errors: SettingsError."""
    if path is not None:
        return _parse(path, _read(path) if path.name != "pyproject.toml" else _tool(path))
    local, project = Path(FILE_NAME), Path("pyproject.toml")
    if local.is_file():
        return _parse(local, _read(local))
    if project.is_file():
        return _parse(project, _tool(project))
    return Settings()


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        reason = f"cannot read {path}: {error.strerror}"
        raise SettingsError(reason, hint=Phrased(Phrase.NAME_CONFIG)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _tool(path: Path) -> object:
    tools = _read(path).get("tool", {})
    return tools.get("petrec", {}) if isinstance(tools, dict) else {}


def _parse(path: Path, content: object) -> Settings:
    try:
        settings = msgspec.convert(content, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"{path}: {error}", hint="petrec explain settings lists every setting"
        ) from error
    _check_names(path, settings.mapping)
    _check_texts(path, settings)
    return settings


def _check_texts(path: Path, settings: Settings) -> None:
    mapping = settings.mapping
    texts = [mapping.schema, *mapping.tables.values(), *mapping.where.values()]
    texts += [name for names in mapping.columns.values() for name in names.values()]
    if any("\0" in text for text in [*texts, *settings.session.search_path]):
        raise SettingsError(
            f"{path}: a name or condition contains a NUL character, which PostgreSQL does not allow"
        )


def _check_names(path: Path, mapping: Mapping) -> None:
    for table in [*mapping.tables, *mapping.columns, *mapping.where]:
        if table not in LOGICAL_COLUMNS:
            known = ", ".join(LOGICAL_COLUMNS)
            raise SettingsError(f"{path}: unknown table {table!r}", hint=f"choose one of: {known}")
    for table, columns in mapping.columns.items():
        for column in columns.keys() - LOGICAL_COLUMNS[table]:
            known = ", ".join(sorted(LOGICAL_COLUMNS[table]))
            raise SettingsError(
                f"{path}: unknown column {table}.{column}", hint=f"choose one of: {known}"
            )
    optional = {
        f"{table}.{column}" for table, names in OPTIONAL_COLUMNS.items() for column in names
    }
    for name in mapping.ignore:
        if name not in optional | OPTIONAL_TABLES:
            raise SettingsError(
                f"{path}: [mapping] ignore names {name!r}, which is not optional",
                hint="optional are visits, api_logs, users, recordings.visit_id, pets.owner_id",
            )
