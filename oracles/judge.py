"""Judging a test case by every oracle: in this process, or in a child that may die."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.death import NAME as CRASH
from tensorsmith.oracles.death import died
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.noise import Undefined, check_defined
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.registry import all_oracles
from tensorsmith.oracles.validity import reference, with_new_values
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.api import Runnable, Target
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import find_target

NAME = "all"
HARNESS_ERROR = "harness-error"

# A call of a program, and what eager makes of it.
ExpectedCall: TypeAlias = tuple[TestCase, Observation]

_decoder = msgspec.json.Decoder(Verdict)


def judge(case: TestCase) -> Verdict:
    """Judge a test case in this process, compiled the way a user would; the compiler may crash or hang it.

    Raises:
        InvalidInputError: the target does not exist.
    """
    target = find_target(case.target)
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


def judge_compiled(compiled: Runnable | Exception, calls: Sequence[ExpectedCall], target: Target) -> Verdict:
    """The first verdict of any oracle on any call that is not a pass; or a pass.

    A failure on a program whose result is undefined is none.
    """
    verdict = _first_failure(compiled, calls, target)
    if verdict.outcome == "fail":
        try:
            check_defined(calls[0][0])
        except Undefined as undefined:
            return invalid(verdict.oracle, f"undefined:{undefined}", "the program's result is undefined")
    return verdict


def _first_failure(compiled: Runnable | Exception, calls: Sequence[ExpectedCall], target: Target) -> Verdict:
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


def shielded(judging: Callable[[], Verdict]) -> Verdict:
    """A verdict, or that the test says nothing because tensorsmith's own code fails: no compiler is to blame for that,
    nor is it to be silent."""
    try:
        return judging()
    except Exception:
        return invalid(HARNESS_ERROR, HARNESS_ERROR, traceback.format_exc())


def judge_isolated(case: TestCase, limits: Limits) -> Verdict:
    """Judge a test case in a forked child of this process; its death is a verdict too.

    Raises:
        InvalidInputError: the target does not exist.
    """
    find_target(case.target)
    result = run_isolated(lambda: msgspec.json.encode(shielded(lambda: judge(case))), limits)
    if not isinstance(result, Died):
        return _decoder.decode(result.payload)
    # Eager must survive what the compiled program died of, and nothing in it may be undefined.
    sane = run_isolated(lambda: msgspec.json.encode(shielded(lambda: _sanity(case))), limits)
    if isinstance(sane, Died):
        return invalid(CRASH, "eager-death", f"eager itself died: {sane.cause}")
    verdict = _decoder.decode(sane.payload)
    return verdict if verdict.outcome == "invalid" else died(result, find_target(case.target).packages)


def _sanity(case: TestCase) -> Verdict:
    expected = reference(case, CRASH)
    if isinstance(expected, Verdict):
        return expected
    try:
        check_defined(case)
    except Undefined as undefined:
        return invalid(CRASH, f"undefined:{undefined}")
    return passed(CRASH)
