"""Random programs with a planted bug, and the judge that stands for a compiler which has it.

A bug is a pattern of operators that a random program happens to have. Where it matches, the stand-in for a compiler
computes the last operator of the pattern wrongly; whether that shows in what the program returns or writes is found by
running it beside eager, as with a real compiler.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

import torch

from tensorsmith.generators.cases import random_case
from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.graph import Graph, Node, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import flatten_results
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call

WRONG = Verdict("fail", "planted", kind="wrong-result", channel="values", message="planted")
RAISES = Verdict("fail", "planted", kind="error", exception="PlantedError", message="planted")

# Positions of the calls of a program that are computed wrongly.
Pattern = Callable[["Shape"], Iterable[int]]


class Shape:
    """A graph with what patterns ask about it: who reads whom."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ops = [node.op for node in graph.nodes]

    @cached_property
    def operands(self) -> list[list[int]]:
        """Positions of the calls whose results each call reads, each once."""
        definer = {result: position for position, node in enumerate(self.graph.nodes) for result in node.results}
        return [list(dict.fromkeys(definer[r] for r in refs(node) if r in definer)) for node in self.graph.nodes]

    @cached_property
    def ancestors(self) -> list[set[int]]:
        """Positions of all calls that each call depends on."""
        found: list[set[int]] = []
        for read in self.operands:
            found.append(set(read).union(*(found[position] for position in read)))
        return found

    @cached_property
    def inputs_written(self) -> list[int]:
        """Positions of the calls that write to the memory of an input."""
        groups = memory_groups(self.graph)
        inputs = {groups[item.id] for item in self.graph.inputs}
        return [
            position
            for position, node in enumerate(self.graph.nodes)
            if written_arguments(node.op) and any(groups[r] in inputs for r in node.results)
        ]

    def named(self, op: str) -> Iterator[int]:
        """Positions of the calls of an operator."""
        return (position for position, found in enumerate(self.ops) if found == op)


