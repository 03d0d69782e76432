"""Making sequences of passes legal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING, DEFAULT_RELAX, DEFAULT_TIR
from tensorsmith.targets.tvm.passes.ends import entry_of, is_end
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.order import Done, after, next_problem, passes_problem
from tensorsmith.targets.tvm.passes.settings import is_setting, passes_in, settings_in, settings_of

_PLACES = {step.name: place for place, step in reversed(tuple(enumerate((*DEFAULT_TIR, *DEFAULT_RELAX))))}


def legalized(steps: Sequence[Step], disabled: Sequence[str] = (), free_order: bool = False) -> tuple[Step, ...]:
    """The steps with those inserted that they require, and without those that cannot be legal where they stand.

    Args:
        steps: passes that there are, in any order, and `build` or `codegen`, of which the last comes last.
        disabled: names of passes that do not run.
        free_order: whether only the constraints count without which the process dies.
    """
    made: list[Step] = []
    done = Done()
    ends = [step for step in steps if is_end(step)]
    for step in (*(step for step in steps if not is_end(step)), *ends[-1:]):
        if step.name in disabled:
            made.append(step)
            continue
        more = [step]
        if next_problem(done, step.name, free_order) is not None:
            missing = sorted(
                required_by(step.name) - done.names, key=lambda name: (_PLACES.get(name, len(_PLACES)), name)
            )
            more = [*(Step(name) for name in missing if name not in disabled), step]
        longer = _after_all(done, more, free_order)
        if longer is not None:
            made += more
            done = longer
    return tuple(made)


def _after_all(done: Done, steps: Sequence[Step], free_order: bool) -> Done | None:
    for step in steps:
        if next_problem(done, step.name, free_order) is not None:
            return None
        done = after(done, step.name)
    return done


def legal_pipeline(steps: Sequence[Step]) -> Pipeline:
    """A pipeline of the steps: of two settings for one thing the later, in order of names, then the passes, legal."""
    settings = {step.name: step for step in steps if is_setting(step)}
    rough = Pipeline((*(settings[name] for name in sorted(settings)), *(s for s in steps if not is_setting(s))))
    known = settings_of(rough)
    made = legalized(passes_in(rough), known.disabled, known.free_order)
    return Pipeline((*settings_in(rough), *made))


def with_required(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with those put in that the last one requires, each as late as is legal; without those that nowhere are.

    Args:
        steps: passes that there are, in a legal order but for what the last one requires.
    """
    *made, last = steps
    missing = required_by(last.name) - {step.name for step in made}
    for name in sorted(missing, key=lambda name: _PLACES.get(name, len(_PLACES))):
        places = range(len(made), -1, -1)
        tried = ([*made[:place], Step(name), *made[place:]] for place in places)
        made = next((longer for longer in tried if passes_problem(longer) is None), made)
    return (*made, last)


def explicit(pipeline: Pipeline, kind: Kind) -> Pipeline:
    """The pipeline with the passes that it stands for: without any, the default ones and `build`."""
    if passes_in(pipeline):
        return pipeline
    default = DEFAULT_LOWERING if kind == "tir" else DEFAULT_RELAX
    return Pipeline((*settings_in(pipeline), *default, BUILD))


@cache
def required_by(name: str) -> frozenset[str]:
    """The names of all passes that must have run before a pass or the making of native code, directly or not."""
    required = entry_of(name).requires
    return frozenset(required).union(*(required_by(other) for other in required))
