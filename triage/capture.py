"""The values that a program computes in eager mode, written down to become inputs of a smaller program."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

from tensorsmith.ir.graph import Node, TensorType, tensor_type
from tensorsmith.ir.kept_values import literals
from tensorsmith.ir.overlap import overlaps_itself
from tensorsmith.ir.recipe import Drawn, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import TO_TORCH, flatten_results
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call

# Above this many elements, values are drawn again instead of written out.
WRITTEN_LIMIT = 4096


@lru_cache(maxsize=4)
def captured(case: TestCase) -> dict[int, torch.Tensor]:
    """Every value of the program as it was when it was defined, by id; not to be changed.

    Runs eager in this process, on one thread, so that the process can still be forked. Values after a call that eager
    rejects are missing.
    """
    inputs = make_inputs(case.graph, case.recipe, "cpu")
    seen = {item.id: tensor.clone() for item, tensor in zip(case.graph.inputs, inputs, strict=True)}
    constants = make_constants(case.graph, "cpu")
    seen.update({id_: tensor.clone() for id_, tensor in constants.items()})

    def note(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        returned = plain_call(node, args, kwargs)
        for id_, tensor in zip(node.results, flatten_results(returned), strict=True):
            seen[id_] = tensor.detach().clone()
        return returned

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        interpret(case.graph, inputs, constants, "cpu", note)
    except Exception:
        # What eager rejects, the judge calls invalid; here it only means that there is less to write down.
        return seen
    finally:
        torch.set_num_threads(threads)
    return seen


def stand_in_type(type_: TensorType) -> TensorType:
    """The type of an input that stands for a value: its own layout, unless elements overlap or lie far apart."""
    dense = tensor_type(type_.dtype, type_.shape, type_.strides)
    if overlaps_itself(dense) or dense.storage_size > 2 * dense.numel + 16:
        return TensorType(type_.dtype, type_.shape)
    return dense


def written_out(type_: TensorType, tensor: torch.Tensor | None) -> Values:
    """A recipe that gives a tensor's values in the layout of a type: written out, or drawn if there are too many.

    Args:
        type_: the type that the recipe is for; its shape must be the tensor's.
        tensor: the values, or None where they are not known.
    """
    if tensor is None or tensor.is_complex() or type_.storage_size > WRITTEN_LIMIT or overlaps_itself(type_):
        return _drawn_like(type_, tensor)
    storage = torch.zeros(type_.storage_size, dtype=TO_TORCH[type_.dtype])
    storage.as_strided(type_.shape, type_.strides, type_.offset).copy_(tensor)
    return literals(storage)


def _drawn_like(type_: TensorType, tensor: torch.Tensor | None) -> Values:
    whole = type_.dtype != "bool" and not TO_TORCH[type_.dtype].is_floating_point and not type_.dtype.startswith("c")
    if tensor is not None and whole and tensor.numel() and int(tensor.min()) >= 0:
        # Whole numbers that are not negative may be indices; others of the same range are still in bounds.
        return Drawn("index", 0, int(tensor.max()) + 1)
    return Drawn("normal", 0)
