"""Simpler arguments: left out where they have a default, small round numbers elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.ir.edit import Replay
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Node, SpecialFloat
from tensorsmith.ir.operators import operator
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import encode_arg
from tensorsmith.triage.rebuild import built, finished
from tensorsmith.triage.reductions.api import Candidates, greedy

# The simplest first; an argument only ever becomes one that comes before it.
INTS = (0, 1, 2)
FLOATS = (1.0, 2.0, 0.0, 0.5)


def simpler_arguments(case: TestCase) -> Candidates:
    """Simplify one argument of one call at a time."""
    return greedy(case, _with_simpler)


def with_node(case: TestCase, position: int, node: Node) -> TestCase:
    """The test case with another call at a position, whose results take the place of the old ones.

    Raises:
        GraphError: it, or a later call, rejects its arguments.
    """
    replay = Replay()
    replay.sources(case.graph)
    for here, old in enumerate(case.graph.nodes):
        replay.node(node if here == position else old)
    return finished(case, replay, case.graph.outputs)


def simpler_calls(node: Node) -> Iterator[Node]:
    """The same call with one argument simpler."""
    declared = {argument.name: argument for argument in operator(node.op)._schema.arguments}
    for place, (name, arg) in enumerate(node.kwargs):
        rest = node.kwargs[:place], node.kwargs[place + 1 :]
        if declared[name].has_default_value():
            yield _call(node, node.args, rest[0] + rest[1])
        for simpler in _simpler(arg):
            yield _call(node, node.args, (*rest[0], (name, simpler), *rest[1]))
    for place, (arg, argument) in enumerate(zip(node.args, declared.values(), strict=False)):
        default = _default(argument)
        if default == (arg,) and place == len(node.args) - 1:
            yield _call(node, node.args[:place], node.kwargs)
        choices = list(_simpler(arg)) if default != (arg,) else []
        if default and default != (arg,):
            choices.insert(0, default[0])
        for choice in choices:
            yield _call(node, (*node.args[:place], choice, *node.args[place + 1 :]), node.kwargs)


def _with_simpler(case: TestCase) -> Iterator[TestCase | None]:
    for position, node in enumerate(case.graph.nodes):
        for simpler in simpler_calls(node):
            yield built(with_node, case, position, simpler)


def _call(node: Node, args: tuple[Arg, ...], kwargs: tuple[tuple[str, Arg], ...]) -> Node:
    return Node(node.op, args, node.results, node.types, kwargs)


def _default(argument: Any) -> tuple[Arg, ...]:
    """The default of a schema argument, in a tuple that is empty if it has none."""
    if not argument.has_default_value():
        return ()
    try:
        return (encode_arg(argument.default_value, _no_tensor),)
    except GraphError:
        return ()


def _no_tensor(value: Any) -> int:
    raise GraphError("a default is no tensor")


def _simpler(arg: Arg) -> Iterator[Arg]:
    if isinstance(arg, tuple):
        for place, atom in enumerate(arg):
            if type(atom) is int:
                for simpler in _before(atom, INTS):
                    yield (*arg[:place], simpler, *arg[place + 1 :])
    elif arg is True:
        yield False
    elif type(arg) is int:
        yield from _before(arg, INTS)
    elif isinstance(arg, float):
        yield from _before(arg, (*FLOATS, float(round(arg)), round(arg, 1)))
    elif isinstance(arg, SpecialFloat):
        yield from FLOATS


def _before(value: float, ladder: tuple[Any, ...]) -> Iterator[Any]:
    for step in ladder:
        if step == value:
            return
        yield step
