"""Native code against the interpreter: what is left of a program is lowered, compiled and run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tensorsmith.oracles.tir.errors import failed_in
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.meaning import WIDENS, Meaning, widened, wrong_meaning, wrong_widening
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, build
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, build_module
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING

NAME = "native"


def judge_native(
    module: Any,
    context: Context,
    meaning: Meaning,
    free: bool,
) -> Verdict | None:
    """Build a module, run it, and give the verdict if it does not do what the program did; None if it does.

    Args:
        module: what is left after the passes of a pipeline.
        context: what its passes ran under.
        meaning: of the program.
        free: whether the passes before were in an order that nobody promises to be legal.
    """
    try:
        built = build_module(module, context)
    except Exception as error:
        return failed_in(BUILD.name, error, free)
    if meaning.reference.excess:
        reference = _widened(module, context)
        if reference is None:
            return None
        where = f"after {WIDENS.name} in {BUILD.name}"
        verdict = wrong_widening(meaning, reference, NAME, BUILD.name, where)
        kept = widened(meaning, reference)
        if verdict is not None or kept is None:
            return verdict
        meaning = kept
    return wrong_meaning(meaning, partial(build.run, built), None, NAME, BUILD.name, "the native code:")


def _widened(module: Any, context: Context) -> Reference | None:
    """What a build makes of a module up to where arithmetic of bfloat16 has become that of float32, which says how
    often it rounds; None where that cannot be run."""
    under = replace(context, pass_context=context.build_context)
    for step in DEFAULT_LOWERING[: DEFAULT_LOWERING.index(WIDENS) + 1]:
        module = apply_pass(module, step, under)
    func = adapter.only_function(module)
    if func is None:
        return None
    try:
        return compile_function(func, lazy=True)
    except Unsupported:
        return None
