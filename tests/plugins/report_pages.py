"""A report as the page and as the mail that are sent."""

import io

from petrec.features.report import as_email, as_html
from petrec.features.report.result import ReportResult

# A value of the database that a page must show, and never run.
EVIL = """<script>document.title='owned'</script><img src=x onerror="document.title='owned'">"""


def page_of(result: ReportResult) -> str:
    out = io.StringIO()
    as_html.write(result, out)
    return out.getvalue()


def email_of(result: ReportResult) -> str:
    out = io.StringIO()
    as_email.write(result, out)
    return out.getvalue()
