"""The ladder of torch.compile's backends: the first that fails says which part of the compiler is at fault."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.registry import find_target
from tensorsmith.triage.bisect.result import Backends, Outcome, Run
from tensorsmith.triage.bisect.runs import Runs, check

# Names of torch, each with the target that runs it: Dynamo alone, with AOTAutograd, with decompositions and the
# partitioner, and all of Inductor.
LADDER: tuple[tuple[str, str], ...] = (
    ("eager", "torch:eager"),
    ("aot_eager", "aot_eager"),
    ("aot_eager_decomp_partition", "torch:aot_eager_decomp_partition"),
    ("inductor", "inductor"),
)


def climb(case: TestCase, runs: Runs) -> Backends:
    """Judge the test case with every backend up to its own, with the pipeline that it has.

    Raises:
        OutOfTime: time is up.
    """
    found: list[tuple[Run, TestCase]] = []
    for name, target in _rungs(case.target):
        candidate = replace(case, target=target)
        missing = find_target(target).missing(case.device)
        run = Run(name, "nothing", missing) if missing is not None else runs.run(f"backend {name}", candidate)
        found.append((replace(run, name=name), candidate))
        if run.outcome == "fails":
            break
    ran = tuple(run for run, _ in found)
    guilty, failing = found[-1]
    if guilty.outcome != "fails":
        return Backends(ran)
    below = next((one for run, one in reversed(found) if run.outcome == "passes"), None)
    return Backends(
        ran,
        guilty.name,
        check(partial(_again, runs, failing), None if below is None else partial(_again, runs, below)),
    )


def target_of(backend: str) -> str:
    """The target that runs a backend of the ladder, or another one."""
    return dict(LADDER).get(backend, backend)


def _rungs(target: str) -> list[tuple[str, str]]:
    """The ladder up to a target; the whole one, and the target, if it is none of its rungs."""
    rungs: list[tuple[str, str]] = []
    for name, runs_it in LADDER:
        rungs.append((name, runs_it))
        if target in (runs_it, f"torch:{name}"):
            return rungs
    return [*rungs, (target, target)]


def _again(runs: Runs, case: TestCase) -> Outcome:
    return runs.run(f"again: {case.target}", case).outcome
