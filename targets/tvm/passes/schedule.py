"""Primitives of `tvm.s_tir.Schedule` as passes: each keeps the meaning of a function in block form, or does not apply.

A step can be drawn, moved and kept without a look at the program; where a primitive does not apply, it does nothing.
"""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.pipeline import Parameter
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.primitives import PRIMITIVES, Argument, Call, Nest, nest_of

DIALECT = "schedule"

# No block is to be lowered yet.
SCHEDULE: tuple[PassEntry, ...] = tuple(
    PassEntry(
        f"{DIALECT}.{one.name}",
        arguments=(("block", (0, 1, 2, 3)), *one.arguments),
        before=("s_tir.LowerInitBlock",),
        exact=one.exact,
        idle=one.seldom,
    )
    for one in PRIMITIVES.values()
)


def is_schedule(name: str) -> bool:
    """Whether a step of a name is a primitive of schedules."""
    return name.startswith(f"{DIALECT}.")


def is_of_blocks(func: Any) -> bool:
    """Whether everything that a function stores is stored in blocks below its root block."""
    body = func.body
    return tree.kind_of(body) == "SBlockRealize" and _in_blocks(body.block.body)


def resolved(func: Any, name: str, arguments: dict[str, Parameter]) -> tuple[Any, Call] | None:
    """A schedule of a function, and the call of it that a step stands for; None where there is nothing to call.

    Args:
        func: a PrimFunc.
        name: of a primitive.
        arguments: of the step, all of them.

    Raises:
        whatever TVM raises.
    """
    if not is_of_blocks(func):
        return None
    schedule, primitive = adapter.schedule(func), PRIMITIVES[name]
    nests = [nest for nest in _nests(schedule) if primitive.of(nest)]
    if not nests:
        return None
    nest = nests[int(str(arguments["block"])) % len(nests)]
    call = primitive.resolve(nest, **{key: value for key, value in arguments.items() if key != "block"})
    return None if call is None else (schedule, call)


def scheduled(func: Any, name: str, arguments: dict[str, Parameter]) -> Any:
    """The function after a primitive; the function itself where that does not apply.

    Raises:
        whatever TVM raises, but that it does not apply.
    """
    try:
        found = resolved(func, name, arguments)
        if found is None:
            return func
        schedule, call = found
        call.apply(schedule)
    except (adapter.schedule_error(), ValueError):
        # TVM checks with a ValueError, too, what it takes from a user; what it takes for granted is an InternalError.
        return func
    return schedule.mod[adapter.ENTRY]


def schedule_pass(name: str, arguments: dict[str, Parameter]) -> Any:
    """The pass that applies a primitive."""
    return adapter.function_pass(lambda func: scheduled(func, name, arguments), f"{DIALECT}.{name}")


def source_of(func: Any, name: str, arguments: dict[str, Parameter]) -> str | None:
    """The call of the schedule `sch` of a function that a step stands for, as Python; None where there is none.

    Raises:
        whatever TVM raises.
    """
    found = resolved(func, name, arguments)
    return None if found is None else found[1].source()


def _in_blocks(node: Any) -> bool:
    kind = tree.kind_of(node)
    if kind == "SBlockRealize":
        return True
    return kind in ("For", "SeqStmt") and all(
        _in_blocks(child.node) for child in tree.children(node) if child.role is tree.Role.STATEMENT
    )


def _nests(schedule: Any) -> list[Nest]:
    """The blocks below the root block, those nearer to it first, each named so that nothing else has the name."""
    found, waiting = list[Argument](), [Argument(schedule.get_sblock("root"), 'sch.get_sblock("root")')]
    while waiting:
        above = waiting.pop(0)
        below = schedule.get_child_blocks(above.value)
        found += [Argument(block, f"sch.get_child_blocks({above.source})[{k}]") for k, block in enumerate(below)]
        waiting += found[len(found) - len(below) :]
    names = [str(schedule.get(block.value).name_hint) for block in found]
    plain = (
        Argument(block.value, f'sch.get_sblock("{name}")') if names.count(name) == 1 else block
        for name, block in zip(names, found, strict=True)
    )
    return [nest_of(schedule, block) for block in plain]
