"""Reset a setting."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import FREE_ORDER, settings_in


def reset_setting(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline without one of its settings; what was in free order stays so."""
    settings = settings_in(pipeline)
    choices = [step for step in settings if step.name != FREE_ORDER]
    if not choices:
        return None
    gone = rng.choice(choices)
    return changed(pipeline, (*(step for step in settings if step != gone), *steps_of(pipeline, kind)))
