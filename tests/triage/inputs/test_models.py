"""Functions and modules as people write them: state, trees of arguments, constants, decorators, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tensorsmith.ir.cases import graph_case
from tensorsmith.ir.errors import InvalidInputError, TensorsmithError
from tensorsmith.ir.recipe import Drawn, Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge_graph import judge_graph
from tensorsmith.oracles.observation import observe
from tensorsmith.targets.eager import Eager
from tensorsmith.triage.cases import load_case

SCRIPT = """
import torch
from torch import nn

from beside import HALF

torch.manual_seed(0)

class Normed(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.linear, self.norm, self.dropout = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(self.norm(self.linear(x)).relu())

class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.tensor(0))
        self.register_buffer("sums", torch.zeros(3))

    def forward(self, x):
        self.calls += 1
        self.sums[1:] += x.sum(0)[1:]
        return x * self.calls, self.sums

class Sized(nn.Module):
    def __init__(self, size):
        super().__init__()

training, evaluated, dropped = Normed(), Normed().eval(), Normed(0.5)
counter = Counter()
encoder = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True).eval()
lstm = nn.LSTM(3, 4)
large = nn.Sequential(nn.Linear(300, 300), nn.Linear(300, 2)).eval()

def tree(batch, scale=2.0, *, mode, extra=None):
    loss = batch["x"] * scale if mode == "scaled" else batch["x"]
    return {"loss": loss, "parts": [batch["pair"][0] + batch["pair"][1], 7], "extra": extra}

def scratch(x):
    out = torch.empty_like(x)
    out[0], out[1:] = x[0] * HALF, 1.0
    return out

@torch.compile(backend="eager")
def compiled(x):
    return torch.cos(x)

def branch(x):
    return x if x.sum() > 0 else -x

def wrong(x):
    raise KeyError

def nothing(x):
    return 3

def thing(x):
    return object()

def example_inputs():
    return (torch.arange(6.0).reshape(2, 3),)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("HALF = 0.5\n")
    path = tmp_path / "models.py"
    path.write_text(SCRIPT)
    return path


def case_of(script: Path, name: str, *inputs: str) -> TestCase:
    return graph_case(load_case(f"{script}:{name}", "aot_eager", inputs=inputs))


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("training", ()),
        ("evaluated", ()),
        ("evaluated.linear", ()),
        ("counter", ()),
        ("encoder", ("f32[2, 3, 8]",)),
        ("lstm", ("f32[2, 1, 3]",)),
        ("large", ("f32[2, 300]",)),
        ("scratch", ()),
        ("compiled", ()),
    ],
)
def test_it_becomes_a_test_that_says_something(script: Path, name: str, inputs: tuple[str, ...]) -> None:
    verdict = judge_graph(case_of(script, name, *inputs))
    assert verdict.outcome == "pass", (verdict.reason, verdict.message)


def test_what_a_model_writes_to_is_an_input_with_its_values(script: Path) -> None:
    case = case_of(script, "counter")
    assert [(i.type.dtype, i.type.shape) for i in case.graph.inputs] == [("f32", (2, 3)), ("i64", ()), ("f32", (3,))]
    assert case.recipe.inputs[1:] == (Literals((0,)), Literals((0.0, 0.0, 0.0)))
    seen = observe(Eager().compile(case), case)
    torch.testing.assert_close(seen.inputs_after[1], torch.tensor(1))
    torch.testing.assert_close(seen.inputs_after[2], torch.tensor([0.0, 5.0, 7.0]))
    torch.testing.assert_close(seen.outputs[0], torch.arange(6.0).reshape(2, 3))


def test_batch_norm_in_training_updates_its_statistics(script: Path) -> None:
    training, evaluated = case_of(script, "training"), case_of(script, "evaluated")
    assert (len(training.graph.inputs), len(evaluated.graph.inputs)) == (4, 1)
    seen = observe(Eager().compile(training), training)
    assert int(seen.inputs_after[1]) == 1
    names: dict[str, object] = {}
    exec(SCRIPT.replace("from beside import HALF", "HALF = 0.5"), names)
    model = names["training"]
    assert isinstance(model, torch.nn.Module)
    torch.testing.assert_close(seen.outputs[0], model(torch.arange(6.0).reshape(2, 3)))
    statistics = dict(model.named_buffers())
    after = [seen.inputs_after[2], seen.inputs_after[3]]
    torch.testing.assert_close(after, [statistics["norm.running_mean"], statistics["norm.running_var"]])


