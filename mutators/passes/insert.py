"""Insert a pass."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.random_pipelines import may_be_built_after, random_pass
from tensorsmith.targets.tvm.passes.settings import settings_in


def insert(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with a random pass put in, and with those that it requires."""
    steps = steps_of(pipeline, kind)
    step = random_pass(rng, kind)
    # What comes after the end of the lowering comes last, or the rest could not follow it.
    steps.insert(rng.randint(0, len(steps)) if may_be_built_after(step) else len(steps), step)
    return changed(pipeline, (*settings_in(pipeline), *steps))
