"""A test case of either kind of program, on disk and between processes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from tensorsmith.ir import testcase, tir_case
from tensorsmith.ir.encoding import check_format, format_of
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.ir.tir_constructs import constructs, node_count

Case: TypeAlias = TestCase | TirCase


class _Kind(msgspec.Struct):
    kind: str = msgspec.field(name="is", default="graph")


_tir_decoder = msgspec.json.Decoder(TirCase)


def encode(case: Case) -> bytes:
    """The canonical encoding of a test case."""
    return tir_case.encode(case) if isinstance(case, TirCase) else testcase.encode(case)


def decode(data: bytes, source: str = "test case") -> Case:
    """Read an encoded test case; `source` names it in errors.

    Raises:
        InvalidInputError: not JSON, a missing or mistyped field, an unknown format, or parts that do not fit together.
    """
    if _kind_of(data) != "tir":
        return testcase.decode(data, source)
    try:
        case = _tir_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A file of another format may fail on any field; the format is then what the user must hear of.
        check_format(format_of(data), tir_case.FORMAT, source)
        raise InvalidInputError(f"{source}: not a test case: {error}") from error
    tir_case.check(case, source)
    return case


def load(path: Path) -> Case:
    """Read a test-case file.

    Raises:
        InvalidInputError: the file cannot be read, or is not a test case.
    """
    return decode(testcase.read(path), str(path))


def _kind_of(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_Kind).kind
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "graph"


def operators_of(case: Case) -> tuple[str, ...]:
    """What the program of a test case consists of: a graph's operators in order, the constructs of TIR."""
    return constructs(case.program.json) if isinstance(case, TirCase) else case.graph.operators()


def size_of(case: Case) -> int:
    """A size to compare test cases of one kind by: a graph's operators, the nodes of TIR."""
    return node_count(case.program.json) if isinstance(case, TirCase) else len(case.graph.nodes)


def size_unit(case: Case) -> str:
    """What `size_of` counts, for people."""
    return "nodes" if isinstance(case, TirCase) else "operators"


def graph_case(case: Case) -> TestCase:
    """The test case, of a graph.

    Raises:
        InvalidInputError: it is one of TIR.
    """
    if isinstance(case, TirCase):
        raise InvalidInputError(f"test case {case.id}: a program of TIR where a graph of operators is wanted")
    return case
