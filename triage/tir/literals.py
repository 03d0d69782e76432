"""Values as Python source."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

WIDTH = 110


def array_source(array: np.ndarray[Any, Any]) -> str:
    """An expression that gives an equal array, to the bit but for what NaN holds; needs `np`, and for bfloat16
    `ml_dtypes`, too."""
    dtype = f'"{array.dtype.name}"'
    flat = array.reshape(-1)
    first = number_source(flat[0]) if flat.size else "0"
    if flat.size > 3 and all(number_source(one) == first for one in flat):
        return f"np.full({array.shape}, {first}, {dtype})"
    numbers = ", ".join(number_source(one) for one in flat)
    text = "\n        ".join(textwrap.wrap(numbers, WIDTH)) if len(numbers) > WIDTH else numbers
    made = f"np.array([{text}], {dtype})" if text == numbers else f"np.array([\n        {text}\n    ], {dtype})"
    return made if array.ndim == 1 else f"{made}.reshape({', '.join(map(str, array.shape)) or '()'})"


def number_source(number: Any) -> str:
    """An element of an array, or a Python number, as an expression."""
    value = number.item() if isinstance(number, np.generic) else number
    if isinstance(value, bool | int):
        return str(value)
    wide = float(value)
    if np.isnan(wide):
        return "np.nan"
    if np.isinf(wide):
        return "np.inf" if wide > 0 else "-np.inf"
    if isinstance(number, np.floating):
        short = str(number)
        same = type(number)(float(short)) == number
        return short if same else repr(wide)
    return repr(wide)


def values_source(name: str, values: dict[str, Any]) -> str:
    """A statement that gives `name` a dictionary of arrays and Python numbers."""
    lines = [f"{name} = {{"]
    for key, value in values.items():
        text = array_source(value) if isinstance(value, np.ndarray) else number_source(value)
        lines.append(f'    "{key}": {text},')
    return "\n".join([*lines, "}"])
