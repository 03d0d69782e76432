"""JUnit XML as continuous integration reads it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tensorsmith.corpus.errors import StoreError
from tensorsmith.fuzz.cli.junit import JUnitCase, write_junit


def test_outcomes_and_totals(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    write_junit(
        path,
        [
            JUnitCase("a", "inductor", 1.5, "passed"),
            JUnitCase("b", "inductor", 0.25, "failed", "changed: <bad> \x1b[31m& red", "line 1\nline 2"),
            JUnitCase("c", "eager", 0.25, "skipped", "still-failing"),
        ],
    )
    (suite,) = ElementTree.parse(path).getroot()
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["failures"] == "1"
    assert suite.attrib["skipped"] == "1"
    assert suite.attrib["time"] == "2.000"
    passed, failed, skipped = suite
    assert list(passed) == []
    assert (failed[0].tag, failed[0].attrib["message"], failed[0].text) == (
        "failure",
        "changed: <bad> ?[31m& red",
        "line 1\nline 2",
    )
    assert (skipped[0].tag, skipped.attrib["classname"]) == ("skipped", "eager")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"out\.xml: cannot be written: No such file or directory"):
        write_junit(tmp_path / "missing" / "out.xml", [])
