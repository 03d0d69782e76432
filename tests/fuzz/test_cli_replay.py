"""`replay` as continuous integration runs it: what is known, what is fixed, parts, a time limit, files for viewers."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from tensorsmith.fuzz.cli.annotations import annotation
from tensorsmith.ir.testcase import TestCase, encode
from tensorsmith.oracles.verdict import Verdict
from tests.triage.programs import chain

LINK = "https://example.org/1"
# The backend that these are for (tests/triage/planted.py) gives the sine of a negation another dtype, and raises where
# tanh follows sigmoid.
DTYPE, ERROR, GOOD = chain("neg", "sin"), chain("sigmoid", "tanh"), chain("abs", "cos")
WRONG_DTYPE = Verdict("fail", "differential", kind="wrong-result", channel="dtype", message="output 0: dtype")


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    """A folder of findings: one that still fails in the same way, one that is fixed, one of which nothing is known."""
    folder = tmp_path / "findings"
    store(folder / "a-fails", DTYPE, WRONG_DTYPE)
    store(folder / "b-fixed", GOOD, WRONG_DTYPE)
    store(folder / "c-bare", ERROR)
    return folder


def store(directory: Path, case: TestCase, verdict: Verdict | None = None) -> None:
    directory.mkdir(parents=True)
    (directory / "testcase.json").write_bytes(encode(case))
    if verdict is not None:
        (directory / "verdict.json").write_bytes(msgspec.json.encode(verdict))


def stands(run: Any, *arguments: object) -> list[tuple[str, bool, str]]:
    ran = run("replay", *arguments, "--json")
    rows = json.loads(ran.out)
    assert ran.code == int(any(row["failure"] for row in rows)), ran.err
    return [(row["status"], row["failure"], row["known"]) for row in rows]


def test_known_fixed_and_new_are_told_apart(run: Any, findings: Path) -> None:
    assert stands(run, findings) == [("failing", False, ""), ("fixed", False, ""), ("failing", True, "")]

    # Where the findings lie, a registry is read.
    (findings.parent / "known.toml").write_text(
        f'[[bug]]\noperators = ["aten.abs.default", "aten.cos.default"]\nlink = "{LINK}"\n'
    )
    (findings.parent / "more.toml").write_text('[[bug]]\nmessage = "cannot lower"\nnote = "tanh of sigmoid"\n')
    assert stands(run, findings, "--known", findings.parent / "more.toml") == [
        ("failing", False, ""),
        ("fixed", False, LINK),
        ("failing", False, "tanh of sigmoid"),
    ]


def test_a_bug_that_the_installed_release_is_said_not_to_have_is_a_failure(run: Any, findings: Path) -> None:
    (findings.parent / "known.toml").write_text(
        f'[[bug]]\nkind = "wrong-result"\nfixed_in = "torch 2.0"\nlink = "{LINK}"\n'
    )
    ran = run("replay", findings / "a-fails", findings / "b-fixed")
    assert ran.code == 1
    first, second, last = ran.out.splitlines()
    assert first.startswith(
        f"FAILURE failing (said to be fixed in torch 2.0: {LINK}) {findings / 'a-fails'} wrong-result"
    )
    assert second == f"fixed (known: {LINK}) {findings / 'b-fixed'}"
    assert last == "2 test cases: new failures 1, fixed 1"


def test_a_finding_that_fails_in_another_way_may_be_known_for_that(run: Any, findings: Path) -> None:
    store(findings / "d-changed", ERROR, WRONG_DTYPE)
    assert stands(run, findings / "d-changed") == [("changed", True, "")]
    (findings.parent / "known.toml").write_text('[[bug]]\nmessage = "cannot lower"\nnote = "n"\n')
    assert stands(run, findings / "d-changed") == [("changed", False, "n")]


def test_parts_together_are_the_whole(run: Any, findings: Path) -> None:
    parts = [run("replay", findings, "--shard", f"{k}/2") for k in (1, 2)]
    names = [sorted(line.split("/findings/")[1].split()[0] for line in p.out.splitlines()[:-1]) for p in parts]
    assert names == [["a-fails", "c-bare"], ["b-fixed"]]
    assert parts[1].out.splitlines()[-1] == "1 test case: fixed 1 (shard 2/2 of 3)"
    for bad in ("3/2", "0/2", "1", "1/0"):
        ran = run("replay", findings, "--shard", bad)
        assert (ran.code, ran.err) == (
            2,
            f"error: --shard: not a part: '{bad}'; write it as 2/4, from 1/4 to 4/4\n",
        )


def test_what_the_time_did_not_suffice_for_is_not_run_and_never_passed(run: Any, findings: Path) -> None:
    junit, sarif = findings.parent / "out.xml", findings.parent / "out.sarif"
    ran = run("replay", findings, "--time", "0.000001", "--junit", junit, "--sarif", sarif, "--annotations")
    assert ran.code == 4
    *lines, last, warning = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == ["not-run"] * 3
    assert last == "3 test cases: not run 3"
    assert warning == "::warning title=tensorsmith replay::3 test cases: not run 3"
    (suite,) = ElementTree.parse(junit).getroot()
    assert (suite.attrib["skipped"], suite.attrib["failures"]) == ("3", "0")
    assert suite[0][0].attrib["message"].startswith("not-run")

    (log,) = json.loads(sarif.read_text())["runs"]
    (invocation,) = log["invocations"]
    assert not invocation["executionSuccessful"]
    assert len(invocation["toolExecutionNotifications"]) == 3
    # Viewers would take a failure that is not in the file for mended. Of the third no failure is known.
    assert [(result["level"], len(result["suppressions"])) for result in log["results"]] == [("note", 1), ("note", 1)]


def test_files_and_annotations_for_viewers(run: Any, findings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(findings.parent)
    ran = run("replay", "findings", "--sarif", "out.sarif", "--annotations")
    assert ran.code == 1
    annotations = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert annotations[0].startswith("::error file=findings/c-bare/testcase.json,title=torch%3Aplanted failing::error")
    assert "cannot lower" in annotations[0]
    assert annotations[1:] == [
        "::notice file=findings/b-fixed/testcase.json,title=torch%3Aplanted fixed::passes now",
        "::notice title=tensorsmith replay::3 test cases: new failures 1, failing as known 1, fixed 1",
    ]

    read = json.loads(Path("out.sarif").read_text())
    (log,) = read["runs"]
    assert (read["version"], log["invocations"][0]["executionSuccessful"]) == ("2.1.0", True)
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == ["error", "wrong-result"]
    known, new = log["results"]
    assert (known["ruleId"], known["level"], len(known["suppressions"])) == ("wrong-result", "note", 1)
    assert (new["ruleId"], new["level"], new.get("suppressions")) == ("error", "error", None)
    location = new["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": "findings/c-bare/testcase.json"}, "region": {"startLine": 1}}
    assert new["partialFingerprints"] == {"testCase/v1": ERROR.id}


def test_json_stays_json_beside_annotations(run: Any, findings: Path) -> None:
    ran = run("replay", findings / "b-fixed", "--json", "--annotations")
    assert json.loads(ran.out)[0]["status"] == "fixed"
    assert ran.err.startswith("::notice file=")


def test_what_a_workflow_command_would_end_at_is_escaped() -> None:
    assert annotation("error", "a,b:c", "100%", "x: y,\n50%\r") == (
        "::error file=a%2Cb%3Ac,title=100%25::x: y,%0A50%25%0D"
    )
