"""What a program gives after each pass of a pipeline, so that the guilty pass can be named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in
from tensorsmith.targets.tvm.relax.execute import built

# The name of what stands before the first pass.
TRANSLATED = "translated"

# The name of a pass, and what the program gives after it, or what was raised.
Stage: TypeAlias = tuple[str, list[torch.Tensor] | Exception]


def run_after_each(module: Any, steps: Sequence[Step], inputs: Sequence[torch.Tensor]) -> list[Stage]:
    """Compile and run a module as it is, and after each pass in turn. It ends at a pass that raises.

    Args:
        module: an IRModule whose `main` takes the inputs.
        steps: of a pipeline: settings, which count for all, and passes.
        inputs: they are not changed.

    Raises:
        InvalidInputError: a setting is unknown.
    """
    pipeline = Pipeline(tuple(steps))
    module, context = prepare(module, Pipeline(settings_in(pipeline)))
    stages: list[Stage] = [(TRANSLATED, _outcome(module, inputs, context))]
    for step in passes_in(pipeline):
        if step == BUILD:
            continue
        try:
            module = apply_pass(module, step, context)
        except Exception as error:
            stages.append((step.name, error))
            return stages
        stages.append((step.name, _outcome(module, inputs, context)))
    return stages


def _outcome(module: Any, inputs: Sequence[torch.Tensor], context: Context) -> list[torch.Tensor] | Exception:
    try:
        return [output.clone() for output in built(module, context)(inputs)]
    except Exception as error:
        return error
