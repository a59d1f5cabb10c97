"""JUnit XML: one test case per rule, failed where it has findings at error level."""

from typing import TextIO
from xml.etree import ElementTree as ET

from petrec.documents.document import UNDETERMINED, Document, Finding
from petrec.documents.safe_text import plain


def write(document: Document, out: TextIO) -> None:
    """Write one test suite, or one for each part of a document.

    XML cannot hold control characters, so they are escaped.
    """
    suites = ET.Element("testsuites", _counts(document))
    for each in document.parts or (document,):
        _add_suite(suites, each)
    ET.indent(suites)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n')
    out.write(ET.tostring(suites, encoding="unicode") + "\n")


def _add_suite(suites: ET.Element, document: Document) -> None:
    name = plain(f"petrec {document.command}")
    suite = ET.SubElement(suites, "testsuite", {"name": name} | _counts(document))
    properties = ET.SubElement(suite, "properties")
    named = [("title", document.title)]
    named += [("place", document.place)] if document.place else []
    named += [("remark", remark) for remark in document.remarks]
    named += [("note", note) for note in document.notes]
    for name, value in named:
        ET.SubElement(properties, "property", {"name": name, "value": plain(value)})
    for finding in document.findings:
        _add_case(suite, finding, name.replace(" ", "."))


def _counts(document: Document) -> dict[str, str]:
    findings = [f for each in document.parts or (document,) for f in each.findings]
    numbers = {
        "tests": len(findings),
        "failures": sum(f.fails and f.severity != UNDETERMINED for f in findings),
        "errors": sum(f.severity == UNDETERMINED for f in findings),
        "skipped": sum(finding.severity == "off" for finding in findings),
    }
    return {name: str(number) for name, number in numbers.items()} | {"time": "0"}


def _add_case(suite: ET.Element, finding: Finding, group: str) -> None:
    names = {"classname": group, "name": plain(finding.rule)}
    case = ET.SubElement(suite, "testcase", names | {"time": "0"})
    if finding.severity == "off":
        ET.SubElement(case, "skipped", {"message": plain(finding.message)})
    elif finding.fails:
        message = plain(finding.sentence)
        name = "error" if finding.severity == UNDETERMINED else "failure"
        failure = ET.SubElement(case, name, {"type": "error", "message": message})
        # GitLab shows the text alone, Jenkins the message first.
        failure.text = f"{message}\n{plain(finding.help)}".strip()
    elif finding.count:
        ET.SubElement(case, "system-out").text = plain(finding.sentence)
