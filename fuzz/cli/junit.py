"""Replays as JUnit XML, which continuous integration reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import msgspec

from tensorsmith.corpus.files import write_named


class JUnitCase(msgspec.Struct, frozen=True):
    """One test: `skipped` is what fails as expected, or says nothing."""

    name: str
    group: str
    seconds: float
    outcome: Literal["passed", "failed", "skipped"]
    message: str = ""
    details: str = ""


def write_junit(path: Path, cases: Sequence[JUnitCase]) -> None:
    """Write a JUnit XML file.

    Raises:
        StoreError: it cannot be written.
    """
    suite = ElementTree.Element(
        "testsuite",
        name="tensorsmith replay",
        tests=str(len(cases)),
        failures=str(sum(case.outcome == "failed" for case in cases)),
        errors="0",
        skipped=str(sum(case.outcome == "skipped" for case in cases)),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        element = ElementTree.SubElement(
            suite, "testcase", classname=case.group, name=case.name, time=f"{case.seconds:.3f}"
        )
        if case.outcome != "passed":
            tag = "failure" if case.outcome == "failed" else "skipped"
            ElementTree.SubElement(element, tag, message=_printable(case.message)).text = _printable(case.details)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    write_named(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _printable(text: str) -> str:
    """The text without what XML 1.0 forbids, such as the escapes of colored compiler output."""
    return "".join(
        c if c in "\t\n" or " " <= c <= "\ud7ff" or (c >= "\ue000" and c not in "\ufffe\uffff") else "?" for c in text
    )
