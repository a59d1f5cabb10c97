"""GitHub Actions workflow commands: one annotation per rule with findings, never one per row."""

from typing import TextIO

from petrec.documents.document import Document, Finding
from petrec.documents.safe_text import plain

# `plain` leaves no line break; what else the runner would read as part of the command is escaped.
_DATA = str.maketrans({"%": "%25"})
_PROPERTY = str.maketrans({"%": "%25", ":": "%3A", ",": "%2C"})


def write(document: Document, out: TextIO) -> None:
    """Write the annotations, errors first since GitHub shows ten per step, then one summary."""
    broken = [finding for finding in document.findings if finding.count]
    for finding in sorted(broken, key=lambda finding: not finding.fails):
        _write_annotation(finding, out)
    for remark in document.remarks:
        title = plain(f"petrec {document.command}").translate(_PROPERTY)
        out.write(f"::notice title={title}::{plain(remark).translate(_DATA)}\n")
    # Anywhere in a line, ##[ would begin a command of the runner's older syntax.
    title = plain(document.title).replace("##[", "## [")
    out.write(f"petrec {document.command}: {title}\n")


def _write_annotation(finding: Finding, out: TextIO) -> None:
    level = "error" if finding.fails else "warning"
    title = plain(f"petrec {finding.rule}").translate(_PROPERTY)
    message = plain(f"{finding.sentence}. {finding.help}".strip())
    out.write(f"::{level} title={title}::{message.translate(_DATA)}\n")
