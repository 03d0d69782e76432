"""Constructs of TIR, from the JSON of real functions."""

from __future__ import annotations

from typing import Any

import pytest

from tensorsmith.ir.tir_constructs import construct_pairs, constructs, node_count
from tensorsmith.targets.tvm import adapter

pytest.importorskip("tvm")


def text_of(make: Any) -> str:
    tirx = adapter.tvm().tirx
    a = adapter.buffer("A", "float32", (8,))
    i = tirx.Var("i", "int32")
    body = tirx.For(i, 0, 8, 2, tirx.BufferStore(a, make(a[i], i), [i]))
    return adapter.json_of(adapter.function([a], body))


def test_expressions_have_the_class_of_their_dtype() -> None:
    tirx = adapter.tvm().tirx
    text = text_of(lambda x, i: tirx.Select(tirx.LT(i, x.ty and tirx.IntImm("int32", 3)), tirx.exp(x), x * x))
    assert constructs(text) == ("Call.exp.float", "For.vectorized", "LT.int", "Mul.float", "Select.float")
    assert "Select.float > Call.exp.float" in construct_pairs(text)
    assert "For.vectorized > Select.float" not in construct_pairs(text)  # the store is between them


def test_casts_say_from_what() -> None:
    tirx = adapter.tvm().tirx
    text = text_of(lambda x, i: tirx.Cast("float32", i))
    assert constructs(text) == ("Cast.float<-int", "For.vectorized")
    assert node_count(text) > 2
