"""Build at the end, or do not."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.targets.tvm.passes.ends import is_end
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.random_pipelines import may_be_built_after
from tensorsmith.targets.tvm.passes.settings import settings_in


def toggle_build(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline without its `build` or `codegen`, or with `build`, without the passes that this may not follow."""
    steps = steps_of(pipeline, kind)
    others = [step for step in steps if not is_end(step)]
    if others == steps:
        others = [*(step for step in steps if may_be_built_after(step)), BUILD]
    return changed(pipeline, (*settings_in(pipeline), *others))
