"""Replace a pass by another."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.random_pipelines import random_pass
from tensorsmith.targets.tvm.passes.settings import settings_in


def replace(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with one pass replaced by a random one; it comes back where a later pass requires it."""
    steps = steps_of(pipeline, kind)
    steps[rng.randrange(len(steps))] = random_pass(rng, kind)
    return changed(pipeline, (*settings_in(pipeline), *steps))
