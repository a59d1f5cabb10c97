"""The sections of `petrec serve`; the descriptions are those of the reference."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


def says(description: str) -> Meta:
    """Return what the reference says of a setting."""
    return Meta(description=description)


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

    request_s: Annotated[float, says("Longest time of a request, in seconds.")] = 30.0
    statement_s: Annotated[
        float, says("Longest time of one statement, its wait for locks included, in seconds.")
    ] = 10.0
    header_s: Annotated[
        float, says("Longest time for the head of a request to arrive, in seconds.")
    ] = 10.0
    body_s: Annotated[
        float, says("Longest time for the body of a request to arrive, in seconds.")
    ] = 10.0
    running: Annotated[int, says("Requests that run at once, per process.")] = 40
    waiting: Annotated[
        int, says("Requests that wait for others to end, for 5 s at most; more get 503.")
    ] = 100
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
    telemetry: Annotated[
        bool, says("Send traces by OpenTelemetry, as OTEL_* variables say (petrec[otel]).")
    ] = False
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
    checksums: Annotated[
        bool, says("Let clients announce the SHA-256 of a file: the store refuses another one.")
    ] = False
    deletions: Annotated[
        bool, says("Serve DELETE of a recording, permanently: row, journal and file.")
    ] = False
    require_if_match: Annotated[
        bool, says("Refuse a change of a recording or visit without If-Match.")
    ] = False
    prepare: Annotated[
        bool, says("Prepare statements; false behind a pooler that does not support it.")
    ] = True
