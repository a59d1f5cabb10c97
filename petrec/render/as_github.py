"""GitHub Actions workflow commands: one annotation per rule with findings, never one per row."""

from typing import TextIO

from petrec.results.document import Document, Finding

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def write(document: Document, out: TextIO) -> None:
    """Write the annotations, then one line that sums up."""
    for finding in document.findings:
        if finding.count:
            _write_annotation(finding, out)
    out.write(f"petrec {document.command}: {document.title.translate(_DATA)}\n")


def _write_annotation(finding: Finding, out: TextIO) -> None:
    level = "error" if finding.severity == "error" else "warning"
    title = f"petrec {finding.rule}".translate(_PROPERTY)
    message = f"{finding.count} recordings: {finding.message}. {finding.help}".strip()
    out.write(f"::{level} title={title}::{message.translate(_DATA)}\n")
