"""The plain alternative to the reference interpreter: walk TVM's nodes at run time. Only here to be measured."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tensorsmith.ir.tir import integer_range
from tensorsmith.oracles.tir import functions, runtime
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.targets.tvm import adapter

MATH = {**functions.EXACT, **functions.INEXACT}


def _minimum(a: Any, b: Any) -> Any:
    return a if a < b else b


def _maximum(a: Any, b: Any) -> Any:
    return a if a > b else b


def _trunc_div(a: Any, b: Any) -> Any:
    return runtime.trunc_div(a, b) if isinstance(a, int) else a / b


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": _trunc_div, "Mod": runtime.trunc_mod,
    "FloorDiv": lambda a, b: a // runtime.divisor(b), "FloorMod": lambda a, b: a % runtime.divisor(b),
    "Min": _minimum, "Max": _maximum, "And": operator.and_, "Or": operator.or_,
    "EQ": operator.eq, "NE": operator.ne, "LT": operator.lt, "LE": operator.le, "GT": operator.gt, "GE": operator.ge,
    "LShift": operator.lshift, "RShift": operator.rshift,
    "BitwiseAnd": operator.and_, "BitwiseOr": operator.or_, "BitwiseXor": operator.xor,
}  # fmt: skip


class Walker:
    """One run of a function; `values` are its variables, `buffers` its memory, by identity."""

    def __init__(self, func: Any, arguments: Mapping[str, Any]) -> None:
        self.func = func
        self.values: dict[int, Any] = {}
        self.buffers: dict[int, tuple[tuple[int, ...], list[Any]]] = {}
        for parameter in func.params:
            value = arguments[parameter.name]
            if isinstance(value, np.ndarray):
                flat = list(value.reshape(-1)) if value.dtype.kind == "f" else value.reshape(-1).tolist()
                self.buffers[adapter.identity(parameter)] = (value.shape, flat)
            else:
                kind = runtime.FLOATS.get(adapter.dtype_of(parameter), int)
                self.values[adapter.identity(parameter)] = kind(value)

    def run(self) -> list[list[Any]]:
        """The elements of the parameters' buffers after the run."""
        parameters = list(self.buffers.values())
        with np.errstate(all="ignore"):
            self.execute(self.func.body)
        return [flat for _, flat in parameters]

    def execute(self, node: Any) -> None:
        """Run a statement."""
        getattr(self, f"run_{type(node).__name__}")(node)

    def run_SeqStmt(self, node: Any) -> None:
        for statement in node.seq:
            self.execute(statement)

    def run_Bind(self, node: Any) -> None:
        self.values[adapter.identity(node.var)] = self.value(node.value)

    def run_BufferStore(self, node: Any) -> None:
        value = self.value(node.value)
        flat, index = self.element(node.buffer, node.indices)
        flat[index] = value

    def run_AllocBuffer(self, node: Any) -> None:
        shape = tuple(int(size) for size in node.buffer.ty.shape)
        self.buffers[adapter.identity(node.buffer)] = (shape, [None] * int(np.prod(shape)))

    def run_IfThenElse(self, node: Any) -> None:
        if self.value(node.condition):
            self.execute(node.then_case)
        elif node.else_case is not None:
            self.execute(node.else_case)

    def run_While(self, node: Any) -> None:
        while self.value(node.condition):
            self.execute(node.body)

    def run_For(self, node: Any) -> None:
        start, extent = self.value(node.min), self.value(node.extent)
        step = 1 if node.step is None else self.value(node.step)
        for value in range(start, start + extent, step):
            self.values[adapter.identity(node.loop_var)] = value
            self.execute(node.body)

    def run_AssertStmt(self, node: Any) -> None:
        if not self.value(node.condition):
            runtime.assertion_fails()

    def element(self, variable: Any, indices: Any) -> tuple[list[Any], int]:
        """The memory of a buffer and the flat index of an element."""
        shape, flat = self.buffers[adapter.identity(variable)]
        index = 0
        for node, size in zip(indices, shape, strict=True):
            position = self.value(node)
            if not 0 <= position < size:
                runtime.out_of_bounds()
            index = index * size + position
        return flat, index

    def value(self, node: Any) -> Any:
        """The value of an expression."""
        kind = type(node).__name__
        if kind in OPERATORS:
            return self.fitted(OPERATORS[kind](self.value(node.a), self.value(node.b)), node)
        return getattr(self, f"value_{kind}")(node)

    def fitted(self, value: Any, node: Any) -> Any:
        """An integer result checked, or wrapped, to its dtype."""
        dtype = adapter.dtype_of(node)
        if not dtype.startswith(("int", "uint")):
            return value
        least, greatest = integer_range(dtype)
        if least <= value <= greatest:
            return value
        return value & greatest if least == 0 else runtime.overflow()

    def value_IntImm(self, node: Any) -> Any:
        return bool(node.value) if adapter.dtype_of(node) == "bool" else int(node.value)

    def value_FloatImm(self, node: Any) -> Any:
        return runtime.FLOATS[adapter.dtype_of(node)](node.value)

    def value_Var(self, node: Any) -> Any:
        return self.values[adapter.identity(node)]

    def value_TensorLoad(self, node: Any) -> Any:
        flat, index = self.element(node.source, node.indices)
        if flat[index] is None:
            runtime.uninitialized()
        return flat[index]

    def value_Not(self, node: Any) -> Any:
        return not self.value(node.a)

    def value_BitwiseNot(self, node: Any) -> Any:
        value, dtype = self.value(node.a), adapter.dtype_of(node)
        return value ^ integer_range(dtype)[1] if dtype.startswith("u") else ~value

    def value_Select(self, node: Any) -> Any:
        a, b = self.value(node.true_value), self.value(node.false_value)
        return a if self.value(node.condition) else b

    def value_Let(self, node: Any) -> Any:
        self.values[adapter.identity(node.var)] = self.value(node.value)
        return self.value(node.body)

    def value_Cast(self, node: Any) -> Any:
        value, dtype = self.value(node.value), adapter.dtype_of(node)
        if dtype in runtime.FLOATS:
            return runtime.int_to_float(value, dtype) if isinstance(value, int) else runtime.FLOATS[dtype](value)
        if dtype == "bool":
            return value != 0
        least, greatest = integer_range(dtype)
        if isinstance(value, np.floating):
            return runtime.float_to_int(value, least, greatest)
        return (int(value) - least) % (greatest - least + 1) + least

    def value_Call(self, node: Any) -> Any:
        name = adapter.intrinsic(node)
        if name == "if_then_else":
            return self.value(node.args[1] if self.value(node.args[0]) else node.args[2])
        if name not in MATH:
            raise Unsupported(f"intrinsic {name}")
        return MATH[name](*(self.value(argument) for argument in node.args))
