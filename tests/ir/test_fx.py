"""Programs from outside: functions, modules and exported programs become graphs that compute the same."""

from __future__ import annotations

import pytest
import torch

from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.fx import from_call, from_exported
from tensorsmith.ir.kept_values import literals
from tensorsmith.ir.recipe import Literals
from tests.ir.strategies import run_eager


class Model(torch.nn.Module):
    """A parameter, a buffer with an offset and infinite values, a submodule, an argument by name."""

    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)
        self.register_buffer("scale", torch.tensor([9.0, 1.0, float("inf"), -0.0])[1:])

    def forward(self, x: torch.Tensor, *, shift: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.linear(x) * self.scale + shift
        return y.max(dim=1)[0], y.t()


def test_exported_model_computes_the_same() -> None:
    model = Model().eval()
    x, shift = torch.randn(2, 4), torch.randn(3)
    graph, inputs = from_exported(torch.export.export(model, (x,), {"shift": shift}))
    assert [i.type.shape for i in graph.inputs] == [(2, 4), (3,)]
    assert sorted(c.type.shape for c in graph.constants) == [(3,), (3,), (3, 4)]
    with torch.no_grad():
        expected = model(x, shift=shift)
    for actual, wanted in zip(run_eager(graph, list(inputs)), expected, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=0, atol=0, equal_nan=True)
        assert actual.stride() == wanted.stride()


def test_function_with_writes_computes_the_same() -> None:
    def function(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x[1:].mul_(2)
        low, high = y.split(2)
        return (x + low.sum(), high, *torch.sort(x.t(), dim=0))

    def examples() -> list[torch.Tensor]:
        return [torch.arange(6.0).reshape(3, 2), torch.arange(4)]

    graph, _ = from_call(function, examples())
    ours, theirs = examples(), examples()
    for actual, wanted in zip(run_eager(graph, ours), function(*theirs), strict=True):
        torch.testing.assert_close(actual, wanted, rtol=0, atol=0)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_inputs_that_share_memory_stay_shared() -> None:
    base = torch.arange(8.0)
    graph, _ = from_call(lambda x, y: x.add_(1) + y, [base, base[1::2][:1]])
    first, second = graph.inputs
    assert (first.shares, second.shares) == (None, first.id)
    assert second.type.offset == 1
    torch.testing.assert_close(run_eager(graph, [base, base[1::2][:1]])[0], torch.arange(8.0) + 3)


def test_augmented_assignment_to_a_part_is_one_write() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        x[1:] += 1
        x[0] = x[2]
        return x * 2

    graph, _ = from_call(function, [torch.arange(4.0)])
    assert graph.operators().count("aten.copy_.default") == 1  # of the plain assignment
    (actual,) = run_eager(graph, [torch.arange(4.0)])
    torch.testing.assert_close(actual, function(torch.arange(4.0)), rtol=0, atol=0)


def test_memory_without_values_reads_zeros() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(x)
        out[1:] = x[1:]
        apart = torch.empty_strided((2, 2), (1, 3))
        apart.fill_(1)
        return out.sum() + torch.empty(2).sum() + x.new_empty(2).sum() + apart.sum()

    graph, _ = from_call(function, [torch.ones(3)])
    (actual,) = run_eager(graph, [torch.ones(3)])
    assert float(actual) == 6


def test_function_that_cannot_be_traced_is_one_line() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        raise ValueError("no\nsuch luck")

    with pytest.raises(GraphError, match=r"raises ValueError on its example inputs: no$"):
        from_call(function, [torch.ones(2)])


def test_data_dependent_shape_is_refused() -> None:
    with pytest.raises(GraphError):
        from_call(lambda x: x.nonzero(), [torch.ones(2)])


def test_literals_write_special_values_as_text() -> None:
    values = literals(torch.tensor([[1.5, float("nan")], [-float("inf"), -0.0]]).t())
    assert isinstance(values, Literals)
    assert [str(x) for x in values.data] == ["1.5", "-inf", "nan", "-0.0"]
    with pytest.raises(GraphError, match="complex64"):
        literals(torch.ones(1, dtype=torch.complex64))
