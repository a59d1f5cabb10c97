"""Frozen settings, read from `petrec.toml` or `[tool.petrec]` of a `pyproject.toml`."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from petrec.errors import SettingsError
from petrec.files import read_text
from petrec.phrases import Phrase, Phrased

FILE_NAME = "petrec.toml"

# The tables and columns that petrec knows, by the names that a mapping may give others to.
REQUIRED_COLUMNS: dict[str, frozenset[str]] = {
    "recordings": frozenset({"id", "pet_id", "appointment_id"}),
    "pets": frozenset({"id"}),
    "appointments": frozenset({"id"}),
    "appointment_pets": frozenset({"appointment_id", "pet_id"}),
    "visits": frozenset({"id", "pet_id"}),
    "api_logs": frozenset({"created_at", "error_code"}),
    "users": frozenset({"id"}),
}
OPTIONAL_COLUMNS: dict[str, frozenset[str]] = {
    "recordings": frozenset(
        {"visit_id", "created_at", "original_filename", "transcript_text", "status"}
        | {"filename", "recorded_by_user_id", "recording_type", "file_size_bytes", "mime_type"}
        | {"duration_seconds", "s3_key", "s3_url", "transcript_confidence", "is_transcribed"}
        | {"is_processing", "recording_metadata", "updated_at", "uploaded_at"}
    ),
    "pets": frozenset({"owner_id", "name", "species", "breed"}),
    "appointments": frozenset(
        {"pet_owner_id", "appointment_date", "title", "notes", "practice_id", "description"}
        | {"assigned_vet_user_id", "duration_minutes", "appointment_type", "status"}
        | {"created_at", "updated_at"}
    ),
    "appointment_pets": frozenset(),
    "visits": frozenset(
        {"appointment_id", "visit_date", "visit_type", "status", "chief_complaint", "diagnosis"}
        | {"treatment_plan", "notes", "follow_up_required", "follow_up_date", "created_by"}
        | {"created_at", "updated_at"}
    ),
    "api_logs": frozenset({"method", "path", "status_code", "user_id"}),
    "users": frozenset({"practice_id", "role"}),
}
LOGICAL_COLUMNS = {
    name: REQUIRED_COLUMNS[name] | OPTIONAL_COLUMNS[name] for name in REQUIRED_COLUMNS
}
OPTIONAL_TABLES = frozenset({"visits", "api_logs", "users"})
# Optional columns that can change a count or a write: never left out without being told to.
EVIDENCE = frozenset({"recordings.visit_id", "visits.appointment_id"})


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the logical tables and columns live, and which of their rows count.

    `tables` and `columns` map logical to physical names, `where` holds a condition by table, and
    `ignore` names optional tables and columns (`visits`, `recordings.visit_id`) to leave out.
    """

    schema: str = "public"
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    where: dict[str, str] = {}
    ignore: tuple[str, ...] = ()

    def table(self, logical: str) -> str:
        """Return the physical name of a table."""
        return self.tables.get(logical, logical)

    def column(self, table: str, logical: str) -> str:
        """Return the physical name of a column of a logical table."""
        return self.columns.get(table, {}).get(logical, logical)


class AuditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What audit, validate and report read; `trust_constraints` is the option of that name."""

    trust_constraints: bool = False


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on what one statement may wait or run, milliseconds; 0 is without limit."""

    connect_s: int = 10
    read_lock_ms: int = 5_000
    read_statement_ms: int = 0


class SessionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Schemas in which names are looked up beside pg_catalog, for triggers of the application."""

    search_path: tuple[str, ...] = ()


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reports; the webhook's URL is a secret, like a password."""

    notify_url: str = ""


class RuleLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule warns and when it fails: `> 0`, `>= 10`, `> 1%`; empty is never."""

    warn_if: str = ""
    error_if: str = ""


class ValidateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gate: limits by rule, or `off`; the files of known findings and of expectations."""

    rules: dict[str, RuleLimits | Literal["off"]] = {}
    baseline: str = ""
    expect: str = ""


class TokenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tokens of `petrec serve`: a JWKS file, else the key in PETREC_JWT_KEY."""

    algorithms: tuple[str, ...] = ("RS256",)
    audience: str = ""
    issuer: str | None = None
    leeway_s: int = 30
    jwks_file: str = ""
    owner_claim: str = "owner_id"
    role_claim: str = "role"
    practice_claim: str = "practice_id"


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object store of `petrec serve`; its keys come from the environment or a role."""

    bucket: str = ""
    region: str = "us-east-1"
    endpoint: str | None = None
    path_style: bool = False
    expires_s: int = 3600
    max_bytes: int = 104_857_600
    keys: Literal["environment", "role"] = "environment"


class ServeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stand-alone host."""

    token: TokenSettings = TokenSettings()
    store: StoreSettings = StoreSettings()
    pool_size: int = 10
    metrics: bool = False
    drain_s: int = 30
    global_roles: tuple[str, ...] = ()
    prepare: bool = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a configuration file can say."""

    mapping: Mapping = Mapping()
    audit: AuditSettings = AuditSettings()
    timeouts: Timeouts = Timeouts()
    session: SessionSettings = SessionSettings()
    report: ReportSettings = ReportSettings()
    validate: ValidateSettings = ValidateSettings()
    serve: ServeSettings = ServeSettings()


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
            f"{path}: {error}", hint="docs/configuration.md lists every setting"
        ) from error
    _check_names(path, settings.mapping)
    _check_texts(path, settings)
    return settings


def _check_texts(path: Path, settings: Settings) -> None:
    mapping = settings.mapping
    texts = [mapping.schema, *mapping.tables.values(), *mapping.where.values()]
    texts += [name for names in mapping.columns.values() for name in names.values()]
    if any("\0" in text for text in [*texts, *settings.session.search_path]):
        raise SettingsError(f"{path}: a name or condition holds a NUL, which PostgreSQL cannot")


def _check_names(path: Path, mapping: Mapping) -> None:
    for table in [*mapping.tables, *mapping.columns, *mapping.where]:
        if table not in LOGICAL_COLUMNS:
            known = ", ".join(LOGICAL_COLUMNS)
            raise SettingsError(f"{path}: unknown table {table!r}", hint=f"it is one of: {known}")
    for table, columns in mapping.columns.items():
        for column in columns.keys() - LOGICAL_COLUMNS[table]:
            known = ", ".join(sorted(LOGICAL_COLUMNS[table]))
            raise SettingsError(
                f"{path}: unknown column {table}.{column}", hint=f"it is one of: {known}"
            )
    optional = {
        f"{table}.{column}" for table, names in OPTIONAL_COLUMNS.items() for column in names
    }
    for name in mapping.ignore:
        if name not in optional | OPTIONAL_TABLES:
            raise SettingsError(
                f"{path}: [mapping] ignore names {name!r}, which is not optional",
                hint="such are visits, api_logs, users, recordings.visit_id, pets.owner_id",
            )
