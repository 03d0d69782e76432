"""Wrong passes, written in Python, and a right one: what a campaign that imports this file has in its pipelines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.passes.catalog import register_pass
from tensorsmith.targets.tvm.passes.entry import PassEntry


def drop_last_iteration(func: Any) -> Any:
    """The first serial loop with a constant extent above 1 runs once less."""
    for path, node in tree.walk(func.body):
        serial = tree.kind_of(node) == "For" and int(node.kind) == 0 and tree.kind_of(node.extent) == "IntImm"
        if serial and int(node.extent.value) > 1:
            less = adapter.tvm().tirx.IntImm(adapter.dtype_of(node.extent), int(node.extent.value) - 1)
            return tree.replace_at(func, (*path, _position(node, node.extent)), less)
    return func


def swap_select(func: Any) -> Any:
    """The values of the first selection change places."""
    for path, node in tree.walk(func.body):
        if tree.kind_of(node) == "Select":
            swapped = adapter.tvm().tirx.Select(node.condition, node.false_value, node.true_value)
            return tree.replace_at(func, path, swapped)
    return func


def forget_cast(func: Any) -> Any:
    """Casts from a wider integer to a narrower one, and back, keep the wide value."""
    for path, node in tree.walk(func.body):
        if tree.kind_of(node) == "Cast" and tree.kind_of(node.value) == "Cast":
            wide = node.value.value
            if adapter.dtype_of(node) == adapter.dtype_of(wide):
                return forget_cast(tree.replace_at(func, path, wide))
    return func


def break_ssa(func: Any) -> Any:
    """The first loop runs twice, one after the other, with the same variable, and reads it afterwards."""
    for path, node in tree.walk(func.body):
        if tree.kind_of(node) == "For":
            after = adapter.tvm().tirx.Evaluate(node.loop_var)
            return tree.replace_at(func, path, adapter.tvm().tirx.SeqStmt([node, after]))
    return func


def add_first(func: Any) -> Any:
    """The first (a - b) + c is (a + c) - b: right, and it may overflow where the other does not."""
    tirx = adapter.tvm().tirx
    for path, node in tree.walk(func.body):
        if tree.kind_of(node) == "Add" and tree.kind_of(node.a) == "Sub":
            return tree.replace_at(func, path, tirx.Sub(tirx.Add(node.a.a, node.b), node.a.b))
    return func


def loop_for_ever(func: Any) -> Any:
    """Never ends."""
    while func is not None:
        time.sleep(0.05)
    return func


PLANTED: dict[str, Callable[[Any], Any]] = {
    f"planted.{change.__name__}": change
    for change in (drop_last_iteration, swap_select, forget_cast, break_ssa, add_first, loop_for_ever)
}


def _position(node: Any, child: Any) -> int:
    return next(k for k, one in enumerate(tree.children(node)) if one.node.same_as(child))


def _make(name: str) -> Callable[[], Any]:
    return lambda: adapter.function_pass(PLANTED[name], name)


def plant(names: Iterable[str] = tuple(PLANTED)) -> None:
    """Register passes."""
    for name in names:
        register_pass(PassEntry(name), _make(name))


if __name__ == "planted_passes":  # and not when a test imports it as part of a package
    plant()
