"""Random pipelines, legal by construction."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.catalog import find_pass, passes
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_RELAX, DEFAULT_TIR
from tensorsmith.targets.tvm.passes.entry import Kind, PassEntry
from tensorsmith.targets.tvm.passes.legalize import legal_pipeline, legalized, required_by
from tensorsmith.targets.tvm.passes.schedule import SCHEDULE, is_schedule
from tensorsmith.targets.tvm.passes.setting_values import MAY_BE_DISABLED, Setting, settings_here
from tensorsmith.targets.tvm.passes.settings import DISABLE, FREE_ORDER

_IDLE_WEIGHT = 0.05
# Pipelines that begin with primitives of schedules, which do something to functions in block form only.
_SCHEDULED = 0.15
_SCHEDULE_WEIGHT = 0.1
_SETTINGS = 0.4
_VARIED_DEFAULT = 0.25


def random_pipeline(rng: random.Random, kind: Kind = "tir", build: float = 0.25, free: float = 0.03) -> Pipeline:
    """A pipeline: variations of the default one, or some of its passes and others, in a legal order.

    Args:
        rng: the source of every choice.
        kind: of the programs that it is for.
        build: the share of pipelines that end with `build`.
        free: the share of pipelines in free order, in which only crashes count.
    """
    settings = random_settings(rng, kind) if rng.random() < _SETTINGS else ()
    end = (BUILD,) if rng.random() < build else ()
    if rng.random() < free:
        return _free(rng, kind, settings, end)
    steps = _varied_default(rng, kind) if rng.random() < _VARIED_DEFAULT else _chosen(rng, kind)
    if kind == "tir" and rng.random() < _SCHEDULED:
        steps = [*random_schedule(rng), *steps]
    if end:
        steps = [step for step in steps if may_be_built_after(step)]
    pipeline = legal_pipeline((*settings, *steps, *end))
    return pipeline if pipeline.steps else Pipeline((default_steps(kind)[0],))


def default_steps(kind: Kind) -> tuple[Step, ...]:
    """The passes that TVM runs by itself on programs of a kind."""
    return DEFAULT_TIR if kind == "tir" else DEFAULT_RELAX


def may_be_built_after(step: Step) -> bool:
    """Whether `build` may come after a pass and those that it requires."""
    return not any(
        entry.followers is not None and BUILD.name not in entry.followers
        for entry in map(find_pass, {step.name, *required_by(step.name)})
    )


def random_pass(rng: random.Random, kind: Kind, unsafe: bool = False) -> Step:
    """A pass with arguments, one that does nothing seldom.

    Args:
        rng: the source of every choice.
        kind: of programs.
        unsafe: whether those are among them that may change the meaning of programs.
    """
    entries = [entry for entry in passes(kind) if entry.safe or unsafe]
    return random_step(rng.choices(entries, [_weight(entry) for entry in entries])[0], rng)


def random_schedule(rng: random.Random) -> list[Step]:
    """One to four primitives of schedules, with any arguments."""
    entries = rng.choices(SCHEDULE, [_weight(entry) for entry in SCHEDULE], k=rng.choice((1, 1, 2, 2, 3, 4)))
    return [_with_any(entry, rng) for entry in entries]


def random_step(entry: PassEntry, rng: random.Random) -> Step:
    """A step that runs a pass: half the time with its usual arguments, else with any."""
    if rng.random() < 0.5:
        return Step(entry.name)
    return _with_any(entry, rng)


def _with_any(entry: PassEntry, rng: random.Random) -> Step:
    return Step(entry.name, tuple((name, rng.choice(values)) for name, values in entry.arguments))


def _weight(entry: PassEntry) -> float:
    return (_IDLE_WEIGHT if entry.idle else 1.0) * (_SCHEDULE_WEIGHT if is_schedule(entry.name) else 1.0)


def random_settings(rng: random.Random, kind: Kind) -> tuple[Step, ...]:
    """One to three settings, in order of names."""
    steps = (random_setting(rng, kind) for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    made = {step.name: step for step in steps}
    return tuple(made[name] for name in sorted(made))


def random_setting(rng: random.Random, kind: Kind) -> Step:
    """A setting, with a value that is worth trying."""
    if rng.random() < 0.15:
        return Step(DISABLE + rng.choice(MAY_BE_DISABLED[kind]))
    return setting_step(rng.choice(settings_here(kind)), rng)


def setting_step(setting: Setting, rng: random.Random) -> Step:
    """A step for a setting: one or more of its fields, each with a value."""
    count = 1 if rng.random() < 0.6 else rng.randint(1, len(setting.fields))
    chosen = sorted(rng.sample(range(len(setting.fields)), count))
    return Step(setting.name, tuple((name, rng.choice(values)) for name, values in (setting.fields[k] for k in chosen)))


def _varied_default(rng: random.Random, kind: Kind) -> list[Step]:
    """The default pipeline, or its beginning, with passes dropped, repeated and put in."""
    steps: list[Step] = []
    for step in default_steps(kind):
        entry = find_pass(step.name)
        fate = rng.random()
        if fate < (0.5 if entry.idle else 0.1):
            continue
        steps.append(random_step(entry, rng) if entry.arguments and fate > 0.9 else step)
        if not entry.idle and rng.random() < 0.05:
            steps.append(step)
    if rng.random() < 0.5:
        steps = steps[: rng.randint(1, len(steps))]
    return _with_more(steps, rng.choice((0, 0, 1, 1, 2, 3, 4)), rng, kind)


def _chosen(rng: random.Random, kind: Kind) -> list[Step]:
    """A few passes with those that they require, half the time in the order of the default pipeline."""
    count = rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8))
    default = [step for step in default_steps(kind) if rng.random() < 0.05 or not find_pass(step.name).idle]
    if rng.random() < 0.5:
        places = sorted(rng.sample(range(len(default)), min(count, len(default))))
        return _with_more(legalized([default[place] for place in places]), rng.randint(0, 4), rng, kind)
    return [random_pass(rng, kind) for _ in range(count)]


def _with_more(steps: Sequence[Step], count: int, rng: random.Random, kind: Kind) -> list[Step]:
    made = list(steps)
    for _ in range(count):
        step = rng.choice(made) if made and rng.random() < 0.3 else random_pass(rng, kind)
        made.insert(rng.randint(0, len(made)), step)
    return made


def _free(rng: random.Random, kind: Kind, settings: tuple[Step, ...], end: tuple[Step, ...]) -> Pipeline:
    steps = [random_pass(rng, kind, unsafe=True) for _ in range(rng.randint(1, 8))]
    return legal_pipeline((*settings, Step(FREE_ORDER), *steps, *end))
