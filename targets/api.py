"""What a target is: a compiler under test, how it is entered, and what its pipelines may hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec
import torch

from tensorsmith.ir.pipeline import Parameter
from tensorsmith.ir.testcase import Device, TestCase

# Runs a program on its input tensors and returns its output tensors.
Runnable: TypeAlias = Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]

# What can be compared of the tensors that a target returns: all of them, or dtypes, shapes and strides only.
Gives: TypeAlias = Literal["values", "types"]


class Knob(msgspec.Struct, frozen=True):
    """One thing that a pipeline may set: the name of the step, and the values worth trying besides the default."""

    name: str
    values: tuple[Parameter, ...]
    # How often it is chosen, relative to others; below 1 for what makes compilation many times slower.
    weight: float = 1.0


# What its pipelines hold: knobs, each at most once, or passes of Relax, in order.
Steps: TypeAlias = Literal["knobs", "relax"]

# What kind of program a target compiles: graphs of operators, or functions of TIR.
Programs: TypeAlias = Literal["graph", "tir"]


class Target(Protocol):
    """A compiler under test on a device."""

    @property
    def name(self) -> str:
        """How test cases and the command line call it."""
        ...

    @property
    def summary(self) -> str:
        """One line for people."""
        ...

    @property
    def devices(self) -> tuple[Device, ...]:
        """Where its programs can run."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """Python packages whose frames in a traceback are the compiler's, such as `torch._inductor`."""
        ...

    @property
    def programs(self) -> Programs:
        """What it compiles."""
        ...

    def missing(self, device: Device) -> str | None:
        """Why it cannot run here, with the remedy, or None if it can."""
        ...

    def warm(self) -> None:
        """Pay imports and first-use costs once, without leaving threads behind, so that the process can be forked."""
        ...


class GraphTarget(Target, Protocol):
    """A compiler of graphs. What it raises while compiling or running is what is being tested."""

    @property
    def gives(self) -> Gives:
        """What its programs return."""
        ...

    @property
    def steps(self) -> Steps:
        """What its pipelines hold."""
        ...

    def knobs(self) -> tuple[Knob, ...]:
        """Its pipeline space, if it is one of knobs."""
        ...

    def operators(self) -> frozenset[str] | None:
        """Names of the overloads that it takes for certain, which programs then prefer; None if it may be any."""
        ...

    def compile(self, case: TestCase) -> Runnable:
        """Compile a test case the way a user would, alone."""
        ...

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = ...
    ) -> list[Runnable | Exception]:
        """Compile several independent test cases, sharing what can be shared; a failure belongs to its own case only.

        `started` is called with the position of each test case before its compilation, and with -1 before what is done
        for all of them at once, so that a death can be blamed.
        """
        ...
