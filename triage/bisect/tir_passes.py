"""Passes of TIR: the shortest beginning of the pipeline that fails, and the guilty pass by itself."""

from __future__ import annotations

from functools import partial

import msgspec
from msgspec.structs import replace

from tensorsmith.ir.cases import decode, encode
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Died, run_isolated
from tensorsmith.targets.tvm.function import TirFunction, to_program
from tensorsmith.targets.tvm.passes.defaults import DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.ends import is_end, makes_native_code
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in
from tensorsmith.triage.bisect.result import Alone, Outcome, Passes
from tensorsmith.triage.bisect.runs import Runs, check
from tensorsmith.triage.tir.blame import usual_suspect
from tensorsmith.triage.tir.pipeline import program_after


def bisect_tir(case: TirCase, runs: Runs) -> Passes:
    """Which pass of its pipeline makes a test case of TIR fail.

    Of native code, the pass of the default pipeline that gives the same failure, if there is one.

    Raises:
        OutOfTime: time is up.
    """
    verdict, plainer = runs.verdict, ""
    suspect = usual_suspect(case, verdict, lambda candidate: runs.judge(_described(candidate), candidate))
    if suspect is not None and makes_native_code(verdict.guilty):
        case, verdict = suspect
        runs = runs.against(verdict)
    elif suspect is not None:
        plainer = suspect[1].guilty
    own = tuple(step for step in passes_in(case.pipeline) if not is_end(step))
    passes = own or DEFAULT_LOWERING
    # More than the default lowering may be the lowering of intrinsics, which is its last pass then.
    default = passes[: len(DEFAULT_LOWERING)] == DEFAULT_LOWERING
    if makes_native_code(verdict.guilty):
        return _native(case, verdict, passes, runs)
    prefix = _shortest(case, passes, runs)
    if not prefix:
        return Passes(verdict.guilty, of=len(passes), default=default, plainer=plainer)
    without = None if len(prefix) == 1 else partial(_again, runs, case, prefix[:-1])
    both = check(partial(_again, runs, case, prefix), without)
    return Passes(verdict.guilty, prefix, len(passes), _alone(case, prefix, runs), default, plainer, both)


def _shortest(case: TirCase, passes: tuple[Step, ...], runs: Runs) -> tuple[Step, ...]:
    """The shortest beginning that fails; none if not even the whole does by itself."""
    low, high = 0, len(passes)
    if _begins(case, passes, runs) != "fails":
        return ()
    while high - low > 1:
        middle = (low + high) // 2
        if _begins(case, passes[:middle], runs) == "fails":
            high = middle
        else:
            low = middle
    return passes[:high]


def _begins(case: TirCase, passes: tuple[Step, ...], runs: Runs) -> Outcome:
    return runs.run(f"passes 1 to {len(passes)}, up to {passes[-1].name}", _with(case, passes)).outcome


def _again(runs: Runs, case: TirCase, passes: tuple[Step, ...]) -> Outcome:
    return runs.run(f"again: passes 1 to {len(passes)}", _with(case, passes)).outcome


def _native(case: TirCase, verdict: Verdict, passes: tuple[Step, ...], runs: Runs) -> Passes:
    """All passes keep what the program means, and the code that is made of it does not."""
    without = None
    if runs.run("the passes without native code", _with(case, passes)).outcome == "passes":
        without = partial(_again, runs, case, passes)
    both = check(lambda: runs.run("again: native code", case).outcome, without)
    return Passes(verdict.guilty, of=len(passes), check=both)


def _alone(case: TirCase, prefix: tuple[Step, ...], runs: Runs) -> Alone:
    last = prefix[-1:]
    if prefix == last or runs.run(f"{last[0].name} alone", _with(case, last)).outcome == "fails":
        return "on the program"
    before = _program_before(case, prefix, runs)
    if before is None or runs.run(f"{last[0].name} on the program before it", before).outcome != "fails":
        return ""
    return "on what the passes before it make of the program"


def _program_before(case: TirCase, prefix: tuple[Step, ...], runs: Runs) -> TirCase | None:
    """The test case of the last pass alone, on the program as the passes before it leave it, if that can be had."""

    def made() -> bytes:
        function = program_after(case, prefix[:-1])
        if function is None:
            return b""
        # The target is bound again before the first pass runs.
        bare = TirFunction(function.func.without_attr("target"), function.buffers, function.scalars)
        return encode(replace(_with(case, prefix[-1:]), program=to_program(bare)))

    ended = run_isolated(made, runs.limits)
    if isinstance(ended, Died) or not ended.payload:
        return None
    found = decode(ended.payload)
    return found if isinstance(found, TirCase) else None


def _with(case: TirCase, passes: tuple[Step, ...]) -> TirCase:
    return msgspec.structs.replace(case, pipeline=Pipeline((*settings_in(case.pipeline), *passes)))


def _described(case: TirCase) -> str:
    passes = passes_in(case.pipeline)
    if not passes:
        return "the default pipeline, pass by pass"
    return passes[0].name if len(passes) == 1 else f"{len(passes)} passes, up to {passes[-1].name}"
