"""Set a setting."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.random_pipelines import random_setting
from tensorsmith.targets.tvm.passes.settings import settings_in


def set_setting(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with one setting that it did not have, or with another value of one."""
    steps = (*settings_in(pipeline), random_setting(rng, kind), *steps_of(pipeline, kind))
    return changed(pipeline, steps)
