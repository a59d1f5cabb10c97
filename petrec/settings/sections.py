"""The sections of a configuration file, frozen."""

from typing import Literal

import msgspec

from petrec.settings.mapping import Mapping


class AuditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of audit, validate and report; `trust_constraints` is the option of that name."""

    trust_constraints: bool = False


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time limits of one statement, in milliseconds; 0 is no limit."""

    connect_s: int = 10
    read_lock_ms: int = 5_000
    read_statement_ms: int = 0


class SessionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Schemas of the search path besides pg_catalog, for triggers of the application."""

    search_path: tuple[str, ...] = ()


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of reports; the webhook's URL is a secret, like a password."""

    notify_url: str = ""


class RuleLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule warns and when it fails: `> 0`, `>= 10`, `> 1%`; empty is never."""

    warn_if: str = ""
    error_if: str = ""


class ValidateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of validate: limits by rule, or `off`; files of known findings and expectations."""

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
    """Settings of the standalone host."""

    token: TokenSettings = TokenSettings()
    store: StoreSettings = StoreSettings()
    pool_size: int = 10
    metrics: bool = False
    drain_s: int = 30
    global_roles: tuple[str, ...] = ()
    prepare: bool = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a configuration file."""

    mapping: Mapping = Mapping()
    audit: AuditSettings = AuditSettings()
    timeouts: Timeouts = Timeouts()
    session: SessionSettings = SessionSettings()
    report: ReportSettings = ReportSettings()
    validate: ValidateSettings = ValidateSettings()
    serve: ServeSettings = ServeSettings()
