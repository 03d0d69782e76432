"""Judging a test case of a graph: what eager makes of it, what the compiler makes of it, and what oracles say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.death import NAME as CRASH
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.noise import Undefined, check_defined
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.registry import all_oracles
from tensorsmith.oracles.validity import reference, with_new_values
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.api import GraphTarget, Runnable
from tensorsmith.targets.registry import graph_target
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.settings import settings_of

NAME = "all"

# A call of a program, and what eager makes of it.
ExpectedCall: TypeAlias = tuple[TestCase, Observation]


def judge_graph(case: TestCase) -> Verdict:
    """Judge a test case in this process, compiled the way a user would; the compiler may crash or hang it.

    Raises:
        InvalidInputError: the target does not exist, or compiles no graphs.
    """
    target = graph_target(case.target)
    calls = expected_calls(case)
    if isinstance(calls, Verdict):
        return calls
    try:
        compiled: Runnable | Exception = target.compile(case)
    except Exception as error:
        compiled = error
    return judge_compiled(compiled, calls, target)


def expected_calls(case: TestCase) -> list[ExpectedCall] | Verdict:
    """What eager makes of a first call, and of a second with new values; or why the test case is invalid.

    If eager rejects the new values there is no second call.
    """
    calls: list[ExpectedCall] = []
    for call in (case, with_new_values(case)):
        seen = reference(call, NAME)
        if isinstance(seen, Verdict):
            return calls or seen
        calls.append((call, seen))
    return calls


def judge_compiled(compiled: Runnable | Exception, calls: Sequence[ExpectedCall], target: GraphTarget) -> Verdict:
    """The first verdict of any oracle on any call that is not a pass; or a pass.

    A failure on a program whose result is undefined is none, nor is one of passes in an order that nobody promises to
    be legal: of these only the death of the process counts.
    """
    verdict = _first_failure(compiled, calls, target)
    if verdict.outcome == "fail" and target.steps == "relax":
        pipeline = calls[0][0].pipeline
        if settings_of(pipeline).free_order or order_problem(pipeline) is not None:
            return invalid(verdict.oracle, "noise: a failure in a free order", verdict.message)
    if verdict.outcome == "fail":
        try:
            check_defined(calls[0][0])
        except Undefined as undefined:
            return invalid(verdict.oracle, f"undefined:{undefined}", "the program's result is undefined")
    return verdict


def _first_failure(compiled: Runnable | Exception, calls: Sequence[ExpectedCall], target: GraphTarget) -> Verdict:
    if isinstance(compiled, Exception):
        return failed_with(NAME, compiled, target)
    for case, seen in calls:
        for oracle in all_oracles():
            if oracle.judge is None or oracle.gives != target.gives:
                continue
            verdict = oracle.judge(case, seen, compiled, target)
            if verdict.outcome != "pass":
                return verdict
    return passed(NAME)


def sane_graph(case: TestCase) -> Verdict:
    """Whether a test case that the compiler died of says something: eager survives it, nothing in it is undefined."""
    expected = reference(case, CRASH)
    if isinstance(expected, Verdict):
        return expected
    try:
        check_defined(case)
    except Undefined as undefined:
        return invalid(CRASH, f"undefined:{undefined}")
    return passed(CRASH)
