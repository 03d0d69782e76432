"""Intrinsics of TIR, and those of LLVM that take their place, to Python source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tensorsmith.ir.tir import integer_range
from tensorsmith.oracles.tir import arithmetic, functions
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import FLOATS, Value

Write = Callable[[Sequence[Value], str], Value]

_OF_LLVM = (
    "sqrt", "floor", "ceil", "trunc", "fabs", "nearbyint", "rint", "copysign", "fma", "exp", "exp2", "exp10", "log",
    "log2", "log10", "sin", "cos", "tan", "pow",
)  # fmt: skip
_SAME_OF_LLVM = {f"llvm.{name}": name for name in _OF_LLVM}


def _of_floats(name: str) -> Write:
    def write(arguments: Sequence[Value], dtype: str) -> Value:
        if not arguments[0].is_float:
            raise Unsupported(f"intrinsic {name} of {arguments[0].dtype}")
        texts = ", ".join(argument.text for argument in arguments)
        return Value(f"math_{name}({texts})", dtype, total=_total(arguments))

    return write


def _test_of_floats(function: str) -> Write:
    def write(arguments: Sequence[Value], dtype: str) -> Value:
        return Value(f"{function}({arguments[0].text})", "bool", 0, 1, arguments[0].total)

    return write


def _total(arguments: Sequence[Value]) -> bool:
    return all(argument.total for argument in arguments)


def _bits(a: Value) -> tuple[str, int]:
    """The code of an integer's bits as one without sign, and their number."""
    bits = integer_range(a.dtype)[1].bit_length() + a.is_signed
    return (f"({a.text} & {(1 << bits) - 1})" if a.low < 0 else f"({a.text})"), bits


def _count_ones(arguments: Sequence[Value], dtype: str) -> Value:
    text, bits = _bits(arguments[0])
    return Value(f"{text}.bit_count()", dtype, 0, bits, arguments[0].total)


def _count_leading_zeros(arguments: Sequence[Value], dtype: str) -> Value:
    a, zero_is_undefined = arguments[0], len(arguments) == 1 or arguments[1].high
    text, bits = _bits(a)
    if zero_is_undefined and a.low <= 0 <= a.high:
        return Value(f"({bits} - not_zero({text}).bit_length())", dtype, 0, bits - 1, False)
    return Value(f"({bits} - {text}.bit_length())", dtype, 0, bits, a.total)


def _multiply_add(arguments: Sequence[Value], dtype: str) -> Value:
    """Rounded twice: the compiler may round once or twice, and twice is what the code before said."""
    a, b, c = arguments
    return arithmetic.add(arithmetic.multiply(a, b), c)


def _absolute(arguments: Sequence[Value], dtype: str) -> Value:
    a = arguments[0]
    if a.is_float:
        return _of_floats("fabs")(arguments, dtype)
    minus = arithmetic.subtract(Value("0", a.dtype), a)
    return arithmetic.if_then_else(Value(f"({a.text} < 0)", "bool", 0, 1, a.total), minus, a)


def _large_unsigned(arguments: Sequence[Value], dtype: str) -> Value:
    value = arguments[1].low << 32 | arguments[0].low
    return Value(str(value), dtype, value, value)


def _infinity(arguments: Sequence[Value], dtype: str) -> Value:
    if dtype not in FLOATS:
        raise Unsupported(f"infinity of {dtype}")
    return Value(f"np_{dtype}(inf)", dtype)


def _assumed(arguments: Sequence[Value], dtype: str) -> Value:
    return Value(f"assumed({arguments[0].text})", dtype, 0, 1, False)


def _binary(operation: Callable[[Value, Value], Value]) -> Write:
    return lambda arguments, dtype: operation(arguments[0], arguments[1])


INEXACT = frozenset(functions.INEXACT) | {llvm for llvm, name in _SAME_OF_LLVM.items() if name in functions.INEXACT}

CALLS: dict[str, Write] = {
    **{name: _of_floats(name) for name in (*functions.EXACT, *functions.INEXACT)},
    **{llvm: _of_floats(name) for llvm, name in _SAME_OF_LLVM.items()},
    "llvm.round": _of_floats("round_half_away"),
    "llvm.fmuladd": _multiply_add,
    "llvm.ctpop": _count_ones,
    "llvm.ctlz": _count_leading_zeros,
    "shift_left": _binary(arithmetic.shift_left),
    "shift_right": _binary(arithmetic.shift_right),
    "bitwise_and": _binary(arithmetic.bitwise("&")),
    "bitwise_or": _binary(arithmetic.bitwise("|")),
    "bitwise_xor": _binary(arithmetic.bitwise("^")),
    "bitwise_not": lambda arguments, dtype: arithmetic.invert(arguments[0]),
    "if_then_else": lambda arguments, dtype: arithmetic.if_then_else(*arguments),
    "likely": lambda arguments, dtype: arguments[0],
    "fabs": _absolute,
    "popcount": _count_ones,
    "clz": _count_leading_zeros,
    "isnan": _test_of_floats("isnan"),
    "isinf": _test_of_floats("isinf"),
    "isfinite": _test_of_floats("isfinite"),
    "large_uint_imm": _large_unsigned,
    "infinity": _infinity,
    "reinterpret": lambda arguments, dtype: arithmetic.reinterpret(arguments[0], dtype),
    "assume": _assumed,
}
