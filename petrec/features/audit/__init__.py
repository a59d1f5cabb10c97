"""Find every damaged association, count it against all recordings, and list it completely."""

from petrec.features.audit.audit import run_audit
from petrec.features.audit.rows import stream_json, stream_rows

__all__ = ["run_audit", "stream_json", "stream_rows"]
