"""The sections of a configuration file, frozen; the descriptions are those of the reference."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from petrec.settings.mapping import Mapping


def says(description: str) -> Meta:
    """Return what the reference says of a setting."""
    return Meta(description=description)


class AuditSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of audit, validate and report."""

    trust_constraints: Annotated[
        bool, says("Trust valid foreign keys instead of reading the parent tables.")
    ] = False


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """How long petrec waits for the database."""

    connect_s: Annotated[int, says("Longest wait for a connection, in seconds.")] = 10
    read_lock_ms: Annotated[
        int, says("Longest wait for a lock while reading or planning, in ms; 0 is no limit.")
    ] = 5_000
    read_statement_ms: Annotated[
        int, says("Longest time of one read statement, in ms; 0 is no limit.")
    ] = 0


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What petrec's own database sessions add."""

    search_path: Annotated[
        tuple[str, ...],
        says("Schemas of the search path besides pg_catalog, for triggers of the application."),
    ] = ()


class ReportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of reports."""

    notify_url: Annotated[
        str, says("Webhook to notify of a report; a secret, better in PETREC_NOTIFY_URL.")
    ] = ""
    link: Annotated[
        str, says("Link from each example to a recording in your own system, with {id} in it.")
    ] = ""


class ReviewSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the review."""

    timezone: Annotated[str, says("Time zone of the clinic, such as Europe/Zurich.")] = "UTC"
    link: Annotated[
        str, says("Link to a recording in the clinic's own system, with {id} in it.")
    ] = ""
    audio_expires_s: Annotated[
        int, says("How long links to the sound in an export work, in seconds; at most a week.")
    ] = 259_200


class RuleLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule warns and when it fails: `> 0`, `>= 10`, `> 1%`; empty is never."""

    warn_if: Annotated[str, says("Warn at this limit, such as > 0 or >= 1%; empty is never.")] = ""
    error_if: Annotated[str, says("Fail at this limit, such as > 0 or >= 1%; empty is never.")] = ""


class ValidateSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The gate of a pipeline."""

    rules: Annotated[
        dict[str, RuleLimits | Literal["off"]],
        says('Limits by kind or warning: a table with warn_if and error_if, or "off".'),
    ] = {}
    baseline: Annotated[str, says("File of known findings: the baseline.")] = ""
    expect: Annotated[str, says("File of the constraints and indexes that are expected.")] = ""


class TokenSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The tokens that `petrec serve` accepts."""

    algorithms: Annotated[tuple[str, ...], says("Signature algorithms; others are refused.")] = (
        "RS256",
    )
    audience: Annotated[str, says("Audience that a token must name; required.")] = ""
    issuer: Annotated[str | None, says("Issuer that a token must name; unset for any.")] = None
    leeway_s: Annotated[int, says("How far clocks may differ, in seconds.")] = 30
    jwks_file: Annotated[
        str, says("File with the public keys (JWKS); else the key is in PETREC_JWT_KEY.")
    ] = ""
    jwks_url: Annotated[
        str, says("https URL of the public keys (JWKS), in place of a file; read when needed.")
    ] = ""
    owner_claim: Annotated[
        str, says("Claim with the id of a pet owner, or the path to it: app.owner_id.")
    ] = "owner_id"
    role_claim: Annotated[str, says("Claim with the role, if there is no users table.")] = "role"
    practice_claim: Annotated[
        str, says("Claim with the id of the practice, if there is no users table.")
    ] = "practice_id"


class StoreSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The object store that uploads go to."""

    bucket: Annotated[str, says("Name of the bucket; required.")] = ""
    region: Annotated[str, says("Region of the bucket.")] = "us-east-1"
    endpoint: Annotated[str | None, says("URL of a store other than AWS; unset for AWS.")] = None
    path_style: Annotated[bool, says("Name the bucket in the path, not in the host.")] = False
    expires_s: Annotated[int, says("How long an upload form is valid, in seconds.")] = 3600
    listen_s: Annotated[
        int, says("How long a signed address of a recording's file is valid, in seconds.")
    ] = 900
    max_bytes: Annotated[int, says("Largest upload, in bytes.")] = 104_857_600
    form_fields: Annotated[
        dict[str, str],
        says("Further fields of every upload form, x-amz-... only, such as those for encryption."),
    ] = {}
    keys: Annotated[
        Literal["environment", "role"],
        says('Where the keys come from: AWS_* variables, or by "role" from boto3 (petrec[aws]).'),
    ] = "environment"


class WebhookSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver of events, signed as Standard Webhooks says."""

    url: str
    secret: str = "PETREC_WEBHOOK_SECRET"  # noqa: S105 the name of a variable


class LimitSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What one caller, or one part that is slow, can take of `petrec serve`."""

    anonymous_rows: Annotated[
        int, says("Rows of api_logs per minute for refused requests whose caller is unknown.")
    ] = 60


# What completed uploads are announced on, unless a host chooses another channel.
UPLOADED_CHANNEL = "petrec_uploaded"


class ServeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `petrec serve`."""

    token: TokenSettings = TokenSettings()
    store: StoreSettings = StoreSettings()
    limits: LimitSettings = LimitSettings()
    pool_size: Annotated[int, says("Most connections to the database, per process.")] = 10
    metrics: Annotated[bool, says("Serve GET /metrics for Prometheus (petrec[metrics]).")] = False
    drain_s: Annotated[
        int, says("How long running requests may take after SIGTERM, in seconds.")
    ] = 30
    log: Annotated[
        Literal["text", "json"],
        says('Form of the log: lines of text, or "json", an object a line.'),
    ] = "text"
    webhooks: Annotated[
        dict[str, WebhookSettings],
        says("By name: url, https, and secret, the environment variable that holds whsec_..."),
    ] = {}
    channel: Annotated[str, says("Channel of NOTIFY for completed uploads; empty for none.")] = (
        UPLOADED_CHANNEL
    )
    docs: Annotated[bool, says("Serve GET /docs, a page that shows /openapi.json.")] = False
    origins: Annotated[
        tuple[str, ...],
        says("Origins whose pages may read answers in a browser (CORS): https://app.example."),
    ] = ()
    global_roles: Annotated[tuple[str, ...], says("Roles that may see every practice.")] = ()
    corrections: Annotated[bool, says("Serve PATCH of a recording, which sets its pet.")] = True
    require_if_match: Annotated[
        bool, says("Refuse a change of a recording or visit without If-Match.")
    ] = False
    prepare: Annotated[
        bool, says("Prepare statements; false behind a pooler that does not support it.")
    ] = True


class FleetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The targets of `petrec fleet`."""

    schemas: Annotated[
        tuple[str, ...], says("Patterns of schemas, such as clinic_*; each schema is a target.")
    ] = ()
    targets: Annotated[
        str, says("File of connection strings, one a line; service=NAME is one, too.")
    ] = ""
    query: Annotated[
        str, says("Query for targets; its columns are dsn, service, dbname or schema.")
    ] = ""
    jobs: Annotated[int, says("How many targets are worked on at once.")] = 1


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a configuration file can say."""

    mapping: Mapping = Mapping()
    audit: AuditSettings = AuditSettings()
    timeouts: Timeouts = Timeouts()
    session: SessionSettings = SessionSettings()
    report: ReportSettings = ReportSettings()
    review: ReviewSettings = ReviewSettings()
    validate: ValidateSettings = ValidateSettings()
    serve: ServeSettings = ServeSettings()
    fleet: FleetSettings = FleetSettings()

    def in_schema(self, schema: str) -> "Settings":
        """Return these settings for another schema; the same ones for an empty name."""
        return replace(self, mapping=replace(self.mapping, schema=schema)) if schema else self
