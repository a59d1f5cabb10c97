"""The report for mail clients: tables with their styles inline, no drawing, no names."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TextIO

from petrec.features.report.as_html import facts
from petrec.features.report.notify import summary
from petrec.features.report.page import environment
from petrec.features.report.result import ReportResult

_BARS = 14


def write(result: ReportResult, out: TextIO) -> None:
    """Write only the HTML part, for a mailer that builds the message."""
    out.write(_html(result))


def write_message(result: ReportResult, out: TextIO) -> None:
    """Write a whole message; the mailer adds the addresses."""
    message = EmailMessage(policy=SMTP.clone(linesep="\n"))
    audit = result.audit
    message["Subject"] = (
        f"[petrec] {audit.findings:,} of {audit.total:,} recordings need attention"
        f" ({audit.database})"
    )
    message["Date"] = format_datetime(audit.taken_at)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(summary(result, plain=True) + "\n")
    message.add_alternative(_html(result), subtype="html")
    out.write(message.as_string())


def _html(result: ReportResult) -> str:
    shown = result.trend[-_BARS:]
    most = max([point.findings for point in shown] + [1])
    bars = [{"point": p, "width": max(1, round(100 * p.findings / most))} for p in shown]
    kinds = [{"kind": k, "moved": result.movement(k.id)} for k in result.audit.finding_kinds]
    content = facts(result) | {"bars": bars, "kinds": kinds}
    return environment().get_template("email.html.j2").render(content) + "\n"
