"""A campaign against a backend with five planted bugs and a difference that is only rounding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = Path(__file__).parents[1] / "planted" / "planted_backend.py"
TESTS = 256


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tensorsmith.fuzz", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.timeout(900)
def test_exactly_the_planted_bugs_are_found(tmp_path: Path) -> None:
    campaign = str(tmp_path / "campaign")
    limits = ["--seed", "3", "--workers", "2", "--test-timeout", "2s"]
    done = run("fuzz", campaign, "--target", "torch:planted", "--import", str(PLANTED), "--tests", str(TESTS), *limits)
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(run("findings", campaign, "--json").stdout)
    # On a busy machine some alarms wait for the next run: going on is what a campaign is for.
    for _ in range(4):
        if len(found) >= 5:
            break
        done = run("fuzz", campaign, "--tests", "32")
        found = json.loads(run("findings", campaign, "--json").stdout)

    operators = {(f["kind"], *(op.split(".")[1] for op in f["operators"])) for f in found}
    assert operators == {
        ("wrong-result", "sigmoid"),
        ("error", "amin"),
        ("hang", "argmin"),
        ("crash", "amax"),
        ("wrong-result", "clamp"),
    }, done.stdout
    assert len(found) == 5
    for finding in found:
        directory = Path(finding["path"])
        script = subprocess.run(
            [sys.executable, "-I", str(directory / "repro.py")],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert script.returncode == 1, finding["id"] + script.stdout + script.stderr
        assert "tensorsmith" in (directory / "report.md").read_text()

    status = json.loads(run("status", campaign, "--json").stdout)
    assert status["tests"] >= TESTS
    assert status["valid"] >= 0.9 * status["tests"]
