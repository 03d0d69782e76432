"""Tell passes what to do with a loop or a statement, by annotations and attributes that change no result."""

from __future__ import annotations

from random import Random

from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import with_node, with_statements
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.repair import with_loop
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import VECTORIZED

# Of loops, with values to try.
ANNOTATIONS: dict[str, tuple[int, ...]] = {
    "pragma_auto_unroll_max_step": (0, 4, 16, 64),
    "pragma_unroll_explicit": (0, 1),
    "pragma_loop_partition_hint": (1,),
    "pragma_unroll": (1,),
}
# Of statements.
ATTRIBUTES: dict[str, tuple[int, ...]] = {
    "pragma_auto_unroll_max_step": (0, 4, 16, 64),
    "pragma_unroll_explicit": (0, 1),
}


def annotate_loop(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an annotation on a loop."""
    del donor
    site = choose.statement(facts(function), rng, frozenset({"For"}))
    if site is None or site.node.thread_binding is not None:
        return None
    key = rng.choice(list(ANNOTATIONS))
    value = adapter.tvm().tirx.IntImm("int32", rng.choice(ANNOTATIONS[key]))
    return with_node(function, site.path, with_loop(site.node, annotations={**dict(site.node.annotations), key: value}))


def annotate_statement(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an attribute around a loop."""
    del donor
    site = choose.statement(facts(function), rng, frozenset({"For", "IfThenElse", "While"}))
    if site is None or any(loop.kind == VECTORIZED for loop in site.place.loops):
        return None
    tirx, key = adapter.tvm().tirx, rng.choice(list(ATTRIBUTES))
    value, subject = tirx.IntImm("int32", rng.choice(ATTRIBUTES[key])), tirx.IntImm("int32", 0)
    return with_statements(function, site.path, [tirx.AttrStmt(subject, key, value, site.node)])
