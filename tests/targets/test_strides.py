from __future__ import annotations

import random

import pytest
import sympy  # type: ignore[import-untyped]
from torch._inductor import sizevars
from torch.utils._sympy.functions import FloorDiv, ModularIndexing

from tensorsmith.targets.inductor.strides import linear_stride, remember_strides

D = sympy.symbols("d0:4", integer=True, nonnegative=True)
SIZE = sympy.Symbol("s0", integer=True, positive=True)


def random_index(rng: random.Random) -> sympy.Expr:
    terms = [rng.choice((1, 3, 64, 225)) * var for var in rng.sample(D, rng.randint(1, 4))]
    for _ in range(rng.randint(0, 2)):
        var = rng.choice(D)
        terms.append(
            rng.choice(
                (
                    7 * FloorDiv(var, rng.choice((2, 16))),
                    ModularIndexing(var, 1, rng.choice((3, 16))),
                    SIZE * var,
                    sympy.Min(4, var) - 1,
                    sympy.Integer(5),
                )
            )
        )
    return sympy.Add(*terms)


def test_the_short_way_gives_what_inductor_works_out() -> None:
    rng = random.Random(0)
    short = 0
    for _ in range(150):
        index, var, length = random_index(rng), rng.choice(D), rng.choice((None, 8, 16))
        stride = linear_stride(index, var)
        if stride is not None:
            short += 1
            assert stride == sizevars.stride_at_vec_range(index, var, length), (index, var)
    assert short > 60


@pytest.mark.parametrize(
    "index",
    [3 * D[0] + FloorDiv(D[0], 2), SIZE * D[0], D[0] ** 2, D[0] * D[1], sympy.Min(2, D[0]), D[0] / 2, D[0] >= 3],
)
def test_what_is_not_linear_is_left_to_inductor(index: sympy.Expr) -> None:
    assert linear_stride(index, D[0]) is None


def test_inductor_takes_the_short_way_once() -> None:
    remember_strides()
    patched = sizevars.stride_at_vec_range
    remember_strides()
    assert sizevars.stride_at_vec_range is patched
    assert patched(2 * D[0] + FloorDiv(D[1], 16), D[0], 16) == 2
    assert patched(2 * D[0] + FloorDiv(D[1], 16), D[1], 16) == 0
