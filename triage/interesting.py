"""A command of the user's as the judge: it gets a candidate as a stand-alone script, and exits with other than 0 when
that is still interesting."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import HARNESS_ERROR, sane_isolated
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.isolation import Limits, die_with_parent, kill_group
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.repro import repro_script
from tensorsmith.triage.search import Progress, Reduced
from tensorsmith.triage.tir.reduce import reduce_tir
from tensorsmith.triage.tir.repro import scripts as tir_scripts

NAME = "interesting"
PLACE = "{}"
# What the script of a candidate looks for by itself: it compares values, and errors end it with 1.
_LOOKS_FOR = Verdict("fail", NAME, kind="wrong-result", channel="values", message="interesting")
# What a shell says when there is no such command, or none that it may run.
_NO_COMMAND = (126, 127)


def interesting_script(case: Case) -> str:
    """The script of a test case that the command is given.

    Raises:
        InvalidInputError: there is none for its target, or for a program of TIR that has no defined result.
    """
    if not isinstance(case, TirCase):
        return repro_script(case, _LOOKS_FOR)
    try:
        written = tir_scripts(case, _LOOKS_FOR)
    except ValueError as error:
        raise InvalidInputError(f"no script for this program: {error}") from error
    if not written:
        raise InvalidInputError("no script for this program")
    return written[0]


def run_command(command: str, case: Case, limits: Limits) -> Verdict:
    """A failure if the command exits with other than 0, a pass if with 0, invalid if it takes too long.

    Args:
        command: for a shell; PLACE in it is the path of the script, which else is put at the end.
        case: the candidate.
        limits: how long the command may take.

    Raises:
        InvalidInputError: there is no such command.
    """
    try:
        script = interesting_script(case)
    except InvalidInputError as error:
        return invalid(NAME, "no-script", str(error))
    with tempfile.TemporaryDirectory(prefix="tensorsmith-interesting-") as folder:
        path = Path(folder) / "candidate.py"
        path.write_text(script)
        named = shlex.quote(str(path))
        line = command.replace(PLACE, named) if PLACE in command else f"{command} {named}"
        with subprocess.Popen(
            line,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
            start_new_session=True,
        ) as process:
            try:
                code = process.wait(timeout=limits.seconds)
            except subprocess.TimeoutExpired:
                return invalid(NAME, "timeout", f"`{command}` takes more than {limits.seconds:g} s")
            finally:
                kill_group(process.pid)
    if code in _NO_COMMAND:
        raise InvalidInputError(f"--interesting: cannot be run, the shell exits with {code}: {command}")
    if code == 0:
        return passed(NAME)
    return Verdict("fail", NAME, kind="error", exception=NAME, message=f"`{command}` does not exit with 0")


def interesting_judge(command: str, case: Case, limits: Limits) -> Callable[[Case], Verdict]:
    """A judge that asks the command about every candidate that eager (of TIR, the interpreter) makes sense of.

    Args:
        command: see `run_command`.
        case: the test case. If itself makes no sense, candidates need not either.
        limits: how long the command may take.
    """
    strict = sane_isolated(case, limits).outcome == "pass"

    def judge(candidate: Case) -> Verdict:
        if strict:
            sane = sane_isolated(candidate, limits)
            if sane.outcome != "pass":
                return sane if sane.outcome == "invalid" else invalid(HARNESS_ERROR, HARNESS_ERROR, sane.message)
        return run_command(command, candidate, limits)

    return judge


def reduce_interesting(
    command: str,
    case: Case,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
    memory: Memory | None = None,
    workers: int = 1,
) -> tuple[Reduced[Case], tuple[int, int]]:
    """Reduce a test case while it is interesting; with what is left, in how many of how many runs it was again.

    Args:
        command: see `run_command`.
        case: the test case.
        verdict: what the command said of it.
        limits: how long the command may take.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the command.
        memory: what is known of candidates already, and where to keep what becomes known.
        workers: how many candidates may be judged at once.

    Raises:
        InvalidInputError: there is no such command.
        ValueError: the verdict is no failure.
    """
    judge = interesting_judge(command, case, limits)
    arguments = (verdict, judge, deadline_seconds, on_progress, memory, NAME, workers)
    reduced: Reduced[Case] = (
        reduce_tir(case, *arguments) if isinstance(case, TirCase) else reduce_case(case, *arguments)
    )
    fails = [judge(reduced.case).outcome == "fail" for _ in range(2)]
    return reduced, (sum(fails), len(fails))
