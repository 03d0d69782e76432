"""The group of an operator: what selection draws from before it draws an operator."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import torch

from tensorsmith.generators.probe import Learned
from tensorsmith.generators.table import Group, Record
from tensorsmith.ir.operators import operator, written_arguments

_CASTS = ("_to_copy", "to", "type_as")
_SHAPE_NAMES = (
    "cat", "stack", "hstack", "vstack", "dstack", "column_stack", "concat", "repeat", "tile", "flip", "roll", "rot90",
    "fliplr", "flipud", "constant_pad_nd", "pad", "repeat_interleave", "channel_shuffle", "pixel_shuffle",
    "pixel_unshuffle", "tril", "triu", "clone", "diag_embed", "diag", "diagflat", "sum_to_size",
)  # fmt: skip
_INDEX_NAMES = (
    "index", "gather", "scatter", "take", "put", "masked", "where", "embedding", "one_hot", "slice_scatter",
    "select_scatter", "diagonal_scatter", "topk", "sort", "argsort", "msort", "kthvalue", "searchsorted",
)  # fmt: skip


def group_of(op: str, records: tuple[Record, ...], sources: AbstractSet[str], learned: Learned) -> Group:
    """The group, from what was learned, tags, the schema, and the OpInfo names that the operator was reached by."""
    overload = operator(op)
    base = op.split(".")[1]
    if written_arguments(op):
        return "in-place"
    if base in _CASTS:
        return "cast"
    if base.endswith("_copy") or base in _SHAPE_NAMES:
        return "shape"
    if learned.aliases:
        return "view"
    if learned.pointwise:
        return "pointwise"
    if any(base.startswith(name) for name in _INDEX_NAMES):
        return "indexing"
    if sources and all(s.startswith(("nn.functional", "native", "ops.aten")) for s in sources):
        return "nn"
    names = {a.name for a in overload._schema.arguments}
    if torch.Tag.reduction in overload.tags or "keepdim" in names or _always_smaller(records):
        return "reduction"
    return "indexing" if learned.bounds else "other"


def _always_smaller(records: tuple[Record, ...]) -> bool:
    return all(len(r.tensors) == 1 and r.results and r.results[0].numel <= 1 for r in records)
