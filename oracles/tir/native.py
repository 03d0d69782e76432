"""Native code against the interpreter: what is left of a program is lowered, compiled and run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tensorsmith.oracles.tir.differences import between
from tensorsmith.oracles.tir.errors import failed_in
from tensorsmith.oracles.tir.interpreter import Reference
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.apply import Context, build_module
from tensorsmith.targets.tvm.passes.defaults import BUILD

NAME = "native"


def judge_native(
    module: Any,
    context: Context,
    reference: Reference,
    inputs: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    free: bool,
) -> Verdict | None:
    """Build a module, run it, and give the verdict if it does not do what the program did; None if it does.

    Args:
        module: what is left after the passes of a pipeline.
        context: what its passes ran under.
        reference: the program, of which `results` are the buffers after a run on each of `inputs`.
        free: whether the passes before were in an order that nobody promises to be legal.
    """
    try:
        built = build_module(module, context)
    except Exception as error:
        return failed_in(BUILD.name, error, free)
    for given, expected in zip(inputs, results, strict=True):
        found = between(reference, expected, partial(adapter.run, built), None, given)
        if found is not None:
            message = f"the native code: {found.text}"
            return Verdict(
                "fail", NAME, kind="wrong-result", channel=found.channel, guilty=BUILD.name, message=message,
                evidence=(("difference", found.text),),
            )  # fmt: skip
    return None
