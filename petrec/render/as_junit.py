"""JUnit XML: one test case per rule, failed where it has findings at error level."""

from typing import TextIO
from xml.etree import ElementTree as ET

from petrec.render.plain import plain
from petrec.results.document import Document, Finding


def write(document: Document, out: TextIO) -> None:
    """Write one test suite."""
    failed = [finding for finding in document.findings if _fails(finding)]
    counts = {"tests": str(len(document.findings)), "failures": str(len(failed)), "errors": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": f"petrec {document.command}"} | counts)
    for finding in document.findings:
        _add_case(suite, finding)
    ET.indent(suites)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n')
    out.write(ET.tostring(suites, encoding="unicode") + "\n")


def _add_case(suite: ET.Element, finding: Finding) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": "petrec", "name": finding.rule})
    if not finding.count:
        return
    message = plain(f"{finding.count} recordings: {finding.message}")
    if _fails(finding):
        ET.SubElement(
            case, "failure", {"type": finding.severity, "message": message}
        ).text = finding.help
    else:
        ET.SubElement(case, "system-out").text = message


def _fails(finding: Finding) -> bool:
    return finding.count > 0 and finding.severity == "error"
