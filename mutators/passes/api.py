"""What a mutator of pipelines of passes is."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.legalize import explicit, legal_pipeline
from tensorsmith.targets.tvm.passes.settings import passes_in

MAX_PASSES = 64

# Gets a pipeline, a donor (another, for those that combine two), the source of all its choices, and what programs the
# pipelines are for. Returns another pipeline, which is legal, or None if it found nothing to do.
MutatePipeline: TypeAlias = Callable[[Pipeline, Pipeline, random.Random, Kind], Pipeline | None]


@dataclass(frozen=True)
class PipelineMutator:
    """A mutator of pipelines: its name, what it does in one line, and the function that does it."""

    name: str
    summary: str
    mutate: MutatePipeline


def steps_of(pipeline: Pipeline, kind: Kind) -> list[Step]:
    """The passes of a pipeline, and `build`; those of the default pipeline where it has none."""
    return list(passes_in(explicit(pipeline, kind)))


def changed(pipeline: Pipeline, steps: Sequence[Step]) -> Pipeline | None:
    """A legal pipeline of the steps, settings among them; None if it is the old one, or has no pass or too many."""
    made = legal_pipeline(steps)
    return made if made != pipeline and 0 < len(passes_in(made)) <= MAX_PASSES else None
