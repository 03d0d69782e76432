"""What a difference between the results of two programs is: a bug, an effect of rounding, or NaN algebra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorsmith.oracles.tir.agreement import disagreement, epsilon
from tensorsmith.oracles.tir.interpreter import Reference
from tensorsmith.oracles.tir.undefined import OVERFLOW, Undefined
from tensorsmith.oracles.verdict import Channel

Array = np.ndarray[Any, Any]
Buffers = Mapping[str, Array]
Run = Callable[[Mapping[str, Any]], Buffers]

# In float64 the same computation in another order differs by no more than this share of the value.
_SAME = 1e-7
# Native code may be so many times as far from the result without rounding as the interpreter, and so many ulps.
_TIMES, _ULPS = 4.0, 64.0


@dataclass(frozen=True)
class Found:
    """A difference that counts: where, and in words."""

    channel: Channel
    text: str


def between(
    before: Reference, expected: Buffers, run: Run, after: Reference | None, inputs: Mapping[str, Any]
) -> Found | None:
    """The first difference that rounding does not explain, or None.

    Args:
        before: the program.
        expected: its buffers after a run, by name.
        run: runs what a pass, or the code generator, made of it, and gives buffers of the same dtypes and shapes.
        after: what was made of it; None for native code.
        inputs: of the program's run.
    """
    text = _difference(before, expected, run, after, inputs)
    if text is None:
        return None
    if not before.met_nan(inputs):
        return Found("values", text)
    # Whether it shows without NaN and infinities, too.
    tame = {name: _finite(value) for name, value in inputs.items()}
    try:
        text_of_tame = None if before.met_nan(tame) else _difference(before, before.run(tame), run, after, tame)
    except Undefined:
        text_of_tame = None
    return Found("nan-algebra", text) if text_of_tame is None else Found("values", text_of_tame)


def _difference(
    before: Reference, expected: Buffers, run: Run, after: Reference | None, inputs: Mapping[str, Any]
) -> str | None:
    try:
        actual = run(inputs)
    except Undefined as error:
        # Steps in another order may overflow where those of the program do not; wrapped, the sum is the same.
        if after is not None and error.args[0] == OVERFLOW and _agrees_wrapped(expected, after, inputs):
            return None
        if after is not None and before.excess and _only_rounded(expected, expected, before, after, inputs):
            return None
        return f"the program does what has no defined result: {error.args[0]}"
    if all(expected[name].tobytes() == actual[name].tobytes() for name in expected):
        return None
    inexact = before.inexact or (after is not None and after.inexact)
    # IEEE leaves open which of two zeros is the greater.
    text = disagreement(_positive_zeros(expected), _positive_zeros(actual), inexact)
    if text is not None and before.rounds and _only_rounded(expected, actual, before, after, inputs):
        return None
    return text


def _agrees_wrapped(expected: Buffers, after: Reference, inputs: Mapping[str, Any]) -> bool:
    try:
        return disagreement(expected, after.run_wrapping(inputs), after.inexact) is None
    except Undefined:
        return False


def _positive_zeros(buffers: Buffers) -> Buffers:
    return {
        name: array if array.dtype.kind in "iub" else array + array.dtype.type(0) for name, array in buffers.items()
    }


def _finite(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind in "iub":
        return value
    return np.where(np.isfinite(value), value, np.ones_like(value))


def _only_rounded(
    expected: Buffers, actual: Buffers, before: Reference, after: Reference | None, inputs: Mapping[str, Any]
) -> bool:
    """Whether in wider floats, which hardly round, the two programs do the same; that includes what is undefined."""
    try:
        wide = before.run_wide(inputs)
    except Undefined:
        return True
    if after is not None:
        try:
            other = after.run_wide(inputs)
        except Undefined:
            return False
        return all(bool(np.all(_near(wide[name], other[name]))) for name in expected)
    return all(bool(np.all(_near_enough(expected[name], actual[name], wide[name]))) for name in expected)


def _near(wide: Array, other: Array) -> Array:
    if wide.dtype.kind != "f":
        return np.asarray(wide == other)
    with np.errstate(all="ignore"):
        return np.isclose(wide, other, rtol=_SAME, atol=_SAME, equal_nan=True)


def _near_enough(expected: Array, actual: Array, wide: Array) -> Array:
    if wide.dtype.kind != "f":
        return np.asarray(expected == actual)
    with np.errstate(all="ignore"):
        want, got = expected.astype("float64"), actual.astype("float64")
        ulp = epsilon(expected.dtype)
        allowed = _TIMES * np.abs(want - wide) + _ULPS * ulp * np.abs(wide)
        return np.asarray((np.abs(got - wide) <= allowed) | (want == got) | (np.isnan(want) & np.isnan(got)))
