"""Cross two pipelines at two points."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import settings_in


def cross_twice(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with some passes in a row replaced by some of the donor's in a row."""
    own, other = steps_of(pipeline, kind), steps_of(donor, kind)
    first, after = sorted(rng.randint(0, len(own)) for _ in range(2))
    start, end = sorted(rng.sample(range(len(other) + 1), 2))
    return changed(pipeline, (*settings_in(pipeline), *own[:first], *other[start:end], *own[after:]))
