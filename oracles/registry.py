"""The oracles there are. A new one is a file and a line here; a third party's comes through an entry point."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import TypeAlias

import msgspec

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles import death, devices, differential, result_types
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.tir import native
from tensorsmith.oracles.tir.errors import NAME as PASS_BY_PASS
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Gives, Runnable, Target

ENTRY_POINTS = "tensorsmith.oracles"

# Judges one call of what was compiled: gets the test case, what eager gave, what was compiled and the target.
JudgeCall: TypeAlias = Callable[[TestCase, Observation, Runnable, Target], Verdict]


class OracleEntry(msgspec.Struct, frozen=True):
    """An oracle: its name, the property that it judges, and how it judges a call of a compiled graph.

    `judge` is None where it judges something else: a process from outside, or passes over TIR (`oracles/tir`), where
    it runs between them. It judges targets that give what it says: values with their types, or types alone.
    """

    name: str
    summary: str
    judge: JudgeCall | None
    gives: Gives = "values"


ORACLES: tuple[OracleEntry, ...] = (
    OracleEntry(death.NAME, "compiling and running ends, without a signal, within its limits of time and memory", None),
    OracleEntry(
        differential.NAME,
        "compiled gives what eager gives: values to rounding, shapes, dtypes, writes to inputs, aliasing, no error",
        differential.judge_call,
    ),
    OracleEntry(
        devices.NAME,
        "compiled for an accelerator gives what eager gives on the CPU, by the rules of the differential oracle",
        devices.judge_call,
    ),
    OracleEntry(
        result_types.NAME,
        "meta kernels accept what eager accepts, and promise the dtypes, shapes and strides that it gives",
        result_types.judge_call,
        "types",
    ),
    OracleEntry(
        PASS_BY_PASS,
        "of TIR: every pass gives a well-formed program that leaves in buffers what the one before did, and no error",
        None,
    ),
    OracleEntry(
        native.NAME,
        "of TIR: the code that TVM generates leaves in buffers what the interpreter does",
        None,
    ),
)


@cache
def all_oracles() -> tuple[OracleEntry, ...]:
    """The list, and what other packages add under the entry-point group `tensorsmith.oracles`."""
    return ORACLES + tuple(point.load() for point in entry_points(group=ENTRY_POINTS))
