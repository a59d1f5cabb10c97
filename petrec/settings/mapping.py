"""The tables and columns that petrec knows, and the mapping to their physical names."""

from typing import Annotated

from msgspec import Meta, Struct

# The tables and columns that petrec knows, by the names that a mapping may give others to.
REQUIRED_COLUMNS: dict[str, frozenset[str]] = {
    "recordings": frozenset({"id", "pet_id", "appointment_id"}),
    "pets": frozenset({"id"}),
    "appointments": frozenset({"id"}),
    "appointment_pets": frozenset({"appointment_id", "pet_id"}),
    "visits": frozenset({"id", "pet_id"}),
    "api_logs": frozenset({"created_at", "error_code"}),
    "users": frozenset({"id"}),
    "pet_owners": frozenset({"id"}),
}
OPTIONAL_COLUMNS: dict[str, frozenset[str]] = {
    "recordings": frozenset(
        {"visit_id", "created_at", "original_filename", "transcript_text", "status"}
        | {"filename", "recorded_by_user_id", "recording_type", "file_size_bytes", "mime_type"}
        | {"duration_seconds", "s3_key", "s3_url", "transcript_confidence", "is_transcribed"}
        | {"is_processing", "recording_metadata", "updated_at", "uploaded_at"}
    ),
    "pets": frozenset({"owner_id", "name", "species", "breed", "birth_date", "weight_kg"}),
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
    "api_logs": frozenset({"method", "path", "status_code", "user_id", "request_id"}),
    "users": frozenset({"practice_id", "role", "full_name"}),
    "pet_owners": frozenset({"full_name"}),
}
LOGICAL_COLUMNS = {
    name: REQUIRED_COLUMNS[name] | OPTIONAL_COLUMNS[name] for name in REQUIRED_COLUMNS
}
OPTIONAL_TABLES = frozenset({"visits", "api_logs", "users", "pet_owners"})
# Read by the review alone, for names of people: other commands do not report that they are unused.
NAMES_ONLY = frozenset({"pet_owners"})
# Optional columns that can change a count or a write: ignored only if configured.
EVIDENCE = frozenset({"recordings.visit_id", "visits.appointment_id"})


class Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the tables and columns that petrec knows are, and which of their rows count."""

    schema: Annotated[str, Meta(description="Schema of the application's tables.")] = "public"
    tables: Annotated[
        dict[str, str], Meta(description="Names of your tables, by petrec's names.")
    ] = {}
    columns: Annotated[
        dict[str, dict[str, str]],
        Meta(description="Names of your columns, by table and by petrec's names."),
    ] = {}
    where: Annotated[
        dict[str, str], Meta(description="Condition by table; other rows do not count.")
    ] = {}
    ignore: Annotated[
        tuple[str, ...], Meta(description="Optional tables and columns to ignore.")
    ] = ()

    def table(self, logical: str) -> str:
        """Return the physical name of a table."""
        return self.tables.get(logical, logical)

    def column(self, table: str, logical: str) -> str:
        """Return the physical name of a column of a logical table."""
        return self.columns.get(table, {}).get(logical, logical)
