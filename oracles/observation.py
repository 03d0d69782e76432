"""What can be seen of one run of a program: every channel on which a compiled run may differ from an eager one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tensorsmith.ir.overlap import overlap
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import type_of
from tensorsmith.targets.api import Runnable
from tensorsmith.targets.inputs import make_inputs


@dataclass(frozen=True)
class Observation:
    """Outputs, the inputs after the run, and which of them have memory in common with which.

    `aliases` holds pairs of names such as ("output 0", "input 1").
    """

    outputs: tuple[torch.Tensor, ...]
    inputs_after: tuple[torch.Tensor, ...]
    aliases: frozenset[tuple[str, str]]


def observe(run: Runnable, case: TestCase) -> Observation:
    """Run on fresh inputs of the test case and note what can be seen. Raises what the run raises."""
    return observe_on(run, make_inputs(case.graph, case.recipe, case.device))


def observe_on(run: Runnable, inputs: Sequence[torch.Tensor]) -> Observation:
    """Run on these inputs, which the run may write to, and note what can be seen."""
    outputs = run(list(inputs))
    return Observation(
        tuple(o.detach().clone() if o.numel() else o for o in outputs),
        tuple(i.detach().clone() for i in inputs),
        _aliases(outputs, inputs),
    )


def _aliases(outputs: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor]) -> frozenset[tuple[str, str]]:
    named = [(f"output {p}", o) for p, o in enumerate(outputs)]
    sources = [(f"input {p}", i) for p, i in enumerate(inputs)]
    found: set[tuple[str, str]] = set()
    for position, (name, tensor) in enumerate(named):
        for other_name, other in sources + named[:position]:
            if _storage(tensor) == _storage(other) and _overlap(tensor, other):
                found.add((name, other_name))
    return frozenset(found)


def _overlap(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors on one storage have memory in common; parts of it that lie side by side do not."""
    if first.dtype == second.dtype:
        return overlap(type_of(first), type_of(second))
    ours, theirs = _bytes(first), _bytes(second)
    return first.numel() > 0 and second.numel() > 0 and ours[0] < theirs[1] and theirs[0] < ours[1]


def _bytes(tensor: torch.Tensor) -> tuple[int, int]:
    type_ = type_of(tensor)
    return type_.offset * tensor.element_size(), type_.storage_size * tensor.element_size()


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def equal_bits(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors have the same dtype, shape and values, NaN equal to NaN."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype.is_floating_point or first.dtype.is_complex:
        return bool(torch.isclose(first, second, rtol=0, atol=0, equal_nan=True).all())
    return bool((first == second).all())
