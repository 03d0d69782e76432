"""How input values are made: a value class and a seed, never the raw values unless reduction has ended there."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

ValueClass = Literal[
    "normal",  # standard normal; integers spread over a small range around zero
    "uniform",  # 0 to 1; integers 0 or 1
    "integers",  # small whole numbers, -4 to 4, in any dtype
    "tiny",  # small magnitudes, about 1e-3
    "huge",  # large magnitudes that do not overflow on their own
    "denormal",  # subnormal floats of the dtype; zero and one for integers
    "zeros",
    "ones",
    "signed-zeros",  # 0.0 and -0.0
    "special",  # normal values with some inf, -inf, nan, 0.0, -0.0; extremes for integers
    "extremes",  # least and greatest values of the dtype, and their neighbors
    "ties",  # few distinct values, so that orderings meet equal keys
    "index",  # whole numbers in [0, high)
    "permutation",  # a permutation of 0 .. numel - 1 along the flattened tensor, each taken modulo `high`
]
VALUE_CLASSES: tuple[ValueClass, ...] = get_args(ValueClass)


class Drawn(msgspec.Struct, frozen=True, tag="drawn", tag_field="is"):
    """Values drawn from a class with a seed; `high` bounds the classes `index` and `permutation`."""

    kind: ValueClass
    seed: int
    high: int = 0


class Literals(msgspec.Struct, frozen=True, tag="literals", tag_field="is"):
    """Values written out, one for each element of the tensor's storage; `inf`, `-inf` and `nan` as text.

    For a contiguous tensor without offset that is one for each element, in row-major order.
    """

    data: tuple[bool | int | float | str, ...]


Values: TypeAlias = Drawn | Literals


class InputRecipe(msgspec.Struct, frozen=True):
    """The values of every input of a graph, in the order of its inputs."""

    inputs: tuple[Values, ...]
