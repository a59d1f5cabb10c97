"""The sections of a configuration file, frozen; the descriptions are those of the reference."""

from typing import Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace

from petrec.settings.mapping import Mapping
from petrec.settings.serving import ServeSettings, says


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
