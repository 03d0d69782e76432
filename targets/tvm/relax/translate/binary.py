"""Functions of two tensors or numbers, element by element."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.dtypes import FLOATS, DType
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Table,
    Translation,
    as_dtype,
    cast,
    cast_expr,
    constant,
    is_nan,
    ops,
    result_dtype,
    wide,
)

# What an integer may be raised to by repeated multiplication.
LARGEST_POWER = 8


def _pair(call: Call, dtype: DType | None = None) -> tuple[Any, Any]:
    """Both operands in the wide form of a dtype; of the result, if none is given."""
    wanted = wide(dtype or call.dtype)
    return as_dtype(call["self"], wanted), as_dtype(call["other"], wanted)


def narrow(call: Call, expr: Any) -> Any:
    """What was computed in the wide dtype, in the dtype of the call's result."""
    return cast_expr(expr, wide(call.dtype), call.dtype)


def _arithmetic(name: str, for_bool: str | None) -> Translation:
    """`for_bool` is what the operation is on truth values, which Relax adds and multiplies not."""

    def translate(call: Call) -> Any:
        first, second = _pair(call)
        alpha = call.arguments.get("alpha", 1)
        if call.dtype == "bool":
            if for_bool is None or not alpha:
                raise call.unsupported("truth values")
            return getattr(ops(), for_bool)(first, second)
        if alpha != 1:
            second = ops().multiply(second, constant(alpha, wide(call.dtype)))
        return narrow(call, getattr(ops(), name)(first, second))

    return translate


def _reversed_subtract(call: Call) -> Any:
    first, second = _pair(call)
    if call["alpha"] != 1:
        first = ops().multiply(first, constant(call["alpha"], wide(call.dtype)))
    return narrow(call, ops().subtract(second, first))


def _divide(call: Call) -> Any:
    mode = call.arguments.get("rounding_mode")
    if mode is None:
        return narrow(call, ops().divide(*_pair(call)))
    if mode == "floor":
        return _floor_divide(call)
    first, second = _pair(call)
    quotient = ops().divide(first, second)
    return narrow(call, ops().trunc(quotient) if call.dtype in FLOATS else quotient)


def _floor_divide(call: Call) -> Any:
    first, second = _pair(call)
    if call.dtype not in FLOATS:
        return ops().floor_divide(first, second)
    # As PyTorch does: the quotient of what is left without the remainder, which is a whole number but for rounding.
    first, second = call.emit(first), call.emit(second)
    zero, half, one = (constant(number, wide(call.dtype)) for number in (0.0, 0.5, 1.0))
    left = call.emit(ops().mod(first, second))
    quotient = ops().divide(ops().subtract(first, left), second)
    apart = ops().logical_xor(ops().less(second, zero), ops().less(left, zero))
    below = ops().logical_and(ops().not_equal(left, zero), apart)
    quotient = call.emit(ops().where(below, ops().subtract(quotient, one), quotient))
    down = call.emit(ops().floor(quotient))
    up = ops().where(ops().greater(ops().subtract(quotient, down), half), ops().add(down, one), down)
    return narrow(call, ops().where(ops().equal(second, zero), ops().divide(first, second), up))


def _remainder(call: Call) -> Any:
    first, second = _pair(call)
    if call.dtype not in FLOATS:
        return ops().floor_mod(first, second)
    first, second = call.emit(first), call.emit(second)
    zero = constant(0.0, wide(call.dtype))
    left = call.emit(ops().mod(first, second))
    apart = ops().logical_xor(ops().less(second, zero), ops().less(left, zero))
    add = ops().logical_and(ops().not_equal(left, zero), apart)
    return narrow(call, ops().where(add, ops().add(left, second), left))


def _fmod(call: Call) -> Any:
    return narrow(call, ops().mod(*_pair(call)))


def _compare(name: str) -> Translation:
    def translate(call: Call) -> Any:
        dtype = result_dtype(call["self"], call["other"])
        # The code generator takes truth values for floats when it compares them.
        first, second = _pair(call, "i8" if dtype == "bool" else dtype)
        return getattr(ops(), name)(first, second)

    return translate


def _logical(name: str) -> Translation:
    def translate(call: Call) -> Any:
        return getattr(ops(), name)(cast(call["self"], "bool"), cast(call["other"], "bool"))

    return translate


def _bitwise(name: str) -> Translation:
    return lambda call: getattr(ops(), name)(as_dtype(call["self"], call.dtype), as_dtype(call["other"], call.dtype))


def _shift(name: str) -> Translation:
    """Amounts that are negative or too large have a result in PyTorch and none here."""

    def translate(call: Call) -> Any:
        first, second = as_dtype(call["self"], call.dtype), as_dtype(call["other"], call.dtype)
        bits = int(call.dtype[1:])
        too_far = ops().logical_or(
            ops().less(second, constant(0, call.dtype)), ops().greater_equal(second, constant(bits, call.dtype))
        )
        call.forbid(_any(too_far), "amounts out of range")
        return getattr(ops(), name)(first, second)

    return translate


