"""Rates of the parts of TIR fuzzing: programs generated, valid share, the reference beside a tree walker, TVM itself.

python bench/tir.py --programs 300 --seed 0 --compiled 20
python bench/tir.py --agree 500
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.targets.tvm import adapter, build
from tir_agreement import agree
from tir_walker import Walker

Made = tuple[Any, dict[str, Any]]


def timed(count: int, work: Callable[[int], Any]) -> tuple[list[Any], float]:
    """What `work` gives for 0, 1, ..., and how many a CPU second."""
    start = time.process_time()
    results = [work(position) for position in range(count)]
    return results, count / (time.process_time() - start)


def make(seed: int) -> Made:
    func, buffers, scalars = random_function(Random(seed))
    return func, random_inputs(seed, buffers, scalars)


def reference(func: Any, inputs: dict[str, Any]) -> Any:
    try:
        return compile_function(func).run(inputs)
    except (Undefined, Unsupported) as error:
        return f"{type(error).__name__}: {error}"


def walk(func: Any, inputs: dict[str, Any]) -> Any:
    try:
        return Walker(func, inputs).run()
    except Unsupported:
        return None


def same(buffers: dict[str, np.ndarray[Any, Any]], walked: list[list[Any]]) -> bool:
    arrays = {
        name: np.array(values, dtype=buffer.dtype).reshape(buffer.shape)
        for (name, buffer), values in zip(buffers.items(), walked, strict=True)
    }
    return disagreement(buffers, arrays) is None


def outcome(func: Any, inputs: dict[str, Any]) -> tuple[str, str]:
    """How TVM without optimization compares with the reference: a class, and more of it."""
    compiled = compile_function(func)
    expected = compiled.run(inputs)
    try:
        built = build.build(func, opt_level=0)
    except Exception as error:  # any of TVM's errors is counted
        return "does not build", adapter.first_line(error)
    difference = disagreement(expected, build.run(built, inputs), compiled.inexact)
    if difference is None:
        return "agrees", ""
    return "differs where NaN or infinity is met" if compiled.met_nan(inputs) else "differs", difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compiled", type=int, default=20, help="programs to compile with TVM as well")
    parser.add_argument("--agree", type=int, help="only compare so many programs with TVM without optimization")
    options = parser.parse_args()
    if options.agree is not None:
        agree(options.agree, options.seed)
        return
    make(options.seed)  # imports TVM
    made, generated = timed(options.programs, lambda position: make(options.seed + position))
    well_formed = sum(adapter.is_well_formed(func) for func, _ in made)
    results, references = timed(len(made), lambda position: reference(*made[position]))
    valid = [(one, result) for one, result in zip(made, results, strict=True) if isinstance(result, dict)]
    translated, translations = timed(len(valid), lambda position: compile_function(valid[position][0][0]))
    _, runs = timed(len(valid), lambda position: translated[position].run(valid[position][0][1]))
    walked, walks = timed(len(valid), lambda position: walk(*valid[position][0]))
    pairs = [(result, values) for (_, result), values in zip(valid, walked, strict=True) if values is not None]
    equal = sum(same(result, values) for result, values in pairs)
    lines = sum(one.source.count("\n") for one in translated) / len(valid)
    print(f"{'programs':34} {len(made):8}     of {lines:.0f} lines of Python each")
    print(f"{'generated with inputs':34} {generated:8.0f} /s")
    print(f"{'well-formed':34} {well_formed / len(made):8.1%}")
    print(f"{'valid':34} {len(valid) / len(made):8.1%}   {dict(Counter(r for r in results if isinstance(r, str)))}")
    print(f"{'reference: translate and run':34} {references:8.0f} /s")
    print(f"{'reference: translate':34} {translations:8.0f} /s")
    print(f"{'reference: run':34} {runs:8.0f} /s")
    known = f"knows {len(pairs) / len(valid):.1%}, equal results {equal / len(pairs):.1%}"
    print(f"{'tree walker: run':34} {walks:8.0f} /s, {known}")
    print(
        f"{'reference beside walker':34} {references / walks:8.1f} times with translation, {runs / walks:.1f} without"
    )
    compiled, builds = timed(options.compiled, lambda position: outcome(*valid[position][0]))
    print(f"{'TVM build and run, level 0':34} {builds:8.1f} /s   {dict(Counter(kind for kind, _ in compiled))}")


if __name__ == "__main__":
    main()
