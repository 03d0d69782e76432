"""Functions of TVMScript statements, and what they do to a buffer."""

from typing import Any

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function

tvm = pytest.importorskip("tvm")


def parse(parameters: str, body: str) -> Any:
    """The PrimFunc of TVMScript statements."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    source = f"# from tvm.script import tirx as T\n@T.prim_func(s_tir=True)\ndef main({parameters}):\n{lines}\n"
    return tvm.script.from_source(source)


def run(body: str, size: int = 8, **scalars: int) -> list[int]:
    """The buffer A of int32 after the statements, at first 0, 1, 2, ...; `scalars` are int32 parameters."""
    parameters = ", ".join([f'A: T.Buffer(({size},), "int32")', *(f"{name}: T.int32" for name in scalars)])
    given: dict[str, Any] = {"A": np.arange(size, dtype="int32"), **scalars}
    result = compile_function(parse(parameters, body)).run(given)["A"]
    assert given["A"].tolist() == list(range(size))
    values: list[int] = result.tolist()
    return values
