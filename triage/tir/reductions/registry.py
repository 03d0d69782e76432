"""The reductions there are, in the order in which they are tried. A new one is a file and a line here.

First what makes a large program small, then what makes a small one simpler to read.
"""

from __future__ import annotations

from tensorsmith.triage.tir.reductions.api import Reduction
from tensorsmith.triage.tir.reductions.attributes import fewer_attributes
from tensorsmith.triage.tir.reductions.buffers import fewer_buffers
from tensorsmith.triage.tir.reductions.constants import simpler_constants
from tensorsmith.triage.tir.reductions.dtypes import common_dtypes
from tensorsmith.triage.tir.reductions.everything import no_body
from tensorsmith.triage.tir.reductions.expressions import smaller_expressions
from tensorsmith.triage.tir.reductions.hoist import hoisted
from tensorsmith.triage.tir.reductions.inline import inlined
from tensorsmith.triage.tir.reductions.loops import plainer_loops
from tensorsmith.triage.tir.reductions.names import plain_names
from tensorsmith.triage.tir.reductions.parameters import fewer_parameters
from tensorsmith.triage.tir.reductions.shapes import smaller_shapes
from tensorsmith.triage.tir.reductions.statements import fewer_statements
from tensorsmith.triage.tir.reductions.views import fewer_views

REDUCTIONS: tuple[tuple[str, Reduction], ...] = (
    ("everything", no_body),
    ("statements", fewer_statements),
    ("hoist", hoisted),
    ("buffers", fewer_buffers),
    ("views", fewer_views),
    ("expressions", smaller_expressions),
    ("inline", inlined),
    ("parameters", fewer_parameters),
    ("loops", plainer_loops),
    ("attributes", fewer_attributes),
    ("shapes", smaller_shapes),
    ("dtypes", common_dtypes),
    ("constants", simpler_constants),
    ("names", plain_names),
)
