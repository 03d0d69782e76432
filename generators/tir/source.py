"""Where random functions come from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tensorsmith.generators.tir.blocks import random_blocks
from tensorsmith.generators.tir.from_relax import random_lowered
from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.topi import random_operator
from tensorsmith.targets.tvm.function import TirFunction


def random_plain(rng: Random) -> TirFunction:
    """A function of loops and statements, without blocks; small, as all that is done with it takes time by its size."""
    return TirFunction(*random_function(rng, rng.choice((1, 1, 1, 2, 2))))


def random_staged(rng: Random) -> TirFunction:
    """A function of one or two stages in block form."""
    return random_blocks(rng, rng.choice((1, 1, 2)))


# By name: what makes a function, and how often it is asked relative to the others.
SOURCES: dict[str, tuple[Callable[[Random], TirFunction], int]] = {
    "plain": (random_plain, 55),
    "blocks": (random_staged, 25),
    "topi": (random_operator, 15),
    "relax": (random_lowered, 5),
}


def random_tir(rng: Random) -> TirFunction:
    """A random function from one of the sources; equal for generators in an equal state.

    Raises:
        EnvironmentLacksError: TVM is not installed.
    """
    makers = [make for make, _ in SOURCES.values()]
    return rng.choices(makers, [weight for _, weight in SOURCES.values()])[0](rng)
