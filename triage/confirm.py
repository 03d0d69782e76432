"""Confirmation: whether a failure shows again in fresh processes, and whether its script shows it too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits, die_with_parent
from tensorsmith.triage.signature import same_failure

MORE_RUNS = 3


def confirm(case: Case, verdict: Verdict, limits: Limits) -> tuple[int, int]:
    """In how many of how many fresh processes the test case fails in the same way.

    One run, and one more if it fails in the same way, else three more.
    """
    fails = [_fails(case, verdict, limits)]
    fails += [_fails(case, verdict, limits) for _ in range(1 if fails[0] else MORE_RUNS)]
    return sum(fails), len(fails)


def run_repro(script: Path, seconds: float) -> bool:
    """Whether a script reproduces its finding in a fresh interpreter; one that takes too long does not."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        preexec_fn=die_with_parent,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _end(process)
    return process.returncode == 1 and any(line.startswith("reproduced") for line in said.splitlines())


def _end(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.communicate()


def _fails(case: Case, verdict: Verdict, limits: Limits) -> bool:
    found = judge_isolated(case, limits)
    return found.outcome == "fail" and same_failure(verdict, found)
