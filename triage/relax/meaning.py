"""What a program of Relax does whose operators are functions of TIR: these run in the interpreter, one after the other.

Neither the passes of TIR nor code generation take part, so it shows on which side of TIR a result goes wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.targets.tvm.adapter import identity
from tensorsmith.targets.tvm.relax.execute import from_tvm

Value: TypeAlias = "torch.Tensor | tuple[Value, ...]"


@dataclass(frozen=True)
class TirCall:
    """A call of a function of TIR: TVM's function, its translation, and its arguments before and after."""

    function: Any
    reference: Reference
    arguments: dict[str, Any]
    results: dict[str, Any]


@dataclass
class Interpreter:
    """Runs `main` of a module after `relax.LegalizeOps`, and keeps the calls of functions of TIR that were made."""

    module: Any
    calls: list[TirCall] = field(default_factory=list)

    def run(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What `main` returns; the inputs stay as they are.

        Raises:
            Unsupported: it does something else than call functions of TIR and of Relax, or one of these has a construct
                that the interpreter does not know.
            Undefined: a function of TIR does something that has no defined result.
        """
        returned = self._function(self.module["main"], inputs)
        return [_tensor(item) for item in (returned if isinstance(returned, tuple) else (returned,))]

    def _function(self, function: Any, arguments: Sequence[Value]) -> Value:
        values = {identity(variable): value for variable, value in zip(function.params, arguments, strict=True)}
        if type(function.body).__name__ != "SeqExpr":
            return self._value(function.body, values)
        for block in function.body.blocks:
            for binding in block.bindings:
                values[identity(binding.var)] = self._value(binding.value, values)
        return self._value(function.body.body, values)

    def _value(self, expression: Any, values: dict[int, Value]) -> Value:
        kind = type(expression).__name__
        if kind in ("Var", "DataflowVar"):
            return values[identity(expression)]
        if kind == "Tuple":
            return tuple(self._value(item, values) for item in expression.fields)
        if kind == "TupleGetItem":
            found = self._value(expression.tuple_value, values)
            assert isinstance(found, tuple)
            return found[int(expression.index)]
        if kind == "GenericConst":
            return from_tvm(expression.value).clone()
        if kind == "Call" and type(expression.op).__name__ == "GlobalVar":
            function = self.module[expression.op]
            return self._function(function, [self._value(item, values) for item in expression.args])
        if kind == "Call" and str(getattr(expression.op, "name", "")) == "relax.call_tir" and len(expression.args) == 2:
            return self._call_tir(expression, values)
        raise Unsupported(f"{kind} {getattr(getattr(expression, 'op', None), 'name', '')}")

    def _call_tir(self, call: Any, values: dict[int, Value]) -> Value:
        given = [_tensor(self._value(item, values)) for item in call.args[1].fields]
        (type_,) = call.ty_args
        several = type(type_).__name__ == "TupleType"
        made = [_empty(item) for item in (type_.fields if several else (type_,))]
        function = self.module[call.args[0]]
        reference = compile_function(function)
        # Two parameters may have the same name in TVM.
        arguments = {f"p{position}": _array(tensor) for position, tensor in enumerate((*given, *made))}
        results = reference.run(arguments)
        self.calls.append(TirCall(function, reference, arguments, results))
        outputs = tuple(
            torch.from_numpy(results[f"p{position}"].copy()).view(tensor.dtype)
            for position, tensor in enumerate(made, len(given))
        )
        return outputs if several else outputs[0]


def _tensor(value: Value) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise Unsupported("a tuple in a tuple")
    return value


def _empty(type_: Any) -> torch.Tensor:
    if type_.shape is None or any(not hasattr(size, "value") for size in type_.shape.values):
        raise Unsupported("a shape that is not constant")
    return torch.zeros([int(size.value) for size in type_.shape.values], dtype=getattr(torch, str(type_.dtype.dtype)))


def _array(tensor: torch.Tensor) -> Any:
    plain = tensor.detach().contiguous()
    # NumPy has no bfloat16; the interpreter takes its bits.
    return (plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain).numpy()
