"""A program with its input values, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.ir.text import format_graph, format_values
from tensorsmith.targets.inputs import make_constants, make_inputs


@dataclass(frozen=True, repr=False)
class Program:
    """A typed graph over ATen operators, and how the values of its inputs are made.

    Attributes:
        graph: the graph; `graph.operators()` names its calls, `graph.types()` has the type of every value.
        recipe: the values of each input, in the order of the graph's inputs.
    """

    graph: Graph
    recipe: InputRecipe

    def module(self, device: str = "cpu") -> torch.fx.GraphModule:
        """A new module that runs the program on the tensors of `inputs()` and returns a tuple of its outputs."""
        return to_fx(self.graph, make_constants(self.graph, device), device)

    def inputs(self, device: str = "cpu") -> list[torch.Tensor]:
        """New input tensors, equal at each call, of the dtypes, shapes, strides and sharing that the graph says.

        A program may write to its inputs: make them anew for each run.
        """
        return make_inputs(self.graph, self.recipe, device)

    def __repr__(self) -> str:
        """The graph in its text form, and the values of its inputs."""
        lines = [format_graph(self.graph), "values:"] if self.graph.inputs else [format_graph(self.graph)]
        for item, values in zip(self.graph.inputs, self.recipe.inputs, strict=True):
            if item.shares is None:
                lines.append(f"  %{item.id} = {format_values(values)}")
        return "Program(\n" + "\n".join(f"  {line}" for line in "\n".join(lines).splitlines()) + "\n)"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # What Hypothesis and IPython ask for; without it Hypothesis shows the fields of a dataclass.
        for number, line in enumerate(repr(self).splitlines()):
            if number:
                printer.break_()
            printer.text(line)
