"""Running a batch of test cases through a target together: validity, compilation, judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tensorsmith.fuzz.stopwatch import Stopwatch
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import ExpectedCall, expected_calls, judge_compiled, shielded
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Target

# The reason of a test that an oracle of ours failed on.

# Called with the position of a test in the batch (-1: all of it) and the name of the stage that it enters.
OnStage = Callable[[int, str], None]
OnVerdict = Callable[[int, Verdict], None]


def run_batch(
    cases: Sequence[TestCase], target: Target, watch: Stopwatch, on_stage: OnStage, on_verdict: OnVerdict
) -> None:
    """Judge test cases of one target; every position gets exactly one verdict, unless the process dies first."""
    expected: dict[int, list[ExpectedCall]] = {}
    with watch.stage("eager"):
        for position, case in enumerate(cases):
            on_stage(position, "eager")
            calls = expected_calls(case)
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
            # An oracle that fails must not take the other tests of the batch along.
            verdict = shielded(partial(judge_compiled, runnable, expected[position], target))
        on_verdict(position, verdict)
