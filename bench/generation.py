"""How good, how fast and how diverse random graphs are, beside those of NNSmith's generator.

    python bench/generation.py --graphs 2000

Both make graphs of `--size` operators in one process of one thread; rates are of CPU time, once warm. NNSmith runs in
an environment of its own, `bench/.nnsmith-venv`, which is made with pip the first time; `--no-nnsmith` leaves it out.

- Generating, for tensorsmith, ends with the graph and the recipe for its inputs; for NNSmith, with the graph whose
  symbols are solved for. Input values and a run in eager are counted in the rate of the line below; for NNSmith they
  include its own search for values that keep results finite.
- An attempt is one try to add one operator, forward or backward, with all that goes with it (guards, views). An
  inserted operator counts as accepted at the first try when no attempt was rejected since the one inserted before it,
  so an operator that is given up counts against the next.
- A graph type-checks when every call, run again on fake tensors, gives the dtypes and shapes that the graph says.
- What is distinct is counted in equally many graphs of both. `bench/diversity.py` says what each measure is. Overloads
  of an operator count as one.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import mean
from typing import Any
from unittest.mock import patch

# Read when torch is loaded. Eager warns of many of the calls that are tried.
os.environ["TORCH_CPP_LOG_LEVEL"] = "ERROR"

import torch

from diversity import diversity, operator_pairs
from nnsmith_peer import VERSION, PeerError, measure_nnsmith
from programs import Made, Measured, program_of
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.meta_kernel import meta_agrees
from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.generators.table import full_table
from tensorsmith.ir.check import type_check
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Graph, Node
from tensorsmith.ir.operators import is_view, written_arguments
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call

WARM = 200  # graphs that are made before the clock starts, with seeds of their own
PER = 1000  # graphs in which distinct things are counted, where there are as many
DOMINATED = "mostly NaN or Inf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--nnsmith-graphs", type=int, default=1000)
    parser.add_argument("--size", type=int, default=10, help="operators a graph")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=300, help="graphs whose attempts and types are looked at")
    parser.add_argument("--show", type=int, default=12, help="reasons to list")
    parser.add_argument("--nnsmith", action=argparse.BooleanOptionalAction, default=True, help="measure NNSmith too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    seeds = range(options.seed, options.seed + options.graphs)
    for number in range(WARM):
        random_graph(random.Random(f"warm {number}"), options.size)
    timed = [timed_graph(seed, options.size) for seed in seeds]
    made = [evaluated(graph, recipe, seconds) for graph, recipe, seconds in timed]
    graphs = [graph for graph, _, _ in timed]
    own = Measured(made, [attempts(seed, options.size) for seed in seeds[: options.sample]])
    peer, without = None, "NNSmith: left out"
    if options.nnsmith:
        try:
            peer = measure_nnsmith(options.nnsmith_graphs, options.size, options.seed)
        except PeerError as error:
            without = f"NNSmith: not measured: {error}"
    print_table(own, peer)
    if peer is None:
        print(without)
    print_own(graphs, options.sample)
    print_reasons("tensorsmith", own, options.seed, options.show)
    if peer is not None:
        print_reasons("NNSmith", peer, options.seed, options.show)


def timed_graph(seed: int, size: int) -> tuple[Graph, InputRecipe, float]:
    """A random graph, its recipe, and the CPU seconds that both took."""
    start = time.process_time()
    graph, recipe = random_graph(random.Random(seed), size)
    return graph, recipe, time.process_time() - start


def evaluated(graph: Graph, recipe: InputRecipe, generate_s: float) -> Made:
    start = time.process_time()
    first, problem = run(graph, recipe)
    evaluate_s = time.process_time() - start
    return Made(program_of(graph), generate_s, evaluate_s, problem or results_problem(graph, recipe, first))


def run(graph: Graph, recipe: InputRecipe) -> tuple[list[torch.Tensor], str | None]:
    """The outputs in eager, and why there are none, if so: the operator that raises and what it says."""
    at = "inputs"

    def call(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        nonlocal at
        at = node.op
        return plain_call(node, args, kwargs)

    try:
        return interpret(graph, make_inputs(graph, recipe), make_constants(graph), "cpu", call), None
    except Exception as error:
        return [], f"{at}: {short(error)}"


def results_problem(graph: Graph, recipe: InputRecipe, first: list[torch.Tensor]) -> str | None:
    """Why a graph that runs is no good test, or None."""
    types = graph.types()
    again, problem = run(graph, recipe)
    if problem is not None:
        return problem
    for output, one, other in zip(graph.outputs, first, again, strict=True):
        if tuple(one.shape) != types[output].shape:
            return f"shape differs from the meta kernel's: {definer(graph, output)}"
        if not torch.equal(one.nan_to_num(), other.nan_to_num()):
            return f"second run differs: {definer(graph, output)}"
    floats = [t for t in first if t.is_floating_point() and t.numel()]
    finite = sum(int(t.isfinite().sum()) for t in floats)
    return DOMINATED if floats and finite * 2 < sum(t.numel() for t in floats) else None


def definer(graph: Graph, value: int) -> str:
    return next((node.op for node in graph.nodes if value in node.results), "an input")


def short(error: Exception) -> str:
    return re.sub(r"\d+", "N", str(error).strip().split("\n")[0])[:90]


def attempts(seed: int, size: int) -> list[bool]:
    """Whether each attempt to insert an operator was accepted, in order, as the graph of a seed is made again."""
    outcomes: list[bool] = []
    depth = 0
    plain = Draft.attempt

    @contextmanager
    def watched(draft: Draft) -> Iterator[None]:
        # An attempt inside another is a part of it.
        nonlocal depth
        depth += 1
        try:
            with plain(draft):
                yield
        except GraphError:
            outcomes.extend([False] * (depth == 1))
            raise
        else:
            outcomes.extend([True] * (depth == 1))
        finally:
            depth -= 1

    with patch.object(Draft, "attempt", watched):
        random_graph(random.Random(seed), size)
    if not outcomes:
        raise RuntimeError("no attempt was seen: operators are no longer inserted through Draft.attempt")
    return outcomes


def type_problem(graph: Graph) -> str | None:
    """Why a graph does not type-check with meta kernels, or None; `strides` when only strides are others."""
    try:
        type_check(graph)
    except GraphError as error:
        types = graph.types()
        for node in graph.nodes:
            if not meta_agrees(node, types):
                return f"{node.op}: {short(error)}"
        return "strides"
    return None


def print_table(own: Measured, peer: Measured | None) -> None:
    sides = [side for side in (own, peer) if side is not None]
    compared = min(PER, *(len(side.made) for side in sides))
    print(f"{'':40}{'tensorsmith':>14}" + (f"{'NNSmith ' + VERSION:>16}" if peer else ""))

    def row(name: str, cells: list[str]) -> None:
        print(f"{name:40}{cells[0]:>14}" + "".join(f"{cell:>16}" for cell in cells[1:]))

    row("graphs", [f"{len(side.made)}" for side in sides])
    row("operators a graph", [f"{mean([len(m.program.calls) for m in side.made]):.1f}" for side in sides])
    row(
        "results read by an operator, a graph",
        [f"{mean([len(list(operator_pairs(m.program))) for m in side.made]):.1f}" for side in sides],
    )
    row("graphs/s generated", [f"{len(s.made) / sum(m.generate_s for m in s.made):.0f}" for s in sides])
    row(
        "graphs/s with values and a run in eager",
        [f"{len(s.made) / sum(m.generate_s + m.evaluate_s for m in s.made):.0f}" for s in sides],
    )
    row("attempts an inserted operator", [f"{side.attempts_per_insertion:.2f}" for side in sides])
    row("accepted at the first try", [f"{side.first_try_share:.1%}" for side in sides])
    row("valid in eager", [f"{share(side, lambda p: p in (None, DOMINATED)):.1%}" for side in sides])
    row(DOMINATED, [f"{share(side, lambda p: p == DOMINATED):.1%}" for side in sides])
    print(f"distinct in {compared} graphs:")
    measures = [diversity([m.program for m in side.made[:compared]]) for side in sides]
    row("  operators", [str(m.operators) for m in measures])
    row("  operator pairs (producer, consumer)", [str(m.operator_pairs) for m in measures])
    row("  hashes of operators and wiring", [str(m.patterns) for m in measures])
    row("  structural hashes", [str(m.structures) for m in measures])
    row("  dtype signatures", [str(m.dtype_signatures) for m in measures])


def share(side: Measured, counts: Callable[[str | None], bool]) -> float:
    return sum(counts(made.problem) for made in side.made) / len(side.made)


def print_own(graphs: list[Graph], sample: int) -> None:
    """What only tensorsmith's graphs have."""
    operators = Counter(op for graph in graphs for op in graph.operators())
    mutating = sum(any(map(written_arguments, graph.operators())) for graph in graphs) / len(graphs)
    viewing = sum(any(map(is_view, graph.operators())) for graph in graphs) / len(graphs)
    problems = [type_problem(graph) for graph in graphs[:sample]]
    checked = sum(problem in (None, "strides") for problem in problems) / len(problems)
    exact = problems.count(None) / len(problems)
    print("tensorsmith's:")
    print(f"  type-check               {checked:.1%} of {len(problems)}; with the same strides {exact:.1%}")
    print(f"  with in-place operators  {mutating:.1%}, with views {viewing:.1%}")
    print(f"  operator overloads       {len(operators)} of {len(full_table().entries)} in the table")
    for problem, number in Counter(p for p in problems if p not in (None, "strides")).most_common():
        print(f"  {number:4} of {len(problems)} do not type-check: {problem}")


def print_reasons(name: str, side: Measured, seed: int, most: int) -> None:
    reasons = Counter(made.problem for made in side.made if made.problem is not None)
    examples = {made.problem: seed + place for place, made in reversed(list(enumerate(side.made)))}
    if reasons:
        print(f"{name}: what is no good test")
    for reason, number in reasons.most_common(most):
        print(f"  {number:4} {reason}  (seed {examples[reason]})")


if __name__ == "__main__":
    main()
