"""A TIR program as data: TVM's own JSON of a function, and what its inputs are. Nothing here needs TVM."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache

import msgspec

from tensorsmith.ir.encoding import check_format, format_of
from tensorsmith.ir.errors import InvalidInputError

FORMAT = 1

INTEGER_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOAT_DTYPES = ("float16", "float32", "float64")
BFLOAT16 = "bfloat16"
DTYPES = (*INTEGER_DTYPES, *FLOAT_DTYPES, BFLOAT16, "bool")


class TirBuffer(msgspec.Struct, frozen=True):
    """A buffer parameter. Its input values lie in [low, high] where these are given (integers only)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    low: int | None = None
    high: int | None = None


class TirScalar(msgspec.Struct, frozen=True):
    """A scalar parameter. Its input value lies in [low, high] where these are given (integers only)."""

    name: str
    dtype: str
    low: int | None = None
    high: int | None = None


class TirProgram(msgspec.Struct, frozen=True):
    """A PrimFunc, whose parameters are `buffers` and then `scalars`, in order.

    Attributes:
        json: the function as `tvm.ir.save_json` writes it: what is compiled.
        script: the function as TVMScript, for people; may be empty.
        format: the version of this encoding.
    """

    json: str
    buffers: tuple[TirBuffer, ...]
    scalars: tuple[TirScalar, ...] = ()
    script: str = ""
    format: int = FORMAT


_decoder = msgspec.json.Decoder(TirProgram)
_encoder = msgspec.json.Encoder(order="sorted")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def encode(program: TirProgram) -> bytes:
    """The canonical encoding: JSON, keys sorted, TVM's JSON without white space and with its keys in TVM's order."""
    return _encoder.encode(msgspec.structs.replace(program, json=compact(program.json)))


@lru_cache(512)
def compact(text: str) -> str:
    """TVM's JSON without white space; it may hold NaN and Infinity, which is why msgspec does not do it.

    Raises:
        ValueError: it is not JSON.
    """
    return json.dumps(json.loads(text), separators=(",", ":"))


def decode(data: bytes, source: str = "TIR program") -> TirProgram:
    """Read an encoded program; `source` names it in errors.

    Raises:
        InvalidInputError: not JSON, a missing or mistyped field, an unknown format, or parameters that make no sense.
    """
    try:
        program = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        check_format(format_of(data), FORMAT, source)
        raise InvalidInputError(f"{source}: not a TIR program: {error}") from error
    check(program, source)
    return program


def check(program: TirProgram, source: str) -> None:
    """Validate a decoded program; `source` names it in errors.

    Raises:
        InvalidInputError: an unknown format, parameters that make no sense, or a field that is not JSON.
    """
    check_format(program.format, FORMAT, source)
    problem = parameter_problem(program)
    if problem is not None:
        raise InvalidInputError(f"{source}: {problem}")
    try:
        json.loads(program.json)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{source}: field `json`: not JSON: {error}") from error


def parameter_problem(program: TirProgram) -> str | None:
    """What is wrong with the parameters, in words, or None."""
    groups: dict[str, Sequence[TirBuffer | TirScalar]] = {"buffers": program.buffers, "scalars": program.scalars}
    names = [parameter.name for parameters in groups.values() for parameter in parameters]
    for field, parameters in groups.items():
        for parameter in parameters:
            where = f"field `{field}`: `{parameter.name}`"
            if not _NAME.match(parameter.name):
                return f"{where} is not a name"
            if names.count(parameter.name) > 1:
                return f"{where} is there twice"
            if parameter.dtype not in DTYPES:
                return f"{where}: unknown dtype `{parameter.dtype}`"
            problem = _bounds_problem(parameter)
            if problem is not None:
                return f"{where}: {problem}"
    for buffer in program.buffers:
        if min(buffer.shape, default=1) < 1:
            return f"field `buffers`: `{buffer.name}`: shape {list(buffer.shape)} has a size below 1"
    return None


@cache
def integer_range(dtype: str) -> tuple[int, int]:
    """The least and the greatest value of an integer dtype or of bool."""
    if dtype == "bool":
        return 0, 1
    bits = int(dtype.removeprefix("u").removeprefix("int"))
    return (0, (1 << bits) - 1) if dtype.startswith("u") else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _bounds_problem(parameter: TirBuffer | TirScalar) -> str | None:
    low, high = parameter.low, parameter.high
    if low is None and high is None:
        return None
    if parameter.dtype not in INTEGER_DTYPES:
        return f"`low` and `high` are for integers, not {parameter.dtype}"
    least, greatest = integer_range(parameter.dtype)
    low, high = least if low is None else low, greatest if high is None else high
    if low > high or low < least or high > greatest:
        return f"[{low}, {high}] is no range of {parameter.dtype}"
    return None
