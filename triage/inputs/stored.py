"""Test cases that tensorsmith wrote."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.cases import load as load_file
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.operators import operator
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.triage.inputs.api import Named


def load(named: Named) -> Case:
    """The test case of a file, for another target if one is given.

    Raises:
        InvalidInputError: as `stored_case`, or `--input` was given.
    """
    named.without_inputs("a test case has its own inputs")
    case = stored_case(named.path)
    return msgspec.structs.replace(case, target=named.target or case.target, device=named.device or case.device)


def stored_case(path: Path) -> Case:
    """The test case of a file, of operators that the installed torch has.

    Raises:
        InvalidInputError: the file cannot be read or is none, or has an unknown operator.
    """
    case = load_file(path)
    if isinstance(case, TirCase):
        return case
    for node in case.graph.nodes:
        try:
            operator(node.op)
        except InvalidInputError as error:
            raise InvalidInputError(f"{path}: {error}; if it is your own, --import what registers it") from error
    return case
