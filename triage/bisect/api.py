"""A whole bisection of one failing test case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from tensorsmith.ir.cases import Case
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.inductor.target import Inductor
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.onnxruntime.target import OnnxRuntime
from tensorsmith.targets.registry import find_target, graph_target
from tensorsmith.targets.torch_backend import TorchBackend
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in
from tensorsmith.targets.tvm.relax.ways import WAYS
from tensorsmith.triage.bisect.backends import climb, target_of
from tensorsmith.triage.bisect.onnxruntime import bisect_levels
from tensorsmith.triage.bisect.releases import bisect_releases
from tensorsmith.triage.bisect.result import Bisected, Outcome, Passes, Releases, Run
from tensorsmith.triage.bisect.runs import OutOfTime, Runs
from tensorsmith.triage.bisect.settings import bisect_settings
from tensorsmith.triage.bisect.text import first_line
from tensorsmith.triage.bisect.tir_passes import bisect_tir
from tensorsmith.triage.bisect.torch_bisector import bisect_backend, has_subsystems
from tensorsmith.triage.relax.blame import blamed
from tensorsmith.triage.repro import longest_run
from tensorsmith.triage.signature import as_judged

DEADLINE_SECONDS = 600.0


def ignore(run: Run) -> None:
    """Nobody listens."""


def bisected(
    case: Case,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float = DEADLINE_SECONDS,
    on_run: Callable[[Run], object] = ignore,
) -> Bisected:
    """Find out which backend and which part of it, which setting, or which pass makes a test case fail.

    Every run has a process of its own. On Ctrl-C, and when time is up, what is known so far is returned.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: of one run.
        deadline_seconds: time is up after so long.
        on_run: told of every run; of some in a child of this process.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has nothing to bisect")
    search = _Search(case, verdict, limits, deadline_seconds, on_run)
    return search.finish(search.find)


def bisected_releases(
    case: Case,
    verdict: Verdict,
    script: str,
    pythons: Sequence[Path],
    limits: Limits,
    on_run: Callable[[Run], object] = ignore,
) -> Bisected:
    """Find out which release first fails. On Ctrl-C what is known so far is returned.

    Args:
        case: the test case.
        verdict: how it fails.
        script: that reproduces it here (`triage.write_up.best_script`).
        pythons: interpreters, the oldest release first.
        limits: of one run of the test case.
        on_run: told of every run.
    """
    search = _Search(case, verdict, limits, DEADLINE_SECONDS, on_run)
    return search.finish(lambda: search.find_release(script, pythons))


class _Search:
    """What is known so far."""

    def __init__(
        self, case: Case, verdict: Verdict, limits: Limits, seconds: float, on_run: Callable[[Run], object]
    ) -> None:
        self.case = case
        self.limits = limits
        self.runs = Runs(as_judged(case, verdict), limits, seconds, on_run)
        self.known = Bisected(case.id, case.target, first_line(verdict))
        # Where the runs of the step begin that is at work.
        self.step = 0

    def finish(self, find: Callable[[], None]) -> Bisected:
        try:
            find()
        except OutOfTime:
            self._stopped("time was up")
        except KeyboardInterrupt:
            self._stopped("interrupted")
        return replace(self.known, runs=len(self.runs.log))

    def find(self) -> None:
        if isinstance(self.case, TirCase):
            self._learn(passes=bisect_tir(self.case, self.runs))
            self._find_settings_of_tir(self.case)
        elif self.case.target in WAYS:
            self._learn(passes=self._pass_of_relax(self.case))
        elif isinstance(find_target(self.case.target), (Inductor, TorchBackend)):
            self._find_in_torch(self.case)
        elif isinstance(find_target(self.case.target), OnnxRuntime):
            self._find_in_onnxruntime(self.case)
        else:
            self._note(f"the target {self.case.target} has neither backends nor passes to choose among")

    def find_release(self, script: str, pythons: Sequence[Path]) -> None:
        def keep(known: Releases) -> None:
            self.known = replace(self.known, releases=known)

        self._learn(releases=bisect_releases(script, pythons, longest_run(self.limits), self.runs.note, keep))

    def _find_in_torch(self, case: TestCase) -> None:
        backends = climb(case, self.runs)
        self._learn(backends=backends)
        guilty = backends.guilty
        if not guilty:
            self._note("no backend fails in the same way: it may be flaky")
            return
        if has_subsystems(guilty):
            self._learn(subsystem=bisect_backend(case, guilty, self.runs))
        case = replace(case, target=target_of(guilty))

        def attempt(name: str, steps: tuple[Step, ...]) -> Outcome:
            return self.runs.run(name, replace(case, pipeline=Pipeline(steps))).outcome

        self._learn(settings=bisect_settings(case.pipeline.steps, graph_target(case.target).knobs(), attempt))

    def _find_in_onnxruntime(self, case: TestCase) -> None:
        def attempt(name: str, steps: tuple[Step, ...]) -> Outcome:
            return self.runs.run(name, replace(case, pipeline=Pipeline(steps))).outcome

        own = case.pipeline.steps
        settings = bisect_settings(own, (), attempt) if own else None
        if settings is not None:
            self._learn(settings=settings)
        needed = settings.needed if settings is not None else ()
        self._learn(levels=bisect_levels(replace(case, pipeline=Pipeline(needed)), self.runs))

    def _find_settings_of_tir(self, case: TirCase) -> None:
        own, passes = settings_in(case.pipeline), passes_in(case.pipeline)

        def attempt(name: str, steps: tuple[Step, ...]) -> Outcome:
            return self.runs.run(name, replace(case, pipeline=Pipeline((*steps, *passes)))).outcome

        if own:
            self._learn(settings=bisect_settings(own, (), attempt))

    def _pass_of_relax(self, case: TestCase) -> Passes:
        first, second = (blamed(case, self.runs.verdict, self.limits).guilty for _ in range(2))
        if first != second:
            self._note(f"flaky: the first time {first or 'no pass'} was to blame, then {second or 'no pass'}")
        return Passes(first)

    def _learn(self, **part: object) -> None:
        self.known = replace(self.known, **part)
        self.step = len(self.runs.log)

    def _note(self, text: str) -> None:
        self.known = replace(self.known, notes=(*self.known.notes, text))

    def _stopped(self, why: str) -> None:
        self._note(f"{why}: there may be more to find out")
        self.known = replace(self.known, complete=False, unfinished=tuple(self.runs.log[self.step :]))
