"""The way in that TVM offers: torch.export, then TVM's own importer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch

from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_constants
from tensorsmith.targets.tvm.relax.unsupported import unsupported

_LACKING = re.compile(r"Unsupported function types \[(.*)\]")
_NAME = r"'([^']+)'"


def import_exported(case: TestCase, inputs: Sequence[torch.Tensor]) -> Any:
    """The module that TVM's importer makes of a program; `main` takes its inputs and returns its outputs.

    Args:
        case: the program.
        inputs: example inputs.

    Raises:
        Unsupported: torch.export does not take the program, or it writes to inputs, which the importer drops, or the
            importer says that it does not know an operator.
        whatever the importer raises.
    """
    from tvm.relax.frontend.torch import from_exported_program

    if any(item.shares is not None for item in case.graph.inputs):
        raise unsupported("inputs that share memory")
    module = to_fx(case.graph, make_constants(case.graph, case.device), case.device)
    try:
        with torch.no_grad():
            # The decompositions are the importer's first step, done here so that torch's refusals are not TVM's.
            exported = torch.export.export(module, tuple(inputs)).run_decompositions()
    except Exception as error:
        message = str(error).strip().splitlines()
        raise unsupported("this program", f"torch.export: {message[0] if message else error!r}") from None
    if exported.graph_signature.user_inputs_to_mutate:
        raise unsupported("writes to inputs")
    try:
        return from_exported_program(exported, run_ep_decomposition=False)
    except AssertionError as error:
        lacking = _LACKING.search(str(error))
        if lacking is None:
            raise
        # Of several the first by name, or every set of operators would be a limitation of its own.
        raise unsupported(f"aten.{min(re.findall(_NAME, lacking.group(1)))}", "TVM's importer") from error