def _any(flags: Any) -> Any:
    return ops().greater(ops().sum(ops().astype(flags, "int32")), constant(0, "i32"))


def extremum(name: str, first: Any, second: Any, dtype: DType) -> Any:
    """The larger or the smaller of two expressions of a dtype; NaN if either is."""
    if dtype == "bool":
        return (ops().logical_or if name == "maximum" else ops().logical_and)(first, second)
    found = getattr(ops(), name)(first, second)
    if dtype not in FLOATS:
        return found
    either = ops().logical_or(is_nan(first, dtype), is_nan(second, dtype))
    return ops().where(either, ops().add(first, second), found)


def _extremum(name: str) -> Translation:
    def translate(call: Call) -> Any:
        first, second = as_dtype(call["self"], call.dtype), as_dtype(call["other"], call.dtype)
        return extremum(name, call.emit(first), call.emit(second), call.dtype)

    return translate


def _number_of_two(name: str) -> Translation:
    """`fmax` and `fmin`: of a number and NaN, the number."""

    def translate(call: Call) -> Any:
        if call.dtype not in FLOATS:
            return _extremum(name)(call)
        first, second = (call.emit(as_dtype(call[side], call.dtype)) for side in ("self", "other"))
        found = getattr(ops(), name)(first, second)
        found = ops().where(is_nan(first, call.dtype), second, found)
        return ops().where(is_nan(second, call.dtype), first, found)

    return translate


def _power(call: Call) -> Any:
    base, exponent = call["self"], call["exponent"]
    if call.dtype in FLOATS:
        dtype = wide(call.dtype)
        return narrow(call, ops().power(as_dtype(base, dtype), as_dtype(exponent, dtype)))
    if not isinstance(exponent, int) or not 0 <= exponent <= LARGEST_POWER or call.dtype == "bool":
        raise call.unsupported("powers of whole numbers")
    x = call.emit(cast(base, call.dtype))
    found = constant(1, call.dtype, base.shape)
    for _ in range(exponent):
        found = ops().multiply(found, x)
    return found


def _float_function(name: str) -> Translation:
    return lambda call: narrow(call, getattr(ops(), name)(*_pair(call)))


def variants(name: str, translation: Translation, *overloads: str) -> Table:
    """Rows of a table for overloads of one operator."""
    return {f"aten.{name}.{overload}": translation for overload in overloads}


TENSOR_OR_NUMBER = ("Tensor", "Scalar")
_BITWISE = ("Tensor", "Scalar", "Scalar_Tensor")

BINARY: Table = {
    **variants("add", _arithmetic("add", "logical_or"), *TENSOR_OR_NUMBER),
    **variants("sub", _arithmetic("subtract", None), *TENSOR_OR_NUMBER),
    **variants("mul", _arithmetic("multiply", "logical_and"), *TENSOR_OR_NUMBER),
    **variants("rsub", _reversed_subtract, *TENSOR_OR_NUMBER),
    **variants("div", _divide, "Tensor", "Scalar", "Tensor_mode", "Scalar_mode"),
    **variants("true_divide", _divide, "Tensor", "Scalar"),
    **variants("floor_divide", _floor_divide, "default", "Scalar"),
    **variants("remainder", _remainder, "Tensor", "Scalar", "Scalar_Tensor"),
    **variants("fmod", _fmod, *TENSOR_OR_NUMBER),
    **variants("eq", _compare("equal"), *TENSOR_OR_NUMBER),
    **variants("ne", _compare("not_equal"), *TENSOR_OR_NUMBER),
    **variants("lt", _compare("less"), *TENSOR_OR_NUMBER),
    **variants("le", _compare("less_equal"), *TENSOR_OR_NUMBER),
    **variants("gt", _compare("greater"), *TENSOR_OR_NUMBER),
    **variants("ge", _compare("greater_equal"), *TENSOR_OR_NUMBER),
    **variants("logical_and", _logical("logical_and"), "default"),
    **variants("logical_or", _logical("logical_or"), "default"),
    **variants("logical_xor", _logical("logical_xor"), "default"),
    **variants("bitwise_and", _bitwise("bitwise_and"), *_BITWISE),
    **variants("bitwise_or", _bitwise("bitwise_or"), *_BITWISE),
    **variants("bitwise_xor", _bitwise("bitwise_xor"), *_BITWISE),
    **variants("bitwise_left_shift", _shift("left_shift"), "Tensor", "Tensor_Scalar", "Scalar_Tensor"),
    **variants("bitwise_right_shift", _shift("right_shift"), "Tensor", "Tensor_Scalar", "Scalar_Tensor"),
    "aten.maximum.default": _extremum("maximum"),
    "aten.minimum.default": _extremum("minimum"),
    "aten.fmax.default": _number_of_two("maximum"),
    "aten.fmin.default": _number_of_two("minimum"),
    **variants("pow", _power, "Tensor_Tensor", "Tensor_Scalar", "Scalar"),
    "aten.atan2.default": _float_function("atan2"),
    "aten.logaddexp.default": _float_function("log_add_exp"),
}
