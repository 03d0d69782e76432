"""The reductions there are, in the order in which they are tried. A new one is a file and a line here.

First what shrinks a large program in few runs, then what makes a small one simpler to read. Simplifications mostly
work, which is why they are first tried all at once (`tensorsmith.triage.reduce`).
"""

from __future__ import annotations

from tensorsmith.triage.reductions.api import Reduction
from tensorsmith.triage.reductions.arguments import simpler_arguments
from tensorsmith.triage.reductions.bypass import bypass
from tensorsmith.triage.reductions.chunks import chunks
from tensorsmith.triage.reductions.dtypes import common_dtypes
from tensorsmith.triage.reductions.inputs import fewer_inputs
from tensorsmith.triage.reductions.layout import plain_layout
from tensorsmith.triage.reductions.literals import simpler_literals
from tensorsmith.triage.reductions.outputs import fewer_outputs
from tensorsmith.triage.reductions.pipeline import fewer_steps
from tensorsmith.triage.reductions.prefix import prefix
from tensorsmith.triage.reductions.rewire import rewire
from tensorsmith.triage.reductions.shapes import smaller_shapes
from tensorsmith.triage.reductions.suffix import suffix
from tensorsmith.triage.reductions.values import simpler_values

REMOVALS: tuple[tuple[str, Reduction], ...] = (
    ("suffix", suffix),
    ("outputs", fewer_outputs),
    ("prefix", prefix),
    ("chunks", chunks),
    ("bypass", bypass),
    ("rewire", rewire),
    ("inputs", fewer_inputs),
)

SIMPLIFICATIONS: tuple[tuple[str, Reduction], ...] = (
    ("pipeline", fewer_steps),
    ("shapes", smaller_shapes),
    ("arguments", simpler_arguments),
    ("dtypes", common_dtypes),
    ("layout", plain_layout),
    ("values", simpler_values),
    ("literals", simpler_literals),
)
