"""Hypothesis strategies of typed PyTorch programs: whole graphs, and single calls of an operator."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache

import torch
from hypothesis import reject
from hypothesis import strategies as st

from tensorsmith.generators.byte_random import ByteRandom
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.in_use import entries_in_use, rule_in_use, weights_in_use
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.named import entries_named
from tensorsmith.generators.program import Program
from tensorsmith.generators.random_graphs import Selection, add_input, add_sharing_input, choose_outputs
from tensorsmith.generators.stand_ins import without_calls
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import Graph, canonical
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret

_NEW_INPUT = 0.3  # how often there is one more input before a call
_SHARED = 0.1  # and another one on its memory

# Bytes that the choices for an input are read from, those for another one on its memory, and those for a call: what
# changes in one leaves the others as they are. Hypothesis sets a part to zero in one go where it does not matter, and
# deletes at most five choices at a time: four parts, and whether there is one more step.
_INPUT, _SHARING, _CALL = 28, 4, (16, 16, 24)
_OUTPUTS = 16


def graphs(
    *, min_size: int = 1, max_size: int = 8, operators: Iterable[str] | None = None
) -> st.SearchStrategy[Program]:
    """Programs of some calls that read each other's results: views, writes in place, inputs in odd layouts and all.

    Every program runs in eager. An example shrinks to few calls, few inputs, and small contiguous float32 tensors of
    normal values.

    Args:
        min_size: fewest calls.
        max_size: most calls.
        operators: names of the operators that are called, and no others; `aten.add` is every overload of `add`,
            `aten.add.Tensor` the one. All of them if not given.

    Raises:
        InvalidInputError: there can be no program of that size, or there is no operator of that name.
    """
    if not 1 <= min_size <= max_size:
        raise InvalidInputError(f"no program has from {min_size} to {max_size} calls: 1 <= min_size <= max_size")
    _load()
    if operators is None:
        return _graphs(_selection(entries_in_use().values()), None, min_size, max_size)
    entries = entries_named(operators)
    return _graphs(_selection(entries), frozenset(entry.op for entry in entries), min_size, max_size)


def calls(op: str) -> st.SearchStrategy[Program]:
    """Programs of one call of an operator, with arguments that it accepts.

    Every program runs in eager. An example shrinks to small contiguous float32 tensors of normal values.

    Args:
        op: the operator: `aten.conv2d` is every overload of `conv2d`, `aten.conv2d.padding` the one.

    Raises:
        InvalidInputError: there is no operator of that name.
    """
    _load()
    return _calls(entries_named([op]))


@cache
def _load() -> None:
    """Load what takes a second now, and not while an example is drawn, which Hypothesis would find too slow."""
    rule_in_use("aten.add.Tensor")
    GraphBuilder()


def _selection(entries: Iterable[OperatorEntry]) -> Selection:
    """Draws from these operators; an example shrinks to the first of them, which is no internal one if it can be."""
    return Selection(sorted(entries, key=lambda entry: entry.op.split(".")[1].startswith("_")), weights_in_use({}))


@st.composite
def _steps(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """What the choices for an input, for another one on its memory, and for a call are read from."""
    first = draw(_bytes(_INPUT + _SHARING))
    return first[:_INPUT], first[_INPUT:], b"".join(draw(_bytes(size)) for size in _CALL)


def _bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@st.composite
def _graphs(
    draw: st.DrawFn, selection: Selection, operators: frozenset[str] | None, min_size: int, max_size: int
) -> Program:
    steps = draw(st.lists(_steps(), min_size=min_size, max_size=max_size))
    last = draw(_bytes(_OUTPUTS))
    draft = Draft(EagerBuilder())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eager's, about the arguments that are tried
        for step in steps:
            rng = _with_input(draft, step)
            _add_call(draft, rng, selection, operators, max_size)
        if not draft.builder.nodes:
            reject()
        graph, recipe = draft.build(choose_outputs(draft, ByteRandom(last)))
        removed = {p for p, node in enumerate(graph.nodes) if operators is not None and node.op not in operators}
        program = _program(graph, recipe, removed)
    if not min_size <= len(program.graph.nodes) <= max_size:
        reject()
    return program


def _with_input(draft: Draft, step: tuple[bytes, bytes, bytes]) -> ByteRandom:
    """Add an input now and then; what is chosen for the call is read from what is returned."""
    first, second, call = map(ByteRandom, step)
    if first.random() < _NEW_INPUT:
        id_ = add_input(draft, first)
        if second.random() < _SHARED:
            add_sharing_input(draft, second, id_)
    return call


def _add_call(
    draft: Draft, rng: ByteRandom, selection: Selection, operators: frozenset[str] | None, max_size: int
) -> None:
    """Add a call, unless its arguments are not accepted."""
    with suppress(GraphError), draft.attempt():
        insert_forward(draft, rng, selection.draw(rng))
        if _size(draft, operators) > max_size:
            raise GraphError("guards and views make the program too large")


def _size(draft: Draft, operators: frozenset[str] | None) -> int:
    """How many calls of a draft will be in the program."""
    return sum(operators is None or node.op in operators for node in draft.builder.nodes)


@st.composite
def _calls(draw: st.DrawFn, entries: Sequence[OperatorEntry]) -> Program:
    step = draw(_steps())
    draft = Draft(EagerBuilder())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eager's, about the arguments that are tried
        rng = _with_input(draft, step)
        results = insert_forward(draft, rng, rng.choice(entries))
        if results is None:
            reject()
        graph, recipe = draft.build(results)
        return _program(graph, recipe, set(range(len(graph.nodes) - 1)))


def _program(graph: Graph, recipe: InputRecipe, removed: set[int]) -> Program:
    """The program without the calls at some positions; rejected if eager does not run it on its own inputs."""
    try:
        if removed:
            graph, recipe = without_calls(graph, recipe, removed)
        with torch.no_grad():
            interpret(graph, make_inputs(graph, recipe), make_constants(graph), "cpu")
    except Exception:
        # Eager rejects with every kind of exception, such as a division by zero.
        reject()
    return Program(canonical(graph), recipe)
