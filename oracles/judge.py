"""Judging one test case alone, the way a user would run it: in this process, or in a child that may die."""

from __future__ import annotations

import msgspec

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.death import NAME as CRASH
from tensorsmith.oracles.death import died
from tensorsmith.oracles.differential import NAME, judge_run
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.noise import Undefined, envelopes
from tensorsmith.oracles.validity import reference
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import find_target

_decoder = msgspec.json.Decoder(Verdict)


def judge(case: TestCase) -> Verdict:
    """Judge a test case in this process; the compiler may crash or hang it.

    Raises:
        InvalidInputError: the target does not exist.
    """
    target = find_target(case.target)
    try:
        run = target.compile(case)
    except Exception as error:
        expected = reference(case, NAME)
        return expected if isinstance(expected, Verdict) else failed_with(NAME, error, target)
    return judge_run(case, run, target)


def judge_isolated(case: TestCase, limits: Limits) -> Verdict:
    """Judge a test case in a forked child of this process; its death is a verdict too."""
    result = run_isolated(lambda: msgspec.json.encode(judge(case)), limits)
    if not isinstance(result, Died):
        return _decoder.decode(result.payload)
    # Eager must survive what the compiled program died of, and nothing in it may be undefined.
    sane = run_isolated(lambda: msgspec.json.encode(_sanity(case)), limits)
    if isinstance(sane, Died):
        return invalid(CRASH, "eager-death", f"eager itself died: {sane.cause}")
    verdict = _decoder.decode(sane.payload)
    return verdict if verdict.outcome == "invalid" else died(result, find_target(case.target))


def _sanity(case: TestCase) -> Verdict:
    expected = reference(case, CRASH)
    if isinstance(expected, Verdict):
        return expected
    try:
        envelopes(case)
    except Undefined as undefined:
        return invalid(CRASH, f"undefined:{undefined}")
    return Verdict("pass", CRASH)
