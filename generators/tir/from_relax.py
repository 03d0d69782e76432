"""Functions that come of lowering small random Relax programs and of fusing their operators."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.generators.tir.parameters import of_function
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction

_DTYPES = ("float32", "float32", "float64", "float16", "int32")
_SIZES = (1, 2, 3, 4, 5, 8)
_FLOAT_UNARY = ("exp", "tanh", "sigmoid", "sqrt", "floor", "ceil", "erf", "rsqrt")
_UNARY = ("abs", "negative", "sign")
_BINARY = ("add", "subtract", "multiply", "maximum", "minimum")
_REDUCED = ("sum", "max", "min", "mean")


def random_lowered(rng: Random) -> TirFunction:
    """The largest function of a lowered and fused chain of two to five operators.

    Raises:
        EnvironmentLacksError: TVM is not installed.
    """
    found = _lowered_functions(random_chain(rng))
    made = [function for function in map(of_function, found) if function is not None]
    return max(made, key=lambda function: len(function.buffers))


def random_chain(rng: Random) -> Any:
    """A Relax module whose function applies operators to what the one before gave."""
    relax, dtype = adapter.relax(), rng.choice(_DTYPES)
    shape = [rng.choice(_SIZES) for _ in range(rng.choice([1, 2, 2, 3]))]
    inputs = [relax.Var(name, relax.TensorType(shape, dtype)) for name in ("x", "y")]
    builder = relax.BlockBuilder()
    with builder.function("main", inputs):
        with builder.dataflow():
            value = builder.emit(getattr(relax.op, rng.choice(_BINARY))(*inputs))
            for _ in range(rng.randint(1, 4)):
                value = builder.emit(_next(rng, value, inputs, shape, dtype))
                shape = [int(size.value) for size in value.ty.shape.values]
            result = builder.emit_output(value)
        builder.emit_func_output(result)
    return builder.get()


def _next(rng: Random, value: Any, inputs: list[Any], shape: list[int], dtype: str) -> Any:
    relax = adapter.relax()
    chance, is_float = rng.random(), dtype.startswith("float")
    if chance < 0.25:
        return getattr(relax.op, rng.choice((*_UNARY, *_FLOAT_UNARY) if is_float else _UNARY))(value)
    same = [one for one in inputs if [int(size.value) for size in one.ty.shape.values] == shape]
    if chance < 0.5 and same:
        return getattr(relax.op, rng.choice(_BINARY))(value, rng.choice(same))
    if chance < 0.6 and len(shape) > 1:
        names = _REDUCED if is_float else _REDUCED[:3]
        return getattr(relax.op, rng.choice(names))(
            value, axis=[rng.randrange(len(shape))], keepdims=rng.random() < 0.5
        )
    if chance < 0.7 and len(shape) > 1:
        return relax.op.permute_dims(value, rng.sample(range(len(shape)), len(shape)))
    if chance < 0.75:
        return relax.op.reshape(value, (-1,))
    if chance < 0.8 and is_float and len(shape) > 1:
        return relax.op.nn.softmax(value, axis=rng.randrange(len(shape)))
    if chance < 0.85:
        return relax.op.clip(value, 0, 3)
    if chance < 0.9:
        return relax.op.where(relax.op.greater(value, relax.const(0, dtype)), value, relax.const(1, dtype))
    if chance < 0.95 and len(shape) > 1:
        return relax.op.concat([value, value], axis=rng.randrange(len(shape)))
    return relax.op.nn.relu(value)


def _lowered_functions(relax_module: Any) -> list[Any]:
    """The PrimFuncs of a Relax module after its operators have been lowered and fused, by name."""
    transform = adapter.relax().transform
    passes = (transform.LegalizeOps(), transform.AnnotateTIROpPattern(), transform.FuseOps(), transform.FuseTIR())
    for one in passes:
        relax_module = one(relax_module)
    found = {str(name.name_hint): func for name, func in relax_module.functions.items()}
    return [func for _, func in sorted(found.items()) if isinstance(func, adapter.tvm().tirx.PrimFunc)]
