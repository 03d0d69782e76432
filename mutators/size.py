"""How large a mutant may be, and cutting one that is larger."""

from __future__ import annotations

import random

from tensorsmith.ir.edit import prune
from tensorsmith.ir.graph import Graph, TensorType, refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import with_graph, written_inputs

MOST_NODES = 24
MOST_VALUES = 128  # since one call may have many results
MOST_ELEMENTS = 8192  # of a value, and of the storage of an input
TRIES = 12


def fits(graph: Graph) -> bool:
    """Whether a program is small enough."""
    return (
        len(graph.nodes) <= MOST_NODES
        and len(graph.types()) <= MOST_VALUES
        and all(t.numel <= MOST_ELEMENTS for t in graph.types().values())
        and all(type_.storage_size <= MOST_ELEMENTS for type_ in _sources(graph).values())
    )


def cut(case: TestCase, rng: random.Random) -> TestCase | None:
    """The test case itself if it is small enough, else a part of it that is; None if none is found."""
    graph = case.graph
    if fits(graph):
        return case
    values = {item.id: recipe for item, recipe in zip(graph.inputs, case.recipe.inputs, strict=True)}
    small = _small_values(graph)
    # Later values first, since more of the program is needed for them.
    candidates = [r for node in reversed(graph.nodes) for r in node.results if r in small]
    kept = [o for o in graph.outputs if o in small]
    prefixes = [kept[:n] for n in range(len(kept), 0, -1)] + [[output] for output in kept]
    for outputs in prefixes + [[c] for c in _spread(candidates, rng)]:
        part = Graph(graph.inputs, graph.nodes, tuple(outputs), graph.constants)
        part, _ = prune(part, outputs)
        if part.nodes and fits(part) and not _writes_unseen(part):
            return with_graph(part, values, case, rng)
    return None


def _spread(candidates: list[int], rng: random.Random) -> list[int]:
    chosen = rng.sample(range(len(candidates)), min(TRIES, len(candidates)))
    return [candidates[place] for place in sorted(chosen)]


def _small_values(graph: Graph) -> set[int]:
    """The values that no value too large is needed for."""
    small = {id_ for id_, type_ in _sources(graph).items() if type_.storage_size <= MOST_ELEMENTS}
    for node in graph.nodes:
        if all(r in small for r in refs(node)) and all(t.numel <= MOST_ELEMENTS for t in node.types):
            small.update(node.results)
    return small


def _sources(graph: Graph) -> dict[int, TensorType]:
    return {item.id: item.type for item in graph.inputs} | {item.id: item.type for item in graph.constants}


def _writes_unseen(part: Graph) -> bool:
    """Whether keeping the inputs that are written to would bring back more than fits."""
    whole, _ = prune(part, (*part.outputs, *written_inputs(part)))
    return not fits(whole)
