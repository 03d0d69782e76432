"""Shorter pipelines: the guilty pass alone, if need be on the program as it is just before that pass."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, to_function, to_program
from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.ends import step_name
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.settings import is_setting
from tensorsmith.triage.tir.reductions.api import attempted

# As `tensorsmith.triage.tir.reductions.api.Candidates`, of whole test cases.
Cases: TypeAlias = Generator[TirCase, bool, None]


def simpler_recipe(case: TirCase) -> Cases:
    """One set of input values, without special ones, of a small seed."""
    recipe = case.recipe
    single = [TirRecipe((seed,), recipe.special) for seed in recipe.seeds] if len(recipe.seeds) > 1 else []
    for simpler in single:
        if (yield replace(case, recipe=simpler)):
            recipe = simpler
            break
    if recipe.special:
        plain = TirRecipe(recipe.seeds, 0.0)
        if (yield replace(case, recipe=plain)):
            recipe = plain
    for seed in (0, 1):
        if seed < max(recipe.seeds) and (yield replace(case, recipe=TirRecipe((seed,), recipe.special))):
            return


def simpler_pipeline(case: TirCase, guilty: str) -> Cases:
    """The guilty pass alone; else as few settings and passes as can be, and then the program that these give for it."""
    legal = order_problem(case.pipeline) is None
    for candidate in _alone(case, guilty):
        if _may(candidate, legal) and (yield candidate):
            case = candidate
            break
    while True:
        for candidate in _shorter(case):
            if _may(candidate, legal) and (yield candidate):
                case = candidate
                break
        else:
            break
    passes = [step for step in case.pipeline.steps if not is_setting(step)]
    if len(passes) > 1:
        for candidate in _advanced(case, passes):
            if (yield candidate):
                case = candidate
                break
    for candidate in _without_arguments(case):
        if (yield candidate):
            case = candidate


def _may(candidate: TirCase, legal: bool) -> bool:
    """Whether a candidate counts: a legal order of passes is not to become one that nobody promises to work."""
    return not legal or order_problem(candidate.pipeline) is None


def explicit(case: TirCase) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Settings and passes, the default ones spelt out."""
    settings = tuple(step for step in case.pipeline.steps if is_setting(step))
    passes = tuple(step for step in case.pipeline.steps if not is_setting(step))
    return settings, passes or (*DEFAULT_LOWERING, BUILD)


def program_after(case: TirCase, steps: tuple[Step, ...]) -> TirFunction | None:
    """The program after passes, under the settings of the case's pipeline; None where a pass raises, or leaves no
    single function of as many parameters."""
    function = to_function(case.program)
    module, context = prepare(function.func, case.pipeline)
    for step in steps:
        module = attempted(apply_pass, module, step, context)
        if module is None:
            return None
    func = adapter.only_function(module)
    if func is None or len(func.params) != len(function.func.params):
        return None
    return TirFunction(func, function.buffers, function.scalars)


def _alone(case: TirCase, guilty: str) -> Iterator[TirCase]:
    settings, passes = explicit(case)
    name = step_name(guilty)
    places = [place for place, step in enumerate(passes) if step.name == name]
    chosen = [passes[place] for place in places] or [Step(name)] * bool(name)
    for step in dict.fromkeys(chosen):
        for kept in dict.fromkeys(((), settings)):
            yield _with(case, (*kept, step))
    for place in places:
        yield _with(case, (*settings, *passes[: place + 1]))


def _shorter(case: TirCase) -> Iterator[TirCase]:
    """Without runs of steps, each half as long as those before; at least one pass stays, for none are the default."""
    steps = case.pipeline.steps
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            rest = steps[:start] + steps[start + size :]
            if any(not is_setting(step) for step in rest):
                yield _with(case, rest)
        size //= 2


def _advanced(case: TirCase, passes: list[Step]) -> Iterator[TirCase]:
    settings = tuple(step for step in case.pipeline.steps if is_setting(step))
    function = program_after(case, tuple(passes[:-1]))
    if function is None:
        return
    # The target is bound again before the first pass runs.
    bare = TirFunction(function.func.without_attr("target"), function.buffers, function.scalars)
    yield replace(case, program=to_program(bare), pipeline=Pipeline((*settings, passes[-1])))


def _without_arguments(case: TirCase) -> Iterator[TirCase]:
    steps = case.pipeline.steps
    for place, step in enumerate(steps):
        if step.parameters and not is_setting(step):
            yield _with(case, (*steps[:place], Step(step.name), *steps[place + 1 :]))


def _with(case: TirCase, steps: tuple[Step, ...]) -> TirCase:
    return replace(case, pipeline=Pipeline(steps))
