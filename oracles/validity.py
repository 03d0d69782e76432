"""Whether a test case can say anything: eager must run it, the same way twice, to results that are numbers."""

from __future__ import annotations

import torch

from tensorsmith.ir.operators import draws_nothing, undefined_reason
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.observation import Observation, equal_bits, observe
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.eager import Eager

# Above this share of NaN and Inf among all floats that a program returns, its values say too little.
NONFINITE_SHARE = 0.5


def reference(case: TestCase, oracle: str) -> Observation | Verdict:
    """What eager makes of the test case, or the verdict `invalid` with the reason."""
    for node in case.graph.nodes:
        reason = undefined_reason(node.op)
        if reason is not None and not draws_nothing(node.op, node.args, dict(node.kwargs)):
            return invalid(oracle, reason, f"{node.op}: its result is {reason}")
    eager = Eager().compile(case)
    try:
        first = observe(eager, case)
        second = observe(Eager().compile(case), case)
    except Exception as error:
        # Kernels reject with any kind of exception; that eager rejects is all that matters here.
        return invalid(oracle, "eager-error", f"eager: {type(error).__name__}: {str(error).strip().splitlines()[:1]}")
    for one, other in zip((*first.outputs, *first.inputs_after), (*second.outputs, *second.inputs_after), strict=True):
        if not equal_bits(one, other):
            return invalid(oracle, "nondeterministic", "eager gives different results in two runs")
    share = nonfinite_share(first)
    if share > NONFINITE_SHARE:
        return invalid(oracle, "nonfinite", f"{share:.0%} of the returned floats are NaN or Inf")
    return first


def nonfinite_share(seen: Observation) -> float:
    """The share of NaN and Inf among all floats that a program returned; 0 if it returned none."""
    floats = [o for o in seen.outputs if o.dtype.is_floating_point and o.numel()]
    total = sum(o.numel() for o in floats)
    bad = sum(int((~torch.isfinite(o)).sum()) for o in floats)
    return bad / total if total else 0.0


def with_new_values(case: TestCase) -> TestCase:
    """The test case with other values of the same classes, for a second call of what was compiled."""
    recipe = InputRecipe(
        tuple(
            Drawn(values.kind, values.seed + 1_000_003, values.high) if isinstance(values, Drawn) else values
            for values in case.recipe.inputs
        )
    )
    return TestCase(case.graph, recipe, case.target, case.device, case.pipeline)
