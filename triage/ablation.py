"""Ablation: the program compiled in other ways, from no compiler to the whole one and its modes."""

from __future__ import annotations

from collections.abc import Iterator

import torch._inductor

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.onnxruntime.knobs import LEVEL, LEVELS
from tensorsmith.targets.onnxruntime.target import NAME as ONNXRUNTIME
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.torch_backend import DYNAMIC
from tensorsmith.targets.tvm.relax.ways import WAYS
from tensorsmith.triage.facts import Variant
from tensorsmith.triage.signature import same_failure

# Each does what the one before it does, and more: the first that fails says where it comes in.
LADDER = ("eager", "aot_eager", "aot_eager_decomp_partition")
# Modes of Inductor that are not the default, without those that need a GPU.
MODES = ("max-autotune-no-cudagraphs",)
_DYNAMIC = Step(DYNAMIC.name, (("value", True),))
# The setting by which Inductor rounds where eager does; only these dtypes make a difference.
_CASTS = "emulate_precision_casts"
_NARROW = frozenset({"f16", "bf16"})


def ablation(case: TestCase, verdict: Verdict, limits: Limits) -> tuple[Variant, ...]:
    """How other ways to compile a failing program do, each in a fresh process.

    Backends up to the target, symbolic shapes, modes, and each setting of the pipeline by itself. What cannot run here
    is left out.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: of one run.
    """
    found: list[Variant] = []
    for how, target, steps in dict.fromkeys(_ways(case)):
        if find_target(target).missing(case.device) is not None:
            continue
        judged = judge_isolated(TestCase(case.graph, case.recipe, target, case.device, Pipeline(steps)), limits)
        found.append(Variant(how, _outcome(verdict, judged)))
    return tuple(found)


def outcome_text(verdict: Verdict) -> str:
    """A verdict in a few words."""
    if verdict.outcome == "fail":
        channel = f" ({verdict.channel})" if verdict.channel else ""
        return f"fails: {verdict.kind}{channel}"
    return f"{verdict.outcome}: {verdict.reason}" if verdict.reason else verdict.outcome


def _outcome(verdict: Verdict, judged: Verdict) -> str:
    if judged.outcome != "fail":
        return outcome_text(judged)
    if same_failure(verdict, judged):
        return "**fails** in the same way"
    return f"**fails**, otherwise: {judged.kind} {judged.channel} {judged.message.splitlines()[0][:100]}"


_Way = tuple[str, str, tuple[Step, ...]]


def _ways(case: TestCase) -> Iterator[_Way]:
    if case.target in WAYS:
        for name in WAYS:
            yield name, name, ()
        yield 'torch.compile(fn, backend="inductor")', "inductor", ()
        return
    if case.target == ONNXRUNTIME:
        for level in LEVELS:
            yield f"onnxruntime, {LEVEL}={level!r}", ONNXRUNTIME, (Step(LEVEL, (("value", level),)),)
        yield "onnxruntime", ONNXRUNTIME, ()
        yield 'torch.compile(fn, backend="inductor")', "inductor", ()
        return
    for backend in LADDER:
        yield _compile(f'backend="{backend}"'), f"torch:{backend}", ()
    own = case.target.removeprefix("torch:")
    if own not in ("inductor", "eager", "meta", *LADDER):
        yield _compile(f'backend="{own}"'), case.target, ()
        yield _compile(f'backend="{own}", dynamic=True'), case.target, (_DYNAMIC,)
    yield _compile('backend="inductor"'), "inductor", ()
    yield _compile('backend="inductor", dynamic=True'), "inductor", (_DYNAMIC,)
    for mode in MODES:
        yield _compile(f'mode="{mode}"'), "inductor", _mode(mode)
    if any(type_.dtype in _NARROW for type_ in case.graph.types().values()):
        options = (Step(_CASTS, (("value", True),)),)
        yield _compile(f'options={{"{_CASTS}": True}}'), "inductor", options
    if len(case.pipeline.steps) > 1:
        for step in case.pipeline.steps:
            if step != _DYNAMIC:
                yield _compile(f'options={{"{step.name}": {step.parameter("value")!r}}}'), case.target, (step,)
    if case.pipeline.steps:
        yield "as in the script", case.target, case.pipeline.steps


def _compile(arguments: str) -> str:
    return f"torch.compile(fn, {arguments})"


def _mode(name: str) -> tuple[Step, ...]:
    options = torch._inductor.list_mode_options(name)
    return tuple(Step(option, (("value", value),)) for option, value in options.items())
