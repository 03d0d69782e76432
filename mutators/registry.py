"""The mutators there are. A new one is a file and a line here; a third party's comes through an entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from tensorsmith.mutators.api import MutatorEntry
from tensorsmith.mutators.change_argument import change_argument
from tensorsmith.mutators.change_dtype import change_dtype
from tensorsmith.mutators.change_layout import change_layout
from tensorsmith.mutators.change_passes import change_passes
from tensorsmith.mutators.change_shape import change_shape
from tensorsmith.mutators.change_values import change_values
from tensorsmith.mutators.cross_knobs import cross_knobs
from tensorsmith.mutators.delete import delete
from tensorsmith.mutators.insert import insert
from tensorsmith.mutators.replace import replace
from tensorsmith.mutators.reset_knob import reset_knob
from tensorsmith.mutators.set_knob import set_knob
from tensorsmith.mutators.splice import splice
from tensorsmith.mutators.write_in_place import write_in_place

ENTRY_POINTS = "tensorsmith.mutators"

MUTATORS: tuple[MutatorEntry, ...] = (
    MutatorEntry("insert", "inserts a call, whose result later calls may read", insert),
    MutatorEntry("delete", "deletes a call; other values stand for its results", delete),
    MutatorEntry("replace", "replaces the operator of a call by one that takes the same arguments", replace),
    MutatorEntry("change-argument", "changes one argument of a call, or which value it reads", change_argument),
    MutatorEntry("change-dtype", "changes the dtype of inputs", change_dtype),
    MutatorEntry("change-shape", "changes one size everywhere in the program", change_shape),
    MutatorEntry("write-in-place", "writes to a view of a value, or makes a call write in place", write_in_place),
    MutatorEntry("splice", "lets inputs of one program read values of another", splice),
    MutatorEntry("change-layout", "changes the layout of an input, or makes it a view of another", change_layout),
    MutatorEntry("change-values", "changes the class of an input's values", change_values),
    MutatorEntry("set-knob", "sets a knob of the compiler", set_knob, "pipeline"),
    MutatorEntry("reset-knob", "resets a knob of the compiler to its default", reset_knob, "pipeline"),
    MutatorEntry("cross-knobs", "crosses the pipelines of two test cases", cross_knobs, "pipeline"),
    MutatorEntry("change-passes", "changes the passes of a compiler that has them", change_passes, "pipeline"),
)


@cache
def all_mutators() -> tuple[MutatorEntry, ...]:
    """The list, and what other packages add under the entry-point group `tensorsmith.mutators`."""
    return MUTATORS + tuple(point.load() for point in entry_points(group=ENTRY_POINTS))
