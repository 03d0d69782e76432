"""Assert what is known to be true."""

from __future__ import annotations

from random import Random

from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import with_statements
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.repair import constant
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import VECTORIZED


def insert_assert(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an assertion of the range of a variable, which passes may build on."""
    del donor
    site = choose.statement(facts(function), rng)
    if site is None or choose.is_root(site) or any(loop.kind == VECTORIZED for loop in site.place.loops):
        return None
    known = site.place.known
    integers = [one for one in site.place.variables if adapter.dtype_of(one) in ("int32", "int64")]
    bounded = [one for one in integers if adapter.identity(one) in known]
    if not bounded:
        return None
    variable, tirx = rng.choice(bounded), adapter.tvm().tirx
    low, high = known[adapter.identity(variable)]
    dtype = adapter.dtype_of(variable)
    at_least, at_most = tirx.GE(variable, constant(dtype, low)), tirx.LE(variable, constant(dtype, high))
    claim = rng.choice([at_least, at_most, tirx.And(at_least, at_most)])
    return with_statements(function, site.path, [adapter.assertion(claim, "out of range"), site.node])
