"""A campaign against TVM with wrong passes among its own: each is named, and nothing is blamed for another's fault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tensorsmith.ir.cases import load

pytest.importorskip("tvm")

PLANTED = Path(__file__).parents[1] / "planted" / "planted_passes.py"
WRONG = {
    "planted.drop_last_iteration": {"wrong-result"},
    "planted.swap_select": {"wrong-result"},
    "planted.forget_cast": {"wrong-result"},
    "planted.break_ssa": {"ill-formed"},
    "planted.loop_for_ever": {"hang"},
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tensorsmith.fuzz", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.timeout(900)
def test_every_wrong_pass_is_named(tmp_path: Path) -> None:
    campaign = str(tmp_path / "campaign")
    limits = ["--seed", "5", "--workers", "2", "--test-timeout", "2s"]
    done = run("fuzz", campaign, "--target", "tvm-tir", "--import", str(PLANTED), "--tests", "512", *limits)
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(run("findings", campaign, "--json").stdout)
    for _ in range(8):
        if {f["guilty"] for f in found} >= WRONG.keys():
            break
        # Alarms that waited in vain come first in the next run.
        done = run("fuzz", campaign, "--tests", "256")
        found = json.loads(run("findings", campaign, "--json").stdout)

    kinds = {name: {f["kind"] for f in found if f["guilty"] == name} for name in WRONG}
    assert kinds == WRONG, done.stdout
    assert not any(f["guilty"] == "planted.add_first" for f in found)
    for finding in found:
        case = load(Path(finding["path"]) / "testcase.json")
        planted = [step.name for step in case.pipeline.steps if step.name.startswith("planted.")]
        assert planted == [name for name in (finding["guilty"],) if name.startswith("planted.")], finding
    (hang,) = (finding for finding in found if finding["kind"] == "hang")
    assert (hang["status"], hang["operators"]) == ("confirmed", [])
    script = subprocess.run([sys.executable, "-I", str(Path(hang["path"]) / "repro.py")], check=False, timeout=120)
    assert script.returncode == 1
