"""In which orders passes may run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.catalog import known_pass
from tensorsmith.targets.tvm.passes.ends import entry_of, is_end
from tensorsmith.targets.tvm.passes.settings import CONFIG, DISABLE, is_setting, passes_in, settings_of


def order_problem(pipeline: Pipeline) -> str | None:
    """What is wrong with a pipeline, in words, or None.

    A pipeline of free order may have its passes in any order, and still must consist of steps that there are.
    """
    first_pass = next((k for k, step in enumerate(pipeline.steps) if not is_setting(step)), len(pipeline.steps))
    late = [step.name for step in pipeline.steps[first_pass:] if is_setting(step)]
    if late:
        return f"setting `{late[0]}` comes after a pass"
    problem = _settings_problem(pipeline)
    if problem is not None:
        return problem
    steps = passes_in(pipeline)
    for step in steps:
        problem = _step_problem(step)
        if problem is not None:
            return problem
    early = [step.name for step in steps[:-1] if is_end(step)]
    if early:
        return f"`{early[0]}` is not the last step"
    settings = settings_of(pipeline)
    return passes_problem(steps, settings.disabled, settings.free_order)


def passes_problem(steps: Sequence[Step], disabled: Sequence[str] = (), free_order: bool = False) -> str | None:
    """What is wrong with the order of passes, in words, or None.

    Args:
        steps: passes that there are, and what makes native code.
        disabled: names of those of them that do not run.
        free_order: whether only the constraints count without which the process dies.
    """
    done = Done()
    for step in steps:
        if step.name in disabled:
            continue
        problem = next_problem(done, step.name, free_order)
        if problem is not None:
            return problem
        done = after(done, step.name)
    return None


@dataclass(frozen=True)
class Done:
    """What matters of the passes that have run for those that come next.

    Attributes:
        names: theirs.
        followers: the only passes that may come next; None: all may.
        closed_by: the pass that said so.
    """

    names: frozenset[str] = frozenset()
    followers: frozenset[str] | None = None
    closed_by: str = ""


def next_problem(done: Done, name: str, free_order: bool = False) -> str | None:
    """Why a pass, or what makes native code, may not come next, in words, or None."""
    entry = entry_of(name)
    if free_order and not entry.deadly:
        return None
    if done.followers is not None and name not in done.followers and not free_order:
        return f"`{name}` may not run after `{done.closed_by}`"
    missing = [required for required in entry.requires if required not in done.names]
    late = [other for other in entry.before if other in done.names and not free_order]
    if not entry.safe and not free_order:
        return f"`{name}` may change what programs mean, so that it runs in free orders only"
    if entry.once and name in done.names and not free_order:
        return f"`{name}` may run only once"
    if missing:
        return f"`{name}` must run after `{missing[0]}`"
    return f"`{name}` must run before `{late[0]}`" if late else None


def after(done: Done, name: str) -> Done:
    """What matters after one more pass, or after native code is made."""
    entry = entry_of(name)
    names = done.names if name in done.names else done.names | {name}
    if entry.followers is None:
        return done if names is done.names else Done(names, done.followers, done.closed_by)
    followers = frozenset(entry.followers)
    return Done(names, followers if done.followers is None else followers & done.followers, name)


def _settings_problem(pipeline: Pipeline) -> str | None:
    names: set[str] = set()
    for step in pipeline.steps:
        if not is_setting(step):
            continue
        if step.name in names:
            return f"setting `{step.name}` is there twice"
        names.add(step.name)
        if step.name.startswith(CONFIG) and not step.parameters:
            return f"setting `{step.name}` has no value"
        if step.name.startswith(DISABLE) and known_pass(step.name.removeprefix(DISABLE)) is None:
            return f"setting `{step.name}`: there is no such pass"
    return None


def _step_problem(step: Step) -> str | None:
    if is_setting(step) or is_end(step):
        return None
    entry = known_pass(step.name)
    if entry is None:
        return f"there is no pass `{step.name}`"
    unknown = {name for name, _ in step.parameters} - {name for name, _ in entry.arguments}
    return f"`{step.name}` takes no `{min(unknown)}`" if unknown else None
