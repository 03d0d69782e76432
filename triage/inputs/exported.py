"""Programs that `torch.export` wrote."""

from __future__ import annotations

import torch

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.inputs.api import Named
from tensorsmith.triage.inputs.calls import Arguments, arguments_of, case_of_call


def load(named: Named) -> Case:
    """The test case of an exported program, on its example inputs or on those of `--input`.

    Raises:
        InvalidInputError: it is no exported program, or no inputs are known.
        GraphError: it cannot become a graph.
    """
    try:
        program = torch.export.load(named.path)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InvalidInputError(f"{named.path}: no exported program: {reason}") from error
    if named.inputs:
        arguments = arguments_of(named.inputs)
    elif program.example_inputs is None:
        raise InvalidInputError(f"{named.path}: has no example inputs; give an --input for each, such as 'f32[4, 8]'")
    else:
        arguments = Arguments(*program.example_inputs)
    return case_of_call(program.module(), arguments, named)
