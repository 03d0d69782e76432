"""Translation validation: after every pass that changed the program, its meaning is compared by the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.tir.errors import NAME, failed_in
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.meaning import WIDENS, Meaning, meaning_of, widened, wrong_meaning, wrong_widening
from tensorsmith.oracles.tir.native import judge_native
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.ends import is_end, native_name
from tensorsmith.targets.tvm.passes.schedule import is_schedule
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_of

# Called with the name of a step before it runs; what comes until the next call is that step's doing.
OnStep: TypeAlias = Callable[[str], object]
# Told of a pass that changed the program, and of the function before and after it; None for another kind of module.
OnChange: TypeAlias = Callable[[TirCase, Step, Any | None, Any | None], None]


def ignore(*_: object) -> None:
    """Nobody listens."""


def judge_tir(case: TirCase, on_step: OnStep = ignore, on_change: OnChange = ignore) -> Verdict:
    """Run the pipeline one pass at a time and judge every program on the way; with `build` or `codegen`, the native
    code, too.

    The first pass that raises, or that gives an ill-formed program or one of another meaning, is guilty. A program
    without a defined meaning is invalid.

    Args:
        case: the test case.
        on_step: called before each step runs, for this process may die of it.
        on_change: hears of every pass that changed the program.

    Raises:
        InvalidInputError: the program or a step of the pipeline is not what this version of TVM knows.
    """
    function = to_function(case.program)
    meaning = meaning_of(case, function.func)
    if isinstance(meaning, Verdict):
        return meaning
    return judge_passes(function.func, case.pipeline, meaning, on_step, partial(on_change, case))


def judge_passes(
    func: Any,
    pipeline: Pipeline,
    meaning: Meaning,
    on_step: OnStep = ignore,
    on_change: Callable[[Step, Any | None, Any | None], object] = ignore,
) -> Verdict:
    """As `judge_tir`, of a function whose meaning is known.

    Args:
        func: TVM's PrimFunc.
        pipeline: one without passes is the default one, built.
        meaning: what the function does with some inputs.
        on_step: called before each step runs.
        on_change: hears of every pass that changed the function, and of the function before and after it.

    Raises:
        InvalidInputError: a step of the pipeline is not what this version of TVM knows.
    """
    original, context = prepare(func, pipeline)
    settings = settings_of(pipeline)
    free = settings.free_order
    module, func, kept = original, adapter.only_function(original), None if free else meaning
    # What code that is generated from the last module is to keep, which no interpreter takes.
    packed: Meaning | None = meaning
    unscheduled = None
    for step in passes_in(pipeline) or DEFAULT_LOWERING:
        if is_end(step):
            on_step(native_name(step, settings))
            compared = None if free else meaning if step == BUILD else packed
            return judge_native(module, step, settings, context, compared) or passed(NAME)
        on_step(step.name)
        after, verdict = _apply(module, step, context, free)
        if verdict is not None:
            return verdict
        if unscheduled is None and is_schedule(step.name):
            unscheduled = module
        left = adapter.only_function(after)
        if left is None or func is None or not adapter.same_function(left, func):
            on_change(step, func, left)
            if kept is not None:
                kept, verdict = _compare(kept, left, step)
            if step.name == WIDENS.name and meaning.reference.excess:
                packed = kept
            if verdict is not None:
                return _unless_broken(verdict, meaning, unscheduled)
        module, func = after, left
    if not passes_in(pipeline):
        on_step(native_name(BUILD, settings))
        return judge_native(original, BUILD, settings, context, meaning) or passed(NAME)
    return passed(NAME)


def sane_tir(case: TirCase) -> Verdict:
    """Whether a test case that TVM died of has a meaning."""
    meaning = meaning_of(case, to_function(case.program).func)
    return meaning if isinstance(meaning, Verdict) else passed(NAME)


def _apply(module: Any, step: Step, context: Context, free: bool) -> tuple[Any, Verdict | None]:
    try:
        return apply_pass(module, step, context), None
    except InvalidInputError:  # this TVM has no such pass
        raise
    except Exception as error:
        return module, failed_in(step.name, error, free)


def _compare(meaning: Meaning, func: Any | None, step: Step) -> tuple[Meaning | None, Verdict | None]:
    """What the next passes are to keep, None if they cannot be compared, and the verdict if this one is wrong."""
    if func is None:
        return None, None
    problem = adapter.ill_formed(func)
    if problem is not None and not _is_verifiers_fault(problem):
        message = f"{step.name} gives a program that TVM's verifier rejects: {problem}"
        return meaning, Verdict("fail", NAME, kind="ill-formed", guilty=step.name, message=message)
    try:
        reference = compile_function(func, lazy=True)
    except Unsupported:
        return None, None
    where = f"after {step.name}"
    if step.name == WIDENS.name and meaning.reference.excess:
        return widened(meaning, reference), wrong_widening(meaning, reference, NAME, step.name, where)
    return meaning, wrong_meaning(meaning, reference.run, reference, NAME, step.name, where)


def _unless_broken(verdict: Verdict, meaning: Meaning, unscheduled: Any) -> Verdict:
    """The verdict, or invalid where a primitive of schedules relied on what a block promised and does not do.

    Args:
        verdict: a failure.
        meaning: of the program.
        unscheduled: the module before the first primitive of schedules, whose results keep what they are to rely on.
    """
    if verdict.kind != "wrong-result" or not is_schedule(verdict.guilty):
        return verdict
    reference = compile_function(adapter.only_function(unscheduled), lazy=True)
    if all(reference.keeps_promises(inputs) for inputs in meaning.inputs):
        return verdict
    return invalid(NAME, "blocks break their promises", verdict.message)


def _is_verifiers_fault(problem: str) -> bool:
    """Whether TVM's verifier is wrong: it takes the variable that a pragma is about, around its loop, for a use."""
    return "undefined variable" in problem and problem.endswith(".node.")
