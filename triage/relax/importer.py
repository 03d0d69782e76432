"""Which functions of TVM's importer bring in the operators of a program: several may share one, and its faults."""

from __future__ import annotations

import sys
from types import FrameType

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.errors import frontend_function
from tensorsmith.targets.tvm.relax.program import program_of

# What goes through the calls of a program and has a function for each, and what it calls besides.
_DISPATCHES = "_translate_fx_graph"
_HELPERS = ("retrieve_args", "_flatten_output_args")


def importing_functions(case: TestCase) -> tuple[str, ...]:
    """Those functions, as `file.py:function`, by name.

    Args:
        case: a program that the importer takes.
    """
    found: set[str] = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        caller = frame.f_back
        if event == "call" and caller is not None and caller.f_code.co_name == _DISPATCHES:
            found.add(frontend_function(frame.f_code))

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        program_of(case, "import")
    finally:
        sys.setprofile(before)
    return tuple(sorted(name for name in found if name and not name.endswith(_HELPERS)))
