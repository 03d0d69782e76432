"""Change the passes of a pipeline, where a target of graphs has passes."""

from __future__ import annotations

import random

import msgspec

from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.passes.apply import mutate_pipeline
from tensorsmith.targets.registry import graph_target


def change_passes(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with a mutant of its pipeline, which is legal; None for targets whose pipelines are of knobs."""
    if graph_target(case.target).steps != "relax":
        return None
    theirs = donor.pipeline if donor.target == case.target else case.pipeline
    pipeline, names = mutate_pipeline(case.pipeline, theirs, rng, "relax")
    return msgspec.structs.replace(case, pipeline=pipeline) if names else None
