"""Common dtypes: all that is of one dtype becomes int32 or float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.ir.tir import INTEGER_DTYPES
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, attempted, described, greedy
from tensorsmith.triage.tir.reductions.constant import constant

INTEGER, FLOAT = "int32", "float32"


def common_dtypes(function: TirFunction) -> Candidates:
    """Retype every dtype in turn: integers and booleans to int32, floats to int32 or float32."""
    return greedy(function, _retyped)


def _retyped(function: TirFunction) -> Iterator[TirFunction]:
    for old in sorted(_dtypes(function)):
        targets = (INTEGER,) if old in (*INTEGER_DTYPES, FLOAT) else (FLOAT,)
        for new in targets:
            if new != old:
                candidate = attempted(retyped, function, old, new)
                if candidate is not None:
                    yield candidate


def _dtypes(function: TirFunction) -> set[str]:
    """The dtypes of variables, of buffers and of expressions; not bool, which comparisons give."""
    found = {
        adapter.element_dtype(one) if adapter.is_buffer(one) else adapter.dtype_of(one)
        for one in adapter.variables(function.func).values()
        if adapter.is_buffer(one) or adapter.is_number(one)
    }
    for _, node in tree.walk(function.func.body):
        if not tree.is_statement(node) and adapter.is_number(node):
            found.add(adapter.dtype_of(node).partition("x")[0])
    return found - {"bool"}


def retyped(function: TirFunction, old: str, new: str) -> TirFunction:
    """The function with `new` for the dtype `old` throughout.

    Raises:
        TypeError, ValueError, tvm.error.InternalError: what comes of it does not go together.
    """
    variables = {
        identity: _variable(one, old, new)
        for identity, one in adapter.variables(function.func).items()
        if _of(one) == old
    }
    func = tree.substitute(function.func, variables)
    return described(function, func.with_body(_rebuilt(func.body, old, new)))


def _of(variable: Any) -> str:
    if adapter.is_buffer(variable):
        return adapter.element_dtype(variable)
    return adapter.dtype_of(variable) if adapter.is_number(variable) else ""


def _variable(variable: Any, old: str, new: str) -> Any:
    name = str(variable.name)
    if not adapter.is_buffer(variable):
        return adapter.tvm().tirx.Var(name, new)
    sizes = adapter.shape(variable)
    if None in sizes:
        raise ValueError(f"the buffer {name} is of symbolic shape")
    return adapter.buffer_like(variable, name, new, [size or 1 for size in sizes])


def _rebuilt(node: Any, old: str, new: str) -> Any:
    kind = tree.kind_of(node)
    if kind in ("IntImm", "FloatImm"):
        return constant(new, node.value) if adapter.dtype_of(node) == old else node
    below = [_rebuilt(child.node, old, new) for child in tree.children(node)]
    if kind == "TensorLoad":  # the type that it had is kept by the node
        return adapter.load(node.source, below)
    if kind == "Cast":
        scalar, _, lanes = adapter.dtype_of(node).partition("x")
        wanted = (new if scalar == old else scalar) + (f"x{lanes}" if lanes else "")
        return below[0] if adapter.dtype_of(below[0]) == wanted else adapter.tvm().tirx.Cast(wanted, below[0])
    if kind == "Call" and adapter.is_number(node):
        scalar, _, lanes = adapter.dtype_of(node).partition("x")
        type_ = node.ty if scalar != old else adapter.number_type(new + (f"x{lanes}" if lanes else ""))
        return adapter.tvm().root.ir.Call(node.op, below, node.attrs, list(node.ty_args), ret_ty=type_)
    return tree.rebuild(node, below)
