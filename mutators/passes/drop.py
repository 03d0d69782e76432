"""Drop passes."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.legalize import required_by
from tensorsmith.targets.tvm.passes.settings import settings_in


def drop(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline without one to three passes that stand next to each other, nor the later ones that require them."""
    steps = steps_of(pipeline, kind)
    if len(steps) < 2:
        return None
    first = rng.randrange(len(steps))
    after = min(len(steps), first + rng.choice((1, 1, 2, 3)))
    left = {step.name for step in steps[:first]}
    gone = {step.name for step in steps[first:after]} - left
    later = []
    for step in steps[after:]:
        if not required_by(step.name) & gone:
            later.append(step)
            gone.discard(step.name)
    return changed(pipeline, (*settings_in(pipeline), *steps[:first], *later))
