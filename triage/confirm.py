"""Confirmation: whether a failure shows again in fresh processes, and whether its script shows it too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

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


class ScriptRun(msgspec.Struct, frozen=True):
    """How a script of a finding ended: its exit code, None if it took too long, and what it printed."""

    code: int | None
    out: str = ""
    errors: str = ""

    @property
    def reproduced(self) -> bool:
        """Whether the bug is there; Python itself exits with 1 when it fails."""
        return self.code == 1 and any(line.startswith("reproduced") for line in self.out.splitlines())

    def last_words(self) -> str:
        """The last line that it printed, of an error if it could; or that it did not end."""
        if self.code is None:
            return "it did not end in time"
        lines = (self.errors.strip() or self.out.strip()).splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


def run_repro(script: Path, seconds: float) -> bool:
    """Whether a script reproduces its finding in a fresh interpreter; one that takes too long does not."""
    return run_script(Path(sys.executable), script, seconds).reproduced


def run_script(python: Path, script: Path, seconds: float) -> ScriptRun:
    """Run a script in a fresh interpreter; whatever it starts ends with it."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        try:
            process = subprocess.Popen(
                [str(python), "-I", str(script)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        except OSError as error:  # no program for this machine
            return ScriptRun(127, errors=str(error))
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return ScriptRun(None)
        finally:
            _end(process)
        errors.seek(0)
        return ScriptRun(process.returncode, said, errors.read()[-4096:])


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