def test_dropout_in_training_is_random(script: Path) -> None:
    verdict = judge_graph(case_of(script, "dropped"))
    assert (verdict.outcome, verdict.reason) == ("invalid", "random")


def test_large_weights_keep_their_size(script: Path) -> None:
    case = case_of(script, "large", "f32[2, 300]")
    drawn = [c for c in case.graph.constants if isinstance(c.values, Drawn)]
    assert [c.type.shape for c in drawn] == [(300, 300)]
    (out,) = observe(Eager().compile(case), case).outputs
    assert 0.05 < float(out.std()) < 5  # and not as with weights around 1, which give more than 100


def test_arguments_may_be_trees_names_and_constants(script: Path) -> None:
    script.write_text(
        SCRIPT.replace(
            "return (torch.arange(6.0).reshape(2, 3),)",
            'return {"batch": {"x": torch.ones(2), "pair": (torch.ones(3), torch.ones(3))}, "mode": "scaled"}',
        )
    )
    case = case_of(script, "tree")
    assert [i.type.shape for i in case.graph.inputs] == [(2,), (3,), (3,)]
    outputs = observe(Eager().compile(case), case).outputs
    torch.testing.assert_close(list(outputs), [torch.full((2,), 2.0), torch.full((3,), 2.0)])


def test_inputs_are_drawn_as_they_say(script: Path) -> None:
    case = case_of(script, "scratch", 'f64[4, 2] stride (1, 4) = drawn("uniform", seed=3)')
    assert case.recipe.inputs == (Drawn("uniform", 3),)
    assert case.graph.inputs[0].type.strides == (1, 4)


def test_an_exported_model_that_writes_to_its_buffers(tmp_path: Path, script: Path) -> None:
    names: dict[str, object] = {}
    exec(SCRIPT.replace("from beside import HALF", "HALF = 0.5"), names)
    model = names["training"]
    assert isinstance(model, torch.nn.Module)
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(model, (torch.arange(6.0).reshape(2, 3),)), path)
    case = graph_case(load_case(str(path), "aot_eager"))
    assert len(case.graph.inputs) == 4
    assert judge_graph(case).outcome == "pass"


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("branch", (), r"models\.py:branch: cannot trace the function, as what it does depends on values"),
        ("wrong", (), r"models\.py:wrong: the program raises KeyError on its example inputs"),
        ("nothing", (), "returns no tensor"),
        ("thing", (), "returns a object; return tensors"),
        ("Sized", (), r"`Sized\(\)` raised TypeError: .*; of a class that takes arguments name an instance"),
        ("training.nothing", (), r"no function or module `training\.nothing`"),
        ("tree", (), "raises TypeError on its example inputs: .* missing 1 required keyword-only argument: 'mode'"),
        ("compiled", ("f32[2]", "3"), "raises TypeError on its example inputs"),
        ("compiled", ("f33[2]",), r"--input 'f33\[2\]': expected a dtype"),
        (
            "compiled",
            ("x + 1",),
            r"--input 'x \+ 1': neither the type of a tensor, .* nor a constant of Python",
        ),
        ("compiled", ("f32[3] = literals(1.0)",), "1 values written out for 3 elements"),
    ],
)
def test_what_cannot_become_one_is_one_clear_line(script: Path, name: str, inputs: tuple[str, ...], said: str) -> None:
    with pytest.raises(TensorsmithError, match=said) as raised:
        case_of(script, name, *inputs)
    assert "\n" not in str(raised.value)


def test_a_script_that_exits_is_no_end_of_ours(script: Path) -> None:
    script.write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(InvalidInputError, match="cannot be imported: SystemExit: 0"):
        case_of(script, "training")
