"""Change a constant: a little, or to one at the edge of its dtype."""

from __future__ import annotations

from random import Random

from tensorsmith.generators.tir.types import is_float
from tensorsmith.ir.tir import DTYPES, integer_range
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import is_value, with_node
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.repair import constant
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.tree import Role

_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-3, 3.0, 65504.0, float("inf"), float("-inf"), float("nan"))
_IMMEDIATE_MAX = (1 << 63) - 1


def nudge(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with another constant."""
    del donor
    site = choose.site(
        facts(function), rng, lambda one: is_value(one, DTYPES) and tree.kind_of(one.node) in ("IntImm", "FloatImm")
    )
    if site is None:
        return None
    dtype, value = adapter.dtype_of(site.node), site.node.value
    if dtype == "bool":
        return with_node(function, site.path, constant(dtype, 1 - int(value)))
    if is_float(dtype):
        return with_node(function, site.path, constant(dtype, rng.choice([*_FLOATS, -value, value * 2])))
    near = site.role is Role.BOUND
    return with_node(function, site.path, constant(dtype, _moved(int(value), dtype, near, rng)))


def _moved(value: int, dtype: str, near: bool, rng: Random) -> int:
    least, greatest = integer_range(dtype)
    choices: list[int] = [value + 1, value - 1, value + 1, value - 1, value + rng.randint(-4, 4), 2 * value, 1]
    if not near:
        choices += [0, -value, least, greatest, 1 << rng.randrange(7)]
    return min(max(rng.choice(choices), least), greatest, _IMMEDIATE_MAX)
