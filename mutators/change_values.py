"""Change the value class of an input."""

from __future__ import annotations

import random

import msgspec

from tensorsmith.generators.inputs import recipe_for
from tensorsmith.ir.recipe import Drawn, InputRecipe, Values
from tensorsmith.ir.testcase import TestCase

TRIES = 8


def change_values(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with other values for an input: of another class mostly; an index stays one, with another seed."""
    recipes = case.recipe.inputs
    positions = [p for p, item in enumerate(case.graph.inputs) if item.shares is None and item.type.numel]
    if not positions:
        return None
    position = rng.choice(positions)
    old = recipes[position]
    type_ = case.graph.inputs[position].type
    # "ones" stands where something divides by an integer.
    if isinstance(old, Drawn) and (old.high or (old.kind == "ones" and type_.dtype.startswith(("i", "u")))):
        new: Values = Drawn(old.kind, rng.randrange(1 << 31), old.high)
    else:
        drawn = [recipe_for(type_, rng) for _ in range(TRIES)]
        others = [v for v in drawn if not (isinstance(old, Drawn) and isinstance(v, Drawn) and v.kind == old.kind)]
        new = others[0] if others else drawn[0]
    changed = (*recipes[:position], new, *recipes[position + 1 :])
    return msgspec.structs.replace(case, recipe=InputRecipe(changed))
