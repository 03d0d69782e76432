"""The module that a target compiles for a test case."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_constants


def module_of(case: TestCase) -> torch.fx.GraphModule:
    """A fresh module of the test case's program, its constants on the test case's device."""
    return to_fx(case.graph, make_constants(case.graph, case.device), case.device)


def outputs_of(returned: object) -> list[torch.Tensor]:
    """What a compiled module returned, as a list of tensors; anything else in it is left out."""
    items: Sequence[object] = returned if isinstance(returned, (tuple, list)) else (returned,)
    return [item for item in items if isinstance(item, torch.Tensor)]