@dataclass(frozen=True)
class Planted:
    """A failing case: the bug's name and pattern, how it fails, and the least operators that can show it."""

    shape: str
    seed: int
    case: TestCase
    pattern: Pattern
    verdict: Verdict
    least: int

    def judge(self, case: TestCase) -> Verdict:
        """Judge a test case in this process."""
        return self.judge_tensors(case.graph, make_inputs(case.graph, case.recipe), make_constants(case.graph))

    def judge_tensors(
        self, graph: Graph, inputs: Sequence[torch.Tensor], constants: Mapping[int, torch.Tensor]
    ) -> Verdict:
        """Judge a program on tensors, which stay as they are."""
        wrong = set(self.pattern(Shape(graph)))
        if not wrong:
            return passed("planted")
        places = {id(node): position for position, node in enumerate(graph.nodes)}

        def compiled(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
            returned = plain_call(node, args, kwargs)
            return _spoiled(node, returned) if places[id(node)] in wrong else returned

        expected, actual = (copy.deepcopy(list(inputs)) for _ in range(2))
        try:
            expected += interpret(graph, expected, constants, "cpu")
        except Exception as error:  # whatever an operator raises
            return invalid("planted", "eager-error", str(error))
        if self.verdict.kind == "error":
            return self.verdict
        try:
            actual += interpret(graph, actual, constants, "cpu", compiled)
        except Exception:  # a wrong index
            return self.verdict
        same = all(_equal(one, other) for one, other in zip(expected, actual, strict=True))
        return passed("planted") if same else self.verdict


def planted_case(shape: str, seed: int, size: int) -> Planted:
    """The random program of about `size` calls of a seed with a bug of one shape, which shows in it."""
    rng = Random(f"{shape} {seed} {size}")
    while True:
        case = random_case(rng.randrange(1 << 30), "eager", size=size)
        if abs(len(case.graph.nodes) - size) > size // 5:
            continue
        for _ in range(20):
            found = SHAPES[shape](Shape(case.graph), rng)
            if found is None:
                break
            pattern, least = found
            planted = Planted(shape, seed, case, pattern, RAISES if shape == "apart" else WRONG, least)
            try:
                shows = planted.judge(case).outcome == "fail"
            except TensorsmithError:
                break
            if shows:
                return planted


def _single(graph: Shape, rng: Random) -> tuple[Pattern, int]:
    """An operator."""
    op = rng.choice(graph.ops)
    return lambda other: other.named(op), 1


def _arguments(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator with these arguments, on an operand of this dtype and rank."""
    types = graph.graph.types()
    nodes = [node for node in graph.graph.nodes if _plain(node) and list(refs(node))]
    if not nodes:
        return None
    wanted = rng.choice(nodes)
    first = types[next(iter(refs(wanted)))]

    def pattern(other: Shape) -> Iterator[int]:
        found = other.graph.types()
        for position in other.named(wanted.op):
            node = other.graph.nodes[position]
            read = [found[r] for r in refs(node)]
            alike = bool(read) and (read[0].dtype, len(read[0].shape)) == (first.dtype, len(first.shape))
            if alike and _plain(node) == _plain(wanted):
                yield position

    return pattern, 1


def _pair(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator that reads what another gives."""
    edges = [(a, b) for b, read in enumerate(graph.operands) for a in read]
    if not edges:
        return None
    first, last = (graph.ops[position] for position in rng.choice(edges))
    return lambda other: (b for b in other.named(last) if any(other.ops[a] == first for a in other.operands[b])), 2


def _between(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator that reads what depends on another through one that is between."""

    def through(other: Shape, b: int) -> set[int]:
        return {a for middle in other.operands[b] for a in other.operands[middle]}

    paths = [(a, b) for b in range(len(graph.ops)) for a in through(graph, b)]
    if not paths:
        return None
    first, last = (graph.ops[position] for position in rng.choice(paths))
    return lambda other: (b for b in other.named(last) if any(other.ops[a] == first for a in through(other, b))), 3


def _far(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator that depends on another, however far away: here not directly, if there is such a pair."""
    paths = [(a, b) for b, before in enumerate(graph.ancestors) for a in before - set(graph.operands[b])]
    if not paths:
        return None
    far = [(a, b) for a, b in paths if b - a >= len(graph.ops) // 3] or paths
    first, last = (graph.ops[position] for position in rng.choice(far))
    return lambda other: (b for b in other.named(last) if any(other.ops[a] == first for a in other.ancestors[b])), 2


def _apart(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """Two operators, neither of which depends on the other: the compiler raises."""
    pairs = [(a, b) for b in range(len(graph.ops)) for a in range(b) if a not in graph.ancestors[b] and b - a >= b // 3]
    if not pairs:
        return None
    first, last = (graph.ops[position] for position in rng.choice(pairs))

    def pattern(other: Shape) -> Iterator[int]:
        for b in other.named(last):
            for a in other.named(first):
                if a != b and a not in other.ancestors[b] and b not in other.ancestors[a]:
                    yield b

    return pattern, 2


def _written(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator that writes to an input."""
    if not graph.inputs_written:
        return None
    op = graph.ops[rng.choice(graph.inputs_written)]
    return lambda other: (position for position in other.inputs_written if other.ops[position] == op), 1


def _diamond(graph: Shape, rng: Random) -> tuple[Pattern, int] | None:
    """An operator that reads two results which both come from a third."""

    def diamonds(other: Shape, join: int) -> Iterator[tuple[str, str, str, str]]:
        for left in other.operands[join]:
            for right in other.operands[join]:
                for fork in set(other.operands[left]) & set(other.operands[right]) if left != right else ():
                    yield other.ops[fork], other.ops[left], other.ops[right], other.ops[join]

    found = [one for join in range(len(graph.ops)) for one in diamonds(graph, join)]
    if not found:
        return None
    wanted = rng.choice(found)
    return lambda other: (join for join in other.named(wanted[3]) if wanted in set(diamonds(other, join))), 4


SHAPES: dict[str, Callable[[Shape, Random], tuple[Pattern, int] | None]] = {
    "single": _single,
    "arguments": _arguments,
    "pair": _pair,
    "between": _between,
    "far": _far,
    "apart": _apart,
    "written": _written,
    "diamond": _diamond,
}


def _plain(node: Node) -> list[object]:
    """The arguments of a call that are no tensors, with where they stand."""
    named = [*enumerate(node.args), *node.kwargs]
    return [(name, arg) for name, arg in named if not list(refs(Node(node.op, (arg,), (), ())))]


def _spoiled(node: Node, returned: Any) -> Any:
    """The results of a call with the first one wrong; in place, where the call writes."""
    results = flatten_results(returned)
    tensor = results[0]
    wrong = ~tensor if tensor.dtype is torch.bool else tensor + 1
    if written_arguments(node.op):
        tensor.copy_(wrong)
        return returned
    return [wrong, *results[1:]]


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    alike = one.dtype == other.dtype and one.shape == other.shape
    return alike and torch.equal(_comparable(one), _comparable(other))


def _comparable(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor with one number for all NaN."""
    return torch.nan_to_num(tensor, nan=12345.0) if tensor.is_floating_point() or tensor.is_complex() else tensor
