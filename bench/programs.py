"""Programs of any generator in one form, so that they can be measured alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tensorsmith.ir.graph import Arg, Graph, Node, Ref, refs
from tensorsmith.ir.text import format_arg

# The dtype of a tensor and its shape.
Type = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Call:
    """One call of an operator.

    Attributes:
        op: the operator's name without its overload, so that `add.Tensor` and `add.Scalar` do not count twice.
        attributes: every other argument, as text.
        reads: the values that are its arguments, in order, repeats included.
        results: the values that it defines, in order.
    """

    op: str
    attributes: str
    reads: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A program of any generator: its calls, and the type of every value, inputs and constants included."""

    calls: tuple[Call, ...]
    types: Mapping[str, Type]


@dataclass(frozen=True)
class Made:
    """A program with what it cost.

    Attributes:
        program: the program.
        generate_s: CPU seconds that it took to make.
        evaluate_s: CPU seconds for its input values and one run in eager.
        problem: why it is no good test, or None.
    """

    program: Program
    generate_s: float
    evaluate_s: float
    problem: str | None


@dataclass(frozen=True)
class Measured:
    """What a generator did.

    Attributes:
        made: the programs, in order.
        attempts: for each of some of the programs, whether each attempt to insert an operator was accepted, in order.
    """

    made: Sequence[Made]
    attempts: Sequence[Sequence[bool]]

    @property
    def attempts_per_insertion(self) -> float:
        """Attempts, rejected ones included, for each operator that was inserted."""
        return sum(map(len, self.attempts)) / sum(map(sum, self.attempts))

    @property
    def first_try_share(self) -> float:
        """The share of inserted operators that no rejected attempt went before, since the one inserted last."""
        first = sum(
            outcome and before
            for outcomes in self.attempts
            for before, outcome in zip((True, *outcomes), outcomes, strict=False)
        )
        return first / sum(map(sum, self.attempts))


def program_of(graph: Graph) -> Program:
    """A graph of tensorsmith's as a `Program`."""
    return Program(
        calls=tuple(
            Call(
                op=node.op.rpartition(".")[0],
                attributes=_attributes(node),
                reads=tuple(str(value) for value in refs(node)),
                results=tuple(str(value) for value in node.results),
            )
            for node in graph.nodes
        ),
        types={str(value): (type_.dtype, type_.shape) for value, type_ in graph.types().items()},
    )


def _attributes(node: Node) -> str:
    def hollow(arg: Arg) -> str:
        if isinstance(arg, tuple):
            return f"[{', '.join(map(hollow, arg))}]"
        return "_" if isinstance(arg, Ref) else format_arg(arg)

    return ", ".join([*map(hollow, node.args), *(f"{name}={hollow(arg)}" for name, arg in sorted(node.kwargs))])
