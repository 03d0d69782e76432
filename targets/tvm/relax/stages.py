"""A program after each pass: of a pipeline, then of `tvm.compile`. Each can be finished and run, or looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD, BUILD_RELAX
from tensorsmith.targets.tvm.passes.settings import passes_in
from tensorsmith.targets.tvm.relax.execute import Compiled, built

# The name of what stands before the first pass.
TRANSLATED = "translated"

# The passes of `tvm.compile` that programs can do without.
OPTIONAL = frozenset(
    {
        "relax.backend.DispatchSampling",
        "relax.backend.DispatchSortScan",
        "relax.RewriteDataflowReshape",
        "relax.StaticPlanBlockMemory",
        "relax.RewriteCUDAGraph",
        "relax.KillAfterLastUse",
    }
)
NECESSARY = tuple(step for step in BUILD_RELAX if step.name not in OPTIONAL)


@dataclass(frozen=True)
class Stage:
    """A program after a pass.

    Attributes:
        name: of the pass.
        module: the program; as it was before the pass, if that raised.
        problem: what the pass raised, or None.
        context: what passes run under.
        left: the passes that must still run before it can be built.
    """

    name: str
    module: Any
    problem: Exception | None
    context: Context
    left: tuple[Step, ...]

    def compiled(self) -> Compiled:
        """The program as it runs when none but the necessary passes follow.

        Raises:
            whatever TVM raises.
        """
        if self.problem is not None:
            raise self.problem
        return built(self.module, self.context, self.left)


def stages(module: Any, pipeline: Pipeline, before: Callable[[str], None] = lambda name: None) -> Iterator[Stage]:
    """The program before all passes, then after each; the last is where a pass raises, or what is built.

    Args:
        module: an IRModule whose `main` takes tensors.
        pipeline: settings, which count for all, and passes, which run before those of `tvm.compile`.
        before: is told the name of a pass before it runs.

    Raises:
        InvalidInputError: the pipeline has a step or a setting that there is not.
    """
    module, context = prepare(module, pipeline)
    yield Stage(TRANSLATED, module, None, context, NECESSARY)
    asked = [step for step in passes_in(pipeline) if step != BUILD]
    left = NECESSARY
    for place, step in enumerate((*asked, *BUILD_RELAX)):
        before(step.name)
        try:
            module = apply_pass(module, step, context)
        except Exception as error:
            yield Stage(step.name, module, error, context, left)
            return
        if place >= len(asked) and left and step == left[0]:
            left = left[1:]
        yield Stage(step.name, module, None, context, left)


def run_after_each(
    module: Any, pipeline: Pipeline, inputs: Sequence[torch.Tensor]
) -> Iterator[tuple[str, list[torch.Tensor] | Exception]]:
    """The name of each stage, and what the program gives there on inputs, which are not changed, or what it raises.

    Raises:
        InvalidInputError: the pipeline has a step or a setting that there is not.
    """
    for stage in stages(module, pipeline):
        try:
            yield stage.name, [output.clone() for output in stage.compiled()(inputs)]
        except Exception as error:
            yield stage.name, error
