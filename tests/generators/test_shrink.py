"""Large calls are made small ones that eager accepts as well."""

from __future__ import annotations

import pytest

from tensorsmith.generators.shrink import is_small, shrunk
from tensorsmith.generators.table import Record
from tensorsmith.ir.graph import Arg, Ref, TensorType


def call(shapes: list[tuple[int, ...]], result: tuple[int, ...], *args: Arg) -> Record:
    return Record(tuple(TensorType("f32", shape) for shape in shapes), args, (), (TensorType("f32", result),))


@pytest.mark.parametrize(
    ("op", "record"),
    [
        ("aten.mm.default", call([(128, 1024), (1024, 300)], (128, 300), Ref(0), Ref(1))),
        ("aten.view.default", call([(64, 2048)], (8, 8, 2048), Ref(0), (8, 8, 2048))),
        ("aten.view.default", call([(2, 512, 4096)], (2, 512, 32, 128), Ref(0), (2, 512, 32, 128))),
        ("aten.split.Tensor", call([(16, 3072)], (16, 1024), Ref(0), 1024, 1)),
        (
            "aten.native_layer_norm.default",
            call([(4, 100, 768), (768,), (768,)], (4, 100, 768), Ref(0), (768,), Ref(1), Ref(2), 1e-5),
        ),
        (
            "aten.convolution.default",
            call(
                [(8, 64, 56, 56), (128, 64, 3, 3)], (8, 128, 28, 28), Ref(0), Ref(1), None,
                (2, 2), (1, 1), (1, 1), False, (0, 0), 1,
            ),
        ),
    ],
)  # fmt: skip
def test_a_large_call_becomes_a_small_one(op: str, record: Record) -> None:
    assert not is_small(record)
    small = shrunk(op, record)
    assert small is not None
    assert is_small(small)
    assert [len(t.shape) for t in small.tensors] == [len(t.shape) for t in record.tensors]
    assert len(small.results[0].shape) == len(record.results[0].shape)


def test_a_call_that_eager_rejects_has_no_small_twin() -> None:
    assert shrunk("aten.mm.default", call([(128, 1024), (1024,)], (128,), Ref(0), Ref(1))) is None
