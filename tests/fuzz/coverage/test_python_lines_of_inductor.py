"""Inductor and Dynamo do the same with their lines watched, and equal tests execute the same lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters
from torch._functorch import config as functorch_config
from torch._inductor import config
from torch._inductor.utils import run_and_get_code

from tensorsmith.fuzz.coverage.python.lines import PythonCoverage
from tensorsmith.targets.inductor.target import Inductor
from tensorsmith.targets.isolation import Completed, Limits, run_isolated


def fused(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    if x.shape[0] < 2:
        return x, y
    z = torch.nn.functional.gelu(x * y) + torch.softmax(y, 1)
    return z, torch.sum(z, 1)


def product(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.mm(x, y), torch.vmap(torch.dot)(x, y)


def picked(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.nn.functional.max_pool2d(x[None, None], 2), torch.cumsum(torch.sort(y).values, 0)


PROGRAMS: tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], ...] = (fused, product, picked)


def compiled(program: Callable[..., Any]) -> list[Any]:
    """What compiling and running it gives: values, generated code, what Dynamo counts, and how often it compiles."""
    torch._dynamo.reset()
    counters.clear()
    torch.manual_seed(0)
    x, y = torch.randn(8, 8), torch.randn(8, 8)
    function = torch.compile(program, fullgraph=True)
    values, codes = run_and_get_code(function, x, y)
    # The first line numbers the graphs of the process.
    code = [text.partition("\n")[2] for text in codes]
    compilations = dict(counters["stats"])
    function(x, y)
    hit = dict(counters["stats"]) == compilations
    if program is fused:
        # Compiled again, for dynamic shapes.
        function(torch.randn(6, 6), torch.randn(6, 6))
    stats = {name: count for name, count in counters["stats"].items() if "time" not in name}
    return [[value.tolist() for value in values], code, compilations, hit, stats, dict(counters["graph_break"])]


def compare() -> bytes:
    config.fx_graph_cache = False
    functorch_config.enable_autograd_cache = False
    for program in PROGRAMS:
        compiled(program)
    plain = [compiled(program) for program in PROGRAMS]
    coverage = PythonCoverage(Inductor.packages)
    coverage.start()
    early = [coverage.full_set(lambda program=program: compiled(program)) for program in PROGRAMS]  # type: ignore[misc]
    late = [coverage.full_set(lambda program=program: compiled(program)) for program in PROGRAMS[::-1]][::-1]  # type: ignore[misc]
    sets = [(one, other) for (_, one), (_, other) in zip(early, late, strict=True)]
    return msgspec.json.encode(
        {
            "same": [[result for result, _ in watched] == plain for watched in (early, late)],
            "common": [len(one & other) / len(one | other) for one, other in sets],
            "sets": [sorted(lines) for lines, _ in sets],
        }
    )


@pytest.mark.slow
def test_compilers_do_the_same_and_equal_tests_execute_the_same_lines() -> None:
    done = run_isolated(compare, Limits(seconds=280.0))
    assert isinstance(done, Completed), done.detail
    found = msgspec.json.decode(done.payload)
    assert found["same"] == [True, True]
    # The second time in the opposite order.
    assert min(found["common"]) > 0.999
    fused_, product_, picked_ = map(set, found["sets"])
    for lines in (fused_, product_, picked_):
        assert len(lines) > 5000
        assert any(line.startswith("torch/_dynamo/symbolic_convert.py:") for line in lines)
        # Dynamo inlines these.
        assert not any(line.startswith(("torch/_dynamo/polyfills/", "torch/_decomp/")) for line in lines)
    assert any(line.startswith("torch/_inductor/codegen/cpp.py:") for line in fused_ - product_)
    assert any(line.startswith("torch/_inductor/lowering.py:") for line in picked_ - fused_ - product_)
