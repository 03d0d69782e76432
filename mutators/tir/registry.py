"""The mutators of TIR there are. A new one is a file and a line here."""

from __future__ import annotations

from tensorsmith.mutators.tir.annotate import annotate_loop, annotate_statement
from tensorsmith.mutators.tir.api import TirMutatorEntry
from tensorsmith.mutators.tir.delete import delete_expression, delete_statement
from tensorsmith.mutators.tir.flip import flip, flip_loop
from tensorsmith.mutators.tir.insert_assert import insert_assert
from tensorsmith.mutators.tir.insert_expression import insert_expression
from tensorsmith.mutators.tir.insert_load import insert_load, through_local
from tensorsmith.mutators.tir.insert_statement import insert_statement
from tensorsmith.mutators.tir.nudge import nudge
from tensorsmith.mutators.tir.permute import permute
from tensorsmith.mutators.tir.schedule import PRIMITIVES, scheduling
from tensorsmith.mutators.tir.splice import splice_expression, splice_statement
from tensorsmith.mutators.tir.wrap_condition import wrap_branch, wrap_choice
from tensorsmith.mutators.tir.wrap_loop import wrap_apart, wrap_loop

SCHEDULES: tuple[TirMutatorEntry, ...] = tuple(
    TirMutatorEntry(
        entry.name.replace(".", "-").replace("_", "-"),
        f"applies `{entry.name.partition('.')[2]}` of TVM's schedules",
        scheduling(entry),
        preserves=True,
    )
    for entry in PRIMITIVES
)

TIR_MUTATORS: tuple[TirMutatorEntry, ...] = (
    TirMutatorEntry("insert-expression", "makes an expression an operand of a new one", insert_expression),
    TirMutatorEntry("insert-statement", "inserts a statement", insert_statement),
    TirMutatorEntry("delete-statement", "deletes a statement, or the loop or branch around one", delete_statement),
    TirMutatorEntry("delete-expression", "puts an operand or a constant for an expression", delete_expression),
    TirMutatorEntry("flip", "changes the kind of an operation", flip),
    TirMutatorEntry("flip-loop", "changes the kind of a loop", flip_loop),
    TirMutatorEntry("nudge", "changes a constant", nudge),
    TirMutatorEntry("permute", "swaps operands, indices or statements", permute),
    TirMutatorEntry("wrap-loop", "puts a statement into loops", wrap_loop),
    TirMutatorEntry("wrap-apart", "puts a store into a parallel or vectorized loop", wrap_apart),
    TirMutatorEntry("wrap-choice", "chooses between an expression and a new one", wrap_choice),
    TirMutatorEntry("wrap-branch", "puts a statement into a branch", wrap_branch),
    TirMutatorEntry("insert-load", "loads an element instead of, or beside, an expression", insert_load),
    TirMutatorEntry("through-local", "lets a value go through a local buffer", through_local, preserves=True),
    TirMutatorEntry("insert-assert", "asserts the range of a variable", insert_assert, preserves=True),
    TirMutatorEntry("annotate-loop", "annotates a loop", annotate_loop, preserves=True),
    TirMutatorEntry("annotate-statement", "puts an attribute around a statement", annotate_statement, preserves=True),
    TirMutatorEntry("splice-statement", "brings in a statement of another function", splice_statement),
    TirMutatorEntry("splice-expression", "brings in an expression of another function", splice_expression),
    *SCHEDULES,
)
