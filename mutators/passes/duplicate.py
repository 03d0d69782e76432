"""Run a pass again."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import settings_in


def duplicate(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with one pass once more, half the time right after itself."""
    steps = steps_of(pipeline, kind)
    place = rng.randrange(len(steps))
    again = place + 1 if rng.random() < 0.5 else rng.randint(place + 1, len(steps))
    steps.insert(again, steps[place])
    return changed(pipeline, (*settings_in(pipeline), *steps))
