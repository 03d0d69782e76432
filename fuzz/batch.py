"""Running a batch of test cases through a target together: validity, compilation, two calls, comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tensorsmith.fuzz.stopwatch import Stopwatch
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.differential import NAME, judge_call
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.validity import reference, with_new_values
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.api import Runnable, Target

# Called with the position of a test in the batch (-1: all of it) and the name of the stage that it enters.
OnStage = Callable[[int, str], None]
OnVerdict = Callable[[int, Verdict], None]


def run_batch(
    cases: Sequence[TestCase], target: Target, watch: Stopwatch, on_stage: OnStage, on_verdict: OnVerdict
) -> None:
    """Judge test cases of one target; every position gets exactly one verdict, unless the process dies first."""
    expected: dict[int, list[tuple[TestCase, Observation]]] = {}
    with watch.stage("eager"):
        for position, case in enumerate(cases):
            on_stage(position, "eager")
            calls = _expectations(case)
            if isinstance(calls, Verdict):
                on_verdict(position, calls)
            else:
                expected[position] = calls
    positions = list(expected)
    with watch.stage("compile"):
        compiled = target.compile_many(
            [cases[position] for position in positions],
            lambda index: on_stage(positions[index] if index >= 0 else -1, "compile"),
        )
    for position, runnable in zip(positions, compiled, strict=True):
        on_stage(position, "run")
        with watch.stage("judge"):
            verdict = _judge(runnable, expected[position], target)
        on_verdict(position, verdict)


def _expectations(case: TestCase) -> list[tuple[TestCase, Observation]] | Verdict:
    """What eager gives for the first and for a second call, or why the test case is invalid."""
    calls: list[tuple[TestCase, Observation]] = []
    for call in (case, with_new_values(case)):
        seen = reference(call, NAME)
        if isinstance(seen, Verdict):
            return calls or seen
        calls.append((call, seen))
    return calls


def _judge(compiled: Runnable | Exception, calls: list[tuple[TestCase, Observation]], target: Target) -> Verdict:
    if isinstance(compiled, Exception):
        return failed_with(NAME, compiled, target)
    for call, seen in calls:
        verdict = judge_call(call, seen, compiled, target)
        if verdict.outcome != "pass":
            return verdict
    return passed(NAME)
