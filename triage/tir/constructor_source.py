"""A PrimFunc as calls of TVM's constructors, which fold nothing."""

from __future__ import annotations

import math
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.triage.tir.reductions.attributes import KEPT

_KINDS = ("SERIAL", "PARALLEL", "VECTORIZED", "UNROLLED")
_BY_CHILDREN = frozenset({
    "Add", "Sub", "Mul", "Div", "Mod", "FloorDiv", "FloorMod", "Min", "Max", "EQ", "NE", "LT", "LE", "GT", "GE", "And",
    "Or", "Not", "LShift", "RShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Select", "Evaluate",
})  # fmt: skip


class _Unknown(Exception):
    """A construct that has no source here."""


def constructor_source(func: Any) -> str | None:
    """Statements that define `main`; need `tvm` and `tirx`. None where they do not give an equal function."""
    try:
        text = _statements(func)
    except _Unknown:
        return None
    names: dict[str, Any] = {"tvm": adapter.tvm().root, "tirx": adapter.tvm().tirx}
    try:
        exec(text, names)
    except (TypeError, ValueError, RuntimeError):
        return None
    return text if adapter.equal(names["main"], func) else None


def _statements(func: Any) -> str:
    if set(dict(func.attrs or {})) - set(KEPT):
        raise _Unknown
    names = _named(func)
    lines: list[str] = []
    for identity, variable in adapter.variables(func).items():
        if adapter.is_buffer(variable):
            sizes = adapter.shape(variable)
            dtype, kept = adapter.element_dtype(variable), "layout=None"
            lines.append(f'{names[identity]} = tirx.decl_buffer({sizes}, "{dtype}", name="{variable.name}", {kept})')
        else:
            lines.append(f'{names[identity]} = tirx.Var("{variable.name}", "{adapter.dtype_of(variable)}")')
    lines.append(f"body = {_source(func.body, names, 0)}")
    parameters = ", ".join(names[adapter.identity(one)] for one in func.params)
    lines.append(f"main = tirx.PrimFunc([{parameters}], body, ret_type=tvm.ir.TupleType([]))")
    lines.append('main = main.with_attr({"global_symbol": "main", "s_tir": True})')
    return "\n".join(lines)


def _named(func: Any) -> dict[int, str]:
    taken: set[str] = {"tvm", "tirx", "np", "sys", "body", "main"}
    names: dict[int, str] = {}
    for identity, variable in adapter.variables(func).items():
        if not adapter.is_buffer(variable) and not adapter.is_number(variable):
            raise _Unknown
        name, number = str(variable.name), 0
        while name in taken:
            number += 1
            name = f"{variable.name}_{number}"
        taken.add(name)
        names[identity] = name
    return names


def _source(node: Any, names: dict[int, str], depth: int) -> str:
    kind = tree.kind_of(node)

    def of(inner: Any, deeper: int = 0) -> str:
        return _source(inner, names, depth + deeper)

    def listed(nodes: Any) -> str:
        return "[" + ", ".join(of(one) for one in nodes) + "]"

    def below(*statements: Any) -> str:
        indent = "\n" + "    " * (depth + 1)
        return ",".join(indent + of(one, 1) for one in statements)

    if kind in _BY_CHILDREN:
        return f"tirx.{kind}({', '.join(of(child.node) for child in tree.children(node))})"
    if kind == "Var":
        return names[adapter.identity(node)]
    if kind == "IntImm":
        return f'tirx.IntImm("{adapter.dtype_of(node)}", {int(node.value)})'
    if kind == "FloatImm":
        return f'tirx.FloatImm("{adapter.dtype_of(node)}", {_float(float(node.value))})'
    if kind == "Cast":
        return f'tirx.Cast("{adapter.dtype_of(node)}", {of(node.value)})'
    if kind == "Let":
        return f"tirx.Let({of(node.var)}, {of(node.value)}, {of(node.body)})"
    if kind in ("Ramp", "Broadcast"):
        return f"tirx.{kind}({', '.join(of(child.node) for child in tree.children(node))}, {int(node.lanes)})"
    if kind == "TensorLoad":
        return f"tirx.BufferLoad({of(node.source)}, {listed(node.indices)})"
    if kind == "Call" and adapter.is_number(node):
        type_ = f'tvm.ir.PrimType("{adapter.dtype_of(node)}")'
        return f'tvm.ir.Call(tvm.ir.Op.get("{node.op.name}"), {listed(node.args)}, ret_ty={type_})'
    if kind == "BufferStore":
        return f"tirx.BufferStore({of(node.buffer)}, {of(node.value)}, {listed(node.indices)})"
    if kind == "Bind":
        return f"tirx.Bind({of(node.var)}, {of(node.value)})"
    if kind == "AllocBuffer" and not len(node.annotations):
        return f"tirx.AllocBuffer({of(node.buffer)})"
    if kind == "IfThenElse":
        branches = [one for one in (node.then_case, node.else_case) if one is not None]
        return f"tirx.IfThenElse({of(node.condition)},{below(*branches)}{', None' * (2 - len(branches))})"
    if kind == "While":
        return f"tirx.While({of(node.condition)},{below(node.body)})"
    if kind == "For" and not len(node.annotations) and node.thread_binding is None and int(node.kind) < len(_KINDS):
        step = "" if node.step is None else f", step={of(node.step)}"
        start = f"{of(node.loop_var)}, {of(node.min)}, {of(node.extent)}, tirx.ForKind.{_KINDS[int(node.kind)]}"
        return f"tirx.For({start},{below(node.body)}{step})"
    if kind == "SeqStmt":
        return f"tirx.SeqStmt([{below(*node.seq)}\n{'    ' * depth}])"
    raise _Unknown


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value}")'
