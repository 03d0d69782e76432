"""What the compiler is told to do with a program: an ordered list of steps, each a name with parameters."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Parameter: TypeAlias = bool | int | float | str | tuple[int | str, ...] | None


class Step(msgspec.Struct, frozen=True):
    """One step: for TVM a pass, for Inductor a configuration knob that is set, for ONNX Runtime an optimizer."""

    name: str
    parameters: tuple[tuple[str, Parameter], ...] = ()

    def parameter(self, name: str) -> Parameter:
        """The value of a parameter.

        Raises:
            KeyError: the step has no such parameter.
        """
        return dict(self.parameters)[name]


class Pipeline(msgspec.Struct, frozen=True):
    """The steps, in order. An empty pipeline is the compiler's default."""

    steps: tuple[Step, ...] = ()
