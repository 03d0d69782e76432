"""TVM 0.26 in the words of 0.27, which all other code here uses.

It differs in little: a load is a BufferLoad of a `buffer`, not a TensorLoad of a `source`, shifts and operators on bits
are calls of operators and no nodes of their own, some names are in other modules, and one simplifier and one renaming
of variables serve functions with and without blocks. TVM 0.25 differs in what everything here builds on.
"""

from __future__ import annotations

import re
from functools import cache, partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

OLDEST, NEWEST = (0, 26), (0, 27)

# Passes that 0.26 lacks, and those that do their work there.
_SERVED_BY = {"s_tir.ConvertSSA": "tirx.ConvertSSA", "s_tir.StmtSimplify": "tirx.StmtSimplify"}

# Arguments of passes that 0.26 lacks.
_LACKS = {("relax.backend.DispatchSortScan", "index_bits")}

# What stand-alone scripts say of 0.27, and what they are to say of 0.26.
_WORDS = {
    "TensorLoad": "BufferLoad",
    "n.source": "n.buffer",
    "tvm.s_tir.analysis.verify_well_formed": "tvm.tirx.analysis.verify_well_formed",
}

_OPERATORS = {
    "BitwiseAnd": "tirx.bitwise_and",
    "BitwiseOr": "tirx.bitwise_or",
    "BitwiseXor": "tirx.bitwise_xor",
    "BitwiseNot": "tirx.bitwise_not",
    "LShift": "tirx.shift_left",
    "RShift": "tirx.shift_right",
}


def numbers(version: str) -> tuple[int, int]:
    """The first two numbers of a version; those of the newest TVM known here where it does not begin with two."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return NEWEST if found is None else (int(found[1]), int(found[2]))


@cache
def is_older() -> bool:
    """Whether the installed TVM is older than 0.27, as its package says: TVM is not imported."""
    try:
        return numbers(version_of("apache-tvm")) < NEWEST
    except PackageNotFoundError:  # none is installed, or one that was built from source
        return False


def has_pass(name: str) -> bool:
    """Whether the installed TVM has a pass of TVM 0.27."""
    return not (is_older() and name in _SERVED_BY)


def has_argument(name: str, argument: str) -> bool:
    """Whether a pass of the installed TVM has an argument that it has in TVM 0.27."""
    return not (is_older() and (name, argument) in _LACKS)


def served_by(name: str) -> str:
    """The pass of the installed TVM that does the work of one of TVM 0.27: that one, if it has it."""
    return name if has_pass(name) else _SERVED_BY[name]


def in_its_words(script: str) -> str:
    """A script that was written for TVM 0.27, for the installed one."""
    if is_older():
        for new, old in _WORDS.items():
            script = script.replace(new, old)
    return script


def rename(root: Any) -> None:
    """Give what TVM 0.26 has the names of 0.27, in this process.

    Args:
        root: `tvm`, of that version.
    """
    tirx, s_tir, ir = root.tirx, root.s_tir, root.ir
    tirx.BufferLoad.__name__ = "TensorLoad"
    tirx.BufferLoad.source = tirx.BufferRegion.source = property(lambda node: node.buffer)
    ir.StringImm = tirx.StringImm
    s_tir.SBlock, s_tir.SBlockRealize = tirx.SBlock, tirx.SBlockRealize
    s_tir.analysis.verify_well_formed = tirx.analysis.verify_well_formed
    for name, operator in _OPERATORS.items():
        setattr(tirx, name, partial(_call, ir, ir.Op.get(operator)))


def _call(ir: Any, operator: Any, *arguments: Any) -> Any:
    return ir.Call(operator, list(arguments), ret_ty=arguments[0].ty)
