"""Native code against the interpreter: what is left of a program is lowered, compiled and run."""

from __future__ import annotations

from functools import partial
from typing import Any

from tensorsmith.oracles.tir.errors import failed_in
from tensorsmith.oracles.tir.meaning import Meaning, wrong_meaning
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import build
from tensorsmith.targets.tvm.passes.apply import Context, build_module
from tensorsmith.targets.tvm.passes.defaults import BUILD

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
    return wrong_meaning(meaning, partial(build.run, built), None, NAME, BUILD.name, "the native code:")
