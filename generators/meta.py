"""Meta kernels against eager: which operators have the two disagree, and on which calls."""

from __future__ import annotations

import random

import msgspec

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.inputs import random_dtype, random_layout, random_shape, recipe_for
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.meta_kernel import meta_agrees
from tensorsmith.generators.table import OperatorEntry

SAMPLES = 40


def meta_differs(entry: OperatorEntry, seed: int = 0) -> bool:
    """Whether, in a sample of random calls that eager accepts, the meta kernel rejects one or gives another type."""
    # Where they are known to disagree, insertion asks both.
    entry = msgspec.structs.replace(entry, meta_differs=False)
    for sample in range(SAMPLES):
        rng = random.Random(f"{entry.op} {seed} {sample}")
        draft = Draft(EagerBuilder())
        type_ = random_layout(random_dtype(rng, entry.dtypes), random_shape(rng), rng)
        draft.input(type_, recipe_for(type_, rng))
        if insert_forward(draft, rng, entry) is not None and not all(
            meta_agrees(node, draft.builder.types) for node in draft.builder.nodes
        ):
            return True
    return False
