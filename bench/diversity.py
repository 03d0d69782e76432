"""How diverse a set of programs is, whichever generator made them.

Every measure is a number of distinct things in a set. The number grows more slowly than the set, so only sets of
equally many programs compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import networkx as nx

from programs import Program
from tensorsmith.ir.networks import DIGEST_BYTES, ROUNDS

# The dtypes that each call reads, in order, and those of its results, in order; sorted over the calls.
DTypeSignature = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True)
class Diversity:
    """Numbers of distinct things in a set of programs; see the functions of like names."""

    operators: int
    operator_pairs: int
    patterns: int
    structures: int
    dtype_signatures: int


def diversity(programs: Sequence[Program]) -> Diversity:
    """The measures of a set."""
    return Diversity(
        operators=len({call.op for program in programs for call in program.calls}),
        operator_pairs=len({pair for program in programs for pair in operator_pairs(program)}),
        patterns=len({pattern_hash(program) for program in programs}),
        structures=len({structural_hash(program) for program in programs}),
        dtype_signatures=len({dtype_signature(program) for program in programs}),
    )


def operator_pairs(program: Program) -> Iterator[tuple[str, str]]:
    """The operators (producer, consumer) of every two calls of which the second reads a result of the first."""
    producer = {result: call.op for call in program.calls for result in call.results}
    for call in program.calls:
        for value in call.reads:
            if value in producer:
                yield producer[value], call.op


def dtype_signature(program: Program) -> DTypeSignature:
    """The multiset, over the calls, of the dtypes that a call reads and those of its results.

    Operators, wiring and shapes do not count, nor does the order of the calls; a call's arguments are in order.
    """

    def dtypes(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(program.types[value][0] for value in values)

    return tuple(sorted((dtypes(call.reads), dtypes(call.results)) for call in program.calls))


def structural_hash(program: Program) -> str:
    """A hash, 16 hex digits, of operators, wiring, dtypes, shapes and attributes; strides do not count."""
    return _hash(program, whole=True)


def pattern_hash(program: Program) -> str:
    """A hash, 16 hex digits, of operators and wiring alone."""
    return _hash(program, whole=False)


def _hash(program: Program, whole: bool) -> str:
    # Calls and values are nodes; edges are told apart by direction and place, as the algorithm knows neither.
    network = nx.Graph()
    for value, (dtype, shape) in program.types.items():
        network.add_node(("value", value), label=f"{dtype} {list(shape)}" if whole else "")
    for position, call in enumerate(program.calls):
        network.add_node(position, label=f"{call.op} {call.attributes}" if whole else call.op)
        # Two nodes have one edge at most, and its label holds every place.
        labels: dict[str, str] = {}
        for place, value in enumerate(call.reads):
            labels[value] = f"{labels.get(value, '')} argument {place}"
        for place, value in enumerate(call.results):
            labels[value] = f"{labels.get(value, '')} result {place}"
        for value, label in labels.items():
            network.add_edge(position, ("value", value), label=label)
    return str(
        nx.weisfeiler_lehman_graph_hash(
            network, edge_attr="label", node_attr="label", iterations=ROUNDS, digest_size=DIGEST_BYTES
        )
    )
