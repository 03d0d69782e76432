"""How good and how fast random graphs are: validity in eager with reasons, operators reached, graphs a second.

python bench/generation.py --graphs 2000
"""

from __future__ import annotations

import argparse
import random
import re
import time
import warnings
from collections import Counter

import torch

from tensorsmith.generators.graphs import random_graph
from tensorsmith.generators.table import full_table
from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.operators import is_view, written_arguments
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.targets.inputs import make_constants, make_inputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--min-size", type=int, default=5)
    parser.add_argument("--max-size", type=int, default=12)
    parser.add_argument("--show", type=int, default=12, help="reasons to list")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    reasons: Counter[str] = Counter()
    examples: dict[str, int] = {}
    operators: Counter[str] = Counter()
    seconds = nodes = mutating = viewing = 0.0
    random_graph(random.Random(-1), 8)  # loads the table and torch's meta kernels
    for seed in range(options.seed, options.seed + options.graphs):
        rng = random.Random(seed)
        size = rng.randint(options.min_size, options.max_size)
        start = time.process_time()
        graph, recipe = random_graph(rng, size)
        seconds += time.process_time() - start
        nodes += len(graph.nodes)
        operators.update(graph.operators())
        mutating += any(written_arguments(op) for op in graph.operators())
        viewing += any(is_view(op) for op in graph.operators())
        reason = problem(graph, recipe)
        if reason is not None:
            reasons[reason] += 1
            examples.setdefault(reason, seed)
    count = options.graphs
    dominated = reasons["mostly NaN or Inf"]
    invalid = sum(reasons.values()) - dominated
    print(f"valid in eager          {100 * (1 - invalid / count):.1f} % of {count}")
    print(f"mostly NaN or Inf       {100 * dominated / count:.1f} %")
    print(f"with in-place operators {100 * mutating / count:.1f} %, with views {100 * viewing / count:.1f} %")
    print(f"operators reached       {len(operators)} of {len(full_table().entries)} in the table")
    print(f"time                    {1000 * seconds / count:.2f} ms a graph, {1000 * seconds / nodes:.2f} ms a node")
    print(f"                        {count / seconds:.0f} graphs/s, {nodes / count:.1f} nodes a graph")
    for reason, number in reasons.most_common(options.show):
        print(f"  {number:4} {reason}  (seed {examples[reason]})")


def problem(graph: Graph, recipe: InputRecipe) -> str | None:
    """Why a graph is no good test, or None."""
    runs: list[tuple[torch.Tensor, ...]] = []
    for _ in range(2):
        inputs = make_inputs(graph, recipe)
        module = to_fx(graph, make_constants(graph))
        try:
            with torch.no_grad():
                runs.append(module(*inputs))
        except Exception as error:
            return f"{guilty(graph, recipe)}: {short(error)}"
    types = graph.types()
    for output, first, second in zip(graph.outputs, *runs, strict=True):
        wanted = types[output]
        if tuple(first.shape) != wanted.shape:
            return f"shape differs from the meta kernel's: {definer(graph, output)}"
        if not torch.equal(first.nan_to_num(), second.nan_to_num()):
            return f"second run differs: {definer(graph, output)}"
    floats = [t for t in runs[0] if t.is_floating_point() and t.numel()]
    finite = sum(int(t.isfinite().sum()) for t in floats)
    if floats and finite * 2 < sum(t.numel() for t in floats):
        return "mostly NaN or Inf"
    return None


def guilty(graph: Graph, recipe: InputRecipe) -> str:
    """The operator that raises."""
    for stop in range(1, len(graph.nodes) + 1):
        part = Graph(graph.inputs, graph.nodes[:stop], (graph.nodes[stop - 1].results[0],), graph.constants)
        try:
            with torch.no_grad():
                to_fx(part, make_constants(part))(*make_inputs(part, recipe))
        except Exception:
            return graph.nodes[stop - 1].op
    return "inputs"


def definer(graph: Graph, value: int) -> str:
    return next((node.op for node in graph.nodes if value in node.results), "an input")


def short(error: Exception) -> str:
    return re.sub(r"\d+", "N", str(error).strip().split("\n")[0])[:90]


if __name__ == "__main__":
    main()
