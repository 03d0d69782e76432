"""The pytest plug-in, in a pytest of its own."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from tensorsmith.corpus.store import Store
from tensorsmith.oracles.verdict import Verdict
from tests.fuzz.test_cli_replay import DTYPE, ERROR, GOOD, LINK, WRONG_DTYPE, store
from tests.triage.programs import PREAMBLE, chain

MODULE = "tensorsmith.fuzz.pytest_plugin"
OTHER_ERROR = Verdict("fail", "differential", kind="error", exception="E", message="another")


def run_pytest(directory: Path, *arguments: object) -> tuple[int, list[str], str]:
    """The exit code, the lines of the short summary, and all that is before it."""
    command = [sys.executable, "-m", "pytest", "-p", MODULE, "-p", "no:cacheprovider", "-rA", *map(str, arguments)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert "short test summary info" in done.stdout, done.stdout + done.stderr
    before, summary = done.stdout.split("short test summary info")
    return done.returncode, summary.splitlines()[1:], before


def test_findings_are_tests(tmp_path: Path) -> None:
    # Even where the project is strict about expected failures.
    (tmp_path / "pytest.ini").write_text("[pytest]\nxfail_strict = true\n")
    (tmp_path / "backend.py").write_text(PREAMBLE)
    (tmp_path / "testcase.json").write_text("{}")  # not of a finding
    (tmp_path / "bugs.toml").write_text(f'[[bug]]\nmessage = "cannot lower"\nlink = "{LINK}"\n')
    for name, case, verdict in (
        ("a-fails", DTYPE, WRONG_DTYPE),
        ("b-fixed", GOOD, WRONG_DTYPE),
        ("c-passes", GOOD, None),
        ("d-known", ERROR, None),
        ("e-changed", DTYPE, OTHER_ERROR),
        ("f-changed-and-known", ERROR, WRONG_DTYPE),
        ("g-new", chain("t"), None),
        ("h-no-target", chain("sin", target="no-such-target"), None),
    ):
        store(tmp_path / "findings" / name, case, verdict)
    code, lines, _ = run_pytest(tmp_path, "--tensorsmith-known", "bugs.toml", "--tensorsmith-import", "backend.py")
    said = dict(line.split(" ", 1)[::-1] for line in lines if "::" in line)
    outcome = {rest.split("::")[1].split(" ")[0]: result for rest, result in said.items()}
    assert outcome == {
        "a-fails": "XFAIL",
        "b-fixed": "XPASS",
        "c-passes": "PASSED",
        "d-known": "XFAIL",
        "e-changed": "FAILED",
        "f-changed-and-known": "XFAIL",
        "g-new": "FAILED",
        "h-no-target": "FAILED",
    }, lines
    assert code == 1
    assert any(line.startswith("XFAIL") and "d-known" in line and LINK in line for line in lines)
    assert lines[-1].count("3 failed, 1 passed, 3 xfailed, 1 xpassed") == 1


def test_of_a_campaign_what_is_confirmed_is_collected(campaign: Path, tmp_path: Path) -> None:
    with Store.open(campaign) as opened:
        opened.mark("aa11", "unconfirmed")
        opened.mark("ab22", "known", LINK)
    store(tmp_path / "other" / "findings" / "x", GOOD)
    (tmp_path / "other" / "known.toml").write_text("[[bug]]\n")
    code, lines, output = run_pytest(tmp_path, ".", "--continue-on-collection-errors")
    passed, failed = (line for line in lines if line.startswith(("X", "F", "P", "E")))
    assert passed.startswith("XPASS campaign/findings/ab22/testcase.json::ab22 ")
    assert LINK in passed
    assert failed.startswith("ERROR other/findings/x/testcase.json")
    assert f"{tmp_path}/other/known.toml: bug 1: tells no failure; give at least one of target, kind" in output
    assert code == 1


def test_it_is_registered() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (name,) = project["entry-points"]["pytest11"].values()
    assert callable(import_module(name).pytest_collect_file)
    assert name == MODULE


def test_it_loads_nothing_where_there_are_no_findings() -> None:
    code = f"import sys, {MODULE}; print(sorted({{'torch', 'tvm', 'msgspec', 'typer'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


pytestmark = pytest.mark.slow
