"""Move a pass."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import settings_in


def move(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with one pass at another place; passes that require it come after it again."""
    steps = steps_of(pipeline, kind)
    if len(steps) < 2:
        return None
    step = steps.pop(rng.randrange(len(steps)))
    steps.insert(rng.randint(0, len(steps)), step)
    return changed(pipeline, (*settings_in(pipeline), *steps))
