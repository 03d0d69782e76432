"""Running a batch of test cases through a target together: validity, compilation, judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tensorsmith.fuzz.stopwatch import Stopwatch, cpu_seconds
from tensorsmith.ir.cases import Case
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import shielded
from tensorsmith.oracles.judge_graph import ExpectedCall, expected_calls, judge_compiled
from tensorsmith.oracles.tir.judge import OnChange, OnStep, ignore, judge_tir
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.registry import graph_target

# Called with the position of a test in the batch (-1: all of it) and the name of the stage that it enters.
OnStage = Callable[[int, str], None]
# Called with the position of a test, the verdict on it, and the CPU seconds that it took.
OnVerdict = Callable[[int, Verdict, float], None]


def run_batch(
    cases: Sequence[Case],
    watch: Stopwatch,
    on_stage: OnStage,
    on_verdict: OnVerdict,
    on_step: OnStep,
    on_change: OnChange = ignore,
) -> None:
    """Judge test cases of one target; every position gets exactly one verdict, unless the process dies first.

    `on_step` is told of the steps of pipelines of TIR, and of the empty name before the first of each; `on_change` of
    the passes that change a program of TIR.
    """
    graphs = [case for case in cases if isinstance(case, TestCase)]
    if graphs:
        _run_graphs(graphs, watch, on_stage, on_verdict)
        return
    for position, case in enumerate(cases):
        if isinstance(case, TirCase):
            on_stage(position, "judge")
            on_step("")
            start = cpu_seconds()
            with watch.stage("judge"):
                verdict = shielded(partial(judge_tir, case, on_step, on_change))
            on_verdict(position, verdict, cpu_seconds() - start)


def _run_graphs(cases: Sequence[TestCase], watch: Stopwatch, on_stage: OnStage, on_verdict: OnVerdict) -> None:
    target = graph_target(cases[0].target)
    expected: dict[int, list[ExpectedCall]] = {}
    spent: dict[int, float] = {}
    with watch.stage("eager"):
        for position, case in enumerate(cases):
            on_stage(position, "eager")
            start = cpu_seconds()
            calls = expected_calls(case)
            spent[position] = cpu_seconds() - start
            if isinstance(calls, Verdict):
                on_verdict(position, calls, spent[position])
            else:
                expected[position] = calls
    positions = list(expected)
    on_stage(-1, "compile")
    start = cpu_seconds()
    with watch.stage("compile"):
        compiled = target.compile_many(
            [cases[position] for position in positions],
            lambda index: on_stage(positions[index] if index >= 0 else -1, "compile"),
        )
    share = (cpu_seconds() - start) / max(1, len(positions))
    for position, runnable in zip(positions, compiled, strict=True):
        on_stage(position, "run")
        start = cpu_seconds()
        with watch.stage("judge"):
            # An oracle that fails must not take the other tests of the batch along.
            verdict = shielded(partial(judge_compiled, runnable, expected[position], target))
        on_verdict(position, verdict, spent[position] + share + cpu_seconds() - start)
