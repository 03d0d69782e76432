"""Which recorded calls can become one whose result is of a type that is wanted."""

from __future__ import annotations

from tensorsmith.generators.bounds import Slots
from tensorsmith.generators.eager_builder import ask_eager
from tensorsmith.generators.probe import with_main
from tensorsmith.generators.table import OperatorEntry, Record
from tensorsmith.ir.dtypes import FLOATS, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.recipe import Drawn
from tensorsmith.ir.torch_args import FROM_TORCH


def fits_shape(entry: OperatorEntry, record: Record, shape: tuple[int, ...]) -> bool:
    """Whether the first result of a record may become of a shape as the sizes of its tensors change."""
    if not record.tensors or not record.results:
        return False
    old = record.results[0].shape
    # One size cannot become two.
    return entry.any_shape or (len(old) == len(shape) and len(set(zip(old, shape, strict=True))) == len(set(old)))


def main_dtype_for(entry: OperatorEntry, wanted: DType) -> DType | None:
    """A main dtype with which the first result of an operator is of the dtype that is wanted; None if none is known."""
    for dtype in (wanted, entry.dtypes[-1]):
        if dtype in entry.dtypes and result_dtype(entry, dtype) == wanted:
            return dtype
    return None


_results: dict[tuple[str, DType], DType | None] = {}


def result_dtype(entry: OperatorEntry, main: DType) -> DType | None:
    """The dtype of an operator's first result for a main dtype; None if eager does not say.

    Eager is asked once for each kind of dtype, about the first record.
    """
    like = _like(main)
    asked = like if like in entry.dtypes else main
    if (entry.op, asked) not in _results:
        _results[entry.op, asked] = _ask_result_dtype(entry, asked)
    found = _results[entry.op, asked]
    return main if found == asked else found


def _like(dtype: DType) -> DType:
    """The dtype that stands for all that operators treat alike; sums of the lesser integers are of the greatest."""
    return "f32" if dtype in FLOATS else dtype if dtype in ("bool", "i64") else "i32"


def _ask_result_dtype(entry: OperatorEntry, main: DType) -> DType | None:
    record = next((with_main(r, main) for r in entry.records if r.tensors), None)
    if record is None:
        return None
    names = Slots.of(entry.op, record).names if entry.bounds else {}
    indices = {position: Drawn("index", 0, 1) for position, name in names.items() if name in entry.bounds}
    try:
        results = ask_eager(entry.op, record.args, record.kwargs, dict(enumerate(record.tensors)), indices)
    except GraphError:
        return None
    return FROM_TORCH.get(results[0].dtype) if results else None
