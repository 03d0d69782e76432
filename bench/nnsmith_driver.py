"""Runs NNSmith's generator; `bench/nnsmith_peer.py` starts this in NNSmith's own environment, so no tensorsmith here.

For each graph it writes a line of JSON: `calls` and `types` as `bench/programs.py` has them, `generate_s` and
`evaluate_s` (CPU seconds; to search for values and run in eager is `evaluate`), `attempts` (for each attempt to insert
an operator, in order, whether it was accepted) and `problem` (why the graph is no good test, or null).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Graphs that are made before the clock starts, with seeds of their own.
WARM = 20
# NNSmith's default.
METHOD = "symbolic-cinit"
TIMEOUT_MS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--graphs", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")

    from nnsmith.graph_gen import BaseGen, model_gen
    from nnsmith.materialize import Model
    from nnsmith.narrow_spec import auto_opset
    from nnsmith.util import set_seed

    model_type = Model.init("torch", backend_target="cpu")
    model_type.add_seed_setter()
    set_seed(options.seed)
    opset = auto_opset(model_type)
    attempts: list[bool] = []
    for name in ("try_forward_insert", "try_backward_insert"):
        setattr(BaseGen, name, counted(getattr(BaseGen, name), attempts))
    with options.out.open("w", encoding="utf-8") as out:
        for number in range(-WARM, options.graphs):
            seed = options.seed + number if number >= 0 else 2**31 + number
            attempts.clear()
            start = time.process_time()
            made = model_gen(
                opset=opset,
                method=METHOD,
                seed=seed,
                max_nodes=options.size,
                timeout_ms=TIMEOUT_MS,
            )
            ir = made.make_concrete()
            generated = time.process_time()
            found = problem(model_type, ir)
            evaluated = time.process_time()
            if number >= 0:
                line = {
                    **program(ir),
                    "generate_s": generated - start,
                    "evaluate_s": evaluated - generated,
                    "attempts": attempts,
                    "problem": found,
                }
                out.write(json.dumps(line) + "\n")


def counted(attempt: Callable[..., bool], outcomes: list[bool]) -> Callable[..., bool]:
    """The attempt, whose outcomes are appended; one that raises was not accepted."""

    def wrapper(*args: Any, **kwargs: Any) -> bool:
        outcomes.append(False)
        outcomes[-1] = bool(attempt(*args, **kwargs))
        return outcomes[-1]

    return wrapper


def problem(model_type: Any, ir: Any) -> str | None:
    """Why a graph is no good test, or None. NNSmith searches for input values and weights first, as it does itself."""
    try:
        model = model_type.from_gir(ir)
        model.refine_weights()
        outputs = model.make_oracle().output
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip()[:90]}"
    floats = [value for value in outputs.values() if np.issubdtype(value.dtype, np.floating) and value.size]
    finite = sum(int(np.isfinite(value).sum()) for value in floats)
    if floats and finite * 2 < sum(value.size for value in floats):
        return "mostly NaN or Inf"
    return None


def program(ir: Any) -> dict[str, Any]:
    """Calls, and types of values; what NNSmith has as instructions for inputs and weights are no calls."""
    from nnsmith.abstract.op import Constant, Input, Placeholder

    return {
        "calls": [
            {
                "op": inst.iexpr.op.name(),
                "attributes": attributes(inst.iexpr.op),
                "reads": list(inst.iexpr.args),
                "results": inst.retvals(),
            }
            for inst in ir.insts
            if not isinstance(inst.iexpr.op, (Input, Constant, Placeholder))
        ],
        "types": {name: [str(type_.dtype), [int(n) for n in type_.shape]] for name, type_ in ir.vars.items()},
    }


def attributes(op: Any) -> str:
    derived = ("inp_ranks", "out_ranks", "_input_like", "_output_like")
    return str(sorted((name, str(value)) for name, value in vars(op).items() if name not in derived))


if __name__ == "__main__":
    main()
