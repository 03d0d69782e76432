"""Programs that are smaller by one thing: what a reduced one is checked against, without what reduced it.

Nothing of the reductions is used here, neither their edits nor what they noted. A test case is 1-minimal when none of
these fails in its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction, to_function, to_program
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.settings import is_setting
from tensorsmith.triage.signature import same_failure

# What TVM raises when it does not put nodes together.
_REFUSALS = (TypeError, ValueError, OverflowError, LookupError, RuntimeError)


def still_failing(case: TirCase, verdict: Verdict, judge: Callable[[TirCase], Verdict]) -> tuple[list[TirCase], int]:
    """The smaller test cases that fail in the same way after all, of how many that TVM's verifier accepts.

    Args:
        case: the test case.
        verdict: how it fails.
        judge: judges a candidate.
    """
    found: list[TirCase] = []
    count = 0
    for smaller in smaller_by_one(case):
        count += 1
        said = judge(smaller)
        if said.outcome == "fail" and said.guilty == verdict.guilty and same_failure(verdict, said):
            found.append(smaller)
    return found, count


def smaller_by_one(case: TirCase) -> Iterator[TirCase]:
    """The test case without one step of its pipeline, without one statement, or with an operand of an expression, or a
    zero, in place of the expression."""
    steps = case.pipeline.steps
    legal = order_problem(case.pipeline) is None
    for position in range(len(steps)):
        rest = Pipeline(steps[:position] + steps[position + 1 :])
        # A pipeline without passes is TVM's default one, which is longer; an illegal one says nothing.
        if any(not is_setting(step) for step in rest.steps) and (not legal or order_problem(rest) is None):
            yield replace(case, pipeline=rest)
    function = to_function(case.program)
    seen: set[str] = {case.id}
    for body in _bodies(function):
        made = _case(case, function, body)
        if made is not None and made.id not in seen:
            seen.add(made.id)
            yield made


def _case(case: TirCase, function: TirFunction, body: Any) -> TirCase | None:
    changed = function.with_body(body)
    return replace(case, program=to_program(changed)) if adapter.is_well_formed(changed.func) else None


def _bodies(function: TirFunction) -> Iterator[Any]:
    body = function.func.body
    for path, node in tree.walk(body):
        for new in _statements(node) if tree.is_statement(node) else _expressions(node):
            try:
                yield tree.replace_in(body, path, new)
            except _REFUSALS:
                continue


def _statements(node: Any) -> Iterator[Any]:
    if tree.kind_of(node) == "SeqStmt":
        statements = list(node.seq)
        for position in range(len(statements)):
            rest = statements[:position] + statements[position + 1 :]
            yield rest[0] if len(rest) == 1 else adapter.tvm().tirx.SeqStmt(rest)
    for child in tree.children(node):
        if tree.is_statement(child.node):
            yield child.node


def _expressions(node: Any) -> Iterator[Any]:
    if tree.size(node) < 2 or not adapter.is_number(node):
        return
    dtype = adapter.dtype_of(node)
    for child in tree.children(node):
        if adapter.is_number(child.node) and adapter.dtype_of(child.node) == dtype:
            yield child.node
    if "x" not in dtype and dtype.startswith(("int", "uint", "bool")):
        yield adapter.tvm().tirx.IntImm(dtype, 0)
    elif "x" not in dtype and dtype.startswith("float"):
        yield adapter.tvm().tirx.FloatImm(dtype, 0.0)
