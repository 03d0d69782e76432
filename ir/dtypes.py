"""The dtypes of a program: their short names in the text form, and what kind of number each one holds."""

from __future__ import annotations

from typing import Literal, get_args

DType = Literal[
    "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "bf16", "f32", "f64", "c32", "c64", "c128"
]

DTYPES: tuple[DType, ...] = get_args(DType)

TORCH_NAMES: dict[DType, str] = {
    "bool": "bool",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
    "c32": "complex32",
    "c64": "complex64",
    "c128": "complex128",
}

FLOATS: frozenset[DType] = frozenset({"f16", "bf16", "f32", "f64"})
COMPLEX: frozenset[DType] = frozenset({"c32", "c64", "c128"})
INTEGERS: frozenset[DType] = frozenset({"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"})

# The dtypes that random programs use; the others are accepted in programs that a user brings.
COMMON: tuple[DType, ...] = ("bool", "i8", "i16", "i32", "i64", "u8", "f16", "bf16", "f32", "f64")

_BITS: dict[DType, int] = {
    "bool": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "u8": 8, "u16": 16, "u32": 32, "u64": 64,
}  # fmt: skip


def integer_range(dtype: DType) -> tuple[int, int]:
    """Least and greatest value of an integer dtype (or of bool, as 0 and 1).

    Raises:
        KeyError: the dtype is not an integer.
    """
    bits = _BITS[dtype]
    if dtype == "bool" or dtype.startswith("u"):
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
