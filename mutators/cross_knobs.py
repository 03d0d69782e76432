"""Cross two pipelines."""

from __future__ import annotations

import random

from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.pipelines import knobs_of, with_steps


def cross_knobs(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with its own knobs up to a point in the order of names and the donor's after it, or the reverse.

    None for targets without knobs: the order of passes is another matter.
    """
    known = {knob.name for knob in knobs_of(case.target)}
    if not known:
        return None
    own = case.pipeline.steps
    other = tuple(step for step in donor.pipeline.steps if step.name in known)
    names = sorted({step.name for step in (*own, *other)})
    children = []
    for cut in names:
        for head, tail in ((own, other), (other, own)):
            child = with_steps(case, [s for s in head if s.name < cut] + [s for s in tail if s.name >= cut])
            if child.pipeline not in (case.pipeline, with_steps(case, other).pipeline):
                children.append(child)
    return rng.choice(children) if children else None
