"""Other reducers on the same cases: PyTorch's minifier of fx graphs, and delta debugging as it was first described.

Both are given what they ask for: fx a module and a function that says whether it fails, delta debugging a list of
calls and a test of what is left when some go.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._functorch.fx_minifier import minifier

from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.fx import from_fx, to_fx
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.triage.rebuild import built, without_nodes

# Whether a program fails as the original does, on inputs that it may write to.
Fails = Callable[[Graph, list[torch.Tensor]], bool]


@dataclass
class Outcome:
    """What a reducer came to.

    Attributes:
        operators: how many are left.
        calls: of the judge, for a removal.
        simplifying: further calls, for simpler shapes, dtypes, arguments and values, which peers do not do.
        seconds: all of it, without the judge.
        judging: seconds in the judge.
        problem: what it raised, if it did; the rest is then of the smallest failing program that it came by.
    """

    operators: int
    calls: int = 0
    simplifying: int = 0
    seconds: float = 0.0
    judging: float = 0.0
    problem: str = ""
    seen: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Count what runs in it as the judge's time, and not as the reducer's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.judging += spent
            self.seconds -= spent


def run_fx_minifier(case: TestCase, fails: Fails) -> Outcome:
    """PyTorch's minifier."""
    outcome = Outcome(len(case.graph.nodes))
    module = to_fx(case.graph, make_constants(case.graph))

    def module_fails(candidate: torch.fx.GraphModule, inputs: Any) -> bool:
        outcome.calls += 1
        with outcome.timed():
            tensors = list(inputs)
            try:
                graph = from_fx(candidate, tensors)
            except TensorsmithError:
                return False
            failed = fails(graph, tensors)
        if failed:
            outcome.operators = min(outcome.operators, len(graph.nodes))
        return failed

    started = time.perf_counter()
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            left, inputs = minifier(module, make_inputs(case.graph, case.recipe), module_fails, lambda *_: None)
        outcome.operators = len(from_fx(left, list(inputs)).nodes)
    except Exception as error:  # it has been seen to raise several kinds
        outcome.problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    outcome.seconds += time.perf_counter() - started
    return outcome


def run_ddmin(case: TestCase, fails: Callable[[TestCase], bool]) -> Outcome:
    """Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002) over calls.

    Values that calls which are left still need become inputs, as in our own reductions. No candidate is judged twice.
    """
    outcome = Outcome(len(case.graph.nodes))
    smallest = case

    def kept_fail(kept: list[int]) -> bool:
        nonlocal smallest
        candidate = built(without_nodes, case, set(range(len(case.graph.nodes))) - set(kept))
        if candidate is None or candidate.id in outcome.seen:
            return False
        outcome.seen.add(candidate.id)
        outcome.calls += 1
        with outcome.timed():
            failed = fails(candidate)
        if failed:
            smallest = candidate
        return failed

    started = time.perf_counter()
    kept = list(range(len(case.graph.nodes)))
    pieces = 2
    while len(kept) > 1:
        size = math.ceil(len(kept) / pieces)
        parts = [kept[start : start + size] for start in range(0, len(kept), size)]
        rests = [[one for one in kept if one not in part] for part in parts]
        part = next((part for part in parts if kept_fail(part)), None)
        rest = next((rest for rest in rests if kept_fail(rest)), None) if part is None and pieces > 2 else None
        if part is not None:
            kept, pieces = part, 2
        elif rest is not None:
            kept, pieces = rest, max(pieces - 1, 2)
        elif pieces >= len(kept):
            break
        else:
            pieces = min(len(kept), 2 * pieces)
    outcome.operators = len(smallest.graph.nodes)
    outcome.seconds += time.perf_counter() - started
    return outcome
