"""Judging a test case by every oracle that applies: in this process, or in a child that may die."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.death import NAME as CRASH
from tensorsmith.oracles.death import died
from tensorsmith.oracles.judge_graph import judge_graph, sane_graph
from tensorsmith.oracles.tir.judge import OnStep, judge_tir, sane_tir
from tensorsmith.oracles.tir.judge import ignore as ignore_step
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.mark import Mark
from tensorsmith.targets.registry import find_target

HARNESS_ERROR = "harness-error"

_decoder = msgspec.json.Decoder(Verdict)


def judge(case: Case, on_step: OnStep = ignore_step) -> Verdict:
    """Judge a test case in this process, compiled the way a user would; the compiler may crash or hang it.

    Args:
        case: the test case.
        on_step: called with the name of each step of a pipeline of TIR before it runs.

    Raises:
        InvalidInputError: the target does not exist, or compiles another kind of program.
    """
    if not isinstance(case, TirCase):
        return judge_graph(case)
    if find_target(case.target).programs != "tir":
        raise InvalidInputError(f"target `{case.target}` compiles graphs of operators, not programs of TIR")
    return judge_tir(case, on_step)


def shielded(judging: Callable[[], Verdict]) -> Verdict:
    """A verdict, or that the test says nothing because tensorsmith's own code fails: no compiler is to blame for that,
    nor is it to be silent."""
    try:
        return judging()
    except InvalidInputError as error:  # another version of the compiler wrote it, or has what it asks for
        return invalid(HARNESS_ERROR, "invalid-input", str(error))
    except Exception:
        return invalid(HARNESS_ERROR, HARNESS_ERROR, traceback.format_exc())


def judge_isolated(case: Case, limits: Limits) -> Verdict:
    """Judge a test case in a forked child of this process; its death is a verdict too, and the step that it was at is
    guilty.

    Raises:
        InvalidInputError: the target does not exist.
    """
    find_target(case.target)
    step = Mark()
    result = run_isolated(lambda: msgspec.json.encode(shielded(lambda: judge(case, step.write))), limits)
    if not isinstance(result, Died):
        return _decoder.decode(result.payload)
    # What the compiler died of must have a meaning.
    verdict = sane_isolated(case, limits)
    return verdict if verdict.outcome == "invalid" else died(result, find_target(case.target).packages, step.read())


def sane_isolated(case: Case, limits: Limits) -> Verdict:
    """Whether a test case says something, by what eager, or the interpreter of TIR, makes of it in a forked child."""
    sane = run_isolated(lambda: msgspec.json.encode(shielded(lambda: _sane(case))), limits)
    if isinstance(sane, Died):
        return invalid(CRASH, "eager-death", f"eager itself died: {sane.cause}")
    return _decoder.decode(sane.payload)


def _sane(case: Case) -> Verdict:
    return sane_tir(case) if isinstance(case, TirCase) else sane_graph(case)
