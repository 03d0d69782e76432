"""Splice passes into the default pipeline."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.ends import is_end
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.random_pipelines import default_steps
from tensorsmith.targets.tvm.passes.settings import settings_in


def splice_default(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The default pipeline with the passes of the pipeline, all or some in a row, put in at one place."""
    own = [step for step in steps_of(pipeline, kind) if not is_end(step)]
    if not own:
        return None
    start, end = (0, len(own)) if rng.random() < 0.5 else sorted(rng.sample(range(len(own) + 1), 2))
    default = list(default_steps(kind))
    place = rng.randint(0, len(default))
    return changed(pipeline, (*settings_in(pipeline), *default[:place], *own[start:end], *default[place:]))
