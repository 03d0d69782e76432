"""Cross two pipelines at one point."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import settings_in


def cross_once(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The beginning of the pipeline and the end of the donor, under the settings of the pipeline."""
    own, other = steps_of(pipeline, kind), steps_of(donor, kind)
    head, tail = rng.randint(1, len(own)), rng.randrange(len(other))
    return changed(pipeline, (*settings_in(pipeline), *own[:head], *other[tail:]))
