"""Test cases from files of every kind, and one clear line for what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tensorsmith.ir.cases import graph_case
from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.recipe import Drawn, Literals
from tensorsmith.ir.testcase import encode
from tensorsmith.oracles.observation import observe
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.triage.cases import load_case
from tests.triage.programs import relu_mul

SCRIPT = """
import torch

WEIGHT = torch.tensor([1.0, -2.0, 3.0])

def fn(x, y):
    return torch.relu(x.t()) * 2 + y, (x * WEIGHT).sum()

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(3, 4)

    def forward(self, x, y):
        return self.linear(x)

def broken(x, y):
    return x if x.sum() > 0 else y

def example_inputs():
    g = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, generator=g), torch.arange(12.0)[2::2].reshape(1, 5)[:, :2]

number = 3
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_a_test_case_file_and_a_finding_keep_their_target(tmp_path: Path) -> None:
    case = relu_mul()
    (tmp_path / "testcase.json").write_bytes(encode(case))
    assert load_case(str(tmp_path)) == case
    assert load_case(str(tmp_path / "testcase.json")) == case
    assert load_case(str(tmp_path), "aot_eager").target == "aot_eager"


@pytest.mark.parametrize("name", ["fn", "Net"])
def test_a_function_becomes_the_program_that_it_is(script: Path, name: str) -> None:
    case = graph_case(load_case(f"{script}:{name}", "aot_eager"))
    assert case.target == "aot_eager"
    names: dict[str, object] = {}
    exec(SCRIPT, names)
    function, make = names[name], names["example_inputs"]
    assert callable(function)
    assert callable(make)
    inputs = make()
    for want, got in zip(inputs, make_inputs(case.graph, case.recipe), strict=True):
        assert (want.stride(), want.storage_offset()) == (got.stride(), got.storage_offset())
        torch.testing.assert_close(got, want, rtol=0, atol=0)
    with torch.no_grad():
        expected = function()(*inputs) if name == "Net" else function(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    torch.testing.assert_close(observe(Eager().compile(case), case).outputs, expected)


def test_an_exported_program_is_taken_with_its_example_inputs(tmp_path: Path) -> None:
    class Double(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(x) * 2

    x = torch.randn(2, 3)
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(Double(), (x,)), path)
    case = graph_case(load_case(str(path), "eager", "cpu"))
    torch.testing.assert_close(observe(Eager().compile(case), case).outputs[0], Double()(x))


def test_large_example_inputs_are_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.write_text(
        "import torch\ndef fn(x, i):\n    return x[i] + 1\n"
        "def example_inputs():\n    return torch.randn(70000), torch.arange(70000)\n"
    )
    case = graph_case(load_case(f"{path}:fn"))
    assert case.recipe.inputs == (Drawn("normal", 0), Drawn("index", 1, 70000))
    assert not isinstance(case.recipe.inputs[0], Literals)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("{folder}/nothing.json", "cannot be read"),
        ("{folder}/nothing.py:fn", "no such file"),
        ("{folder}", "no finding"),
        ("{folder}/script.py", "name the function"),
        ("{folder}/script.py:missing", "no function or module `missing`"),
        ("{folder}/script.py:number", "no function or module `number`"),
        ("{folder}/script.py:broken", "cannot trace"),
        ("{folder}/bare.py:fn", "has no `example_inputs"),
        ("{folder}/syntax.py:fn", "cannot be imported: SyntaxError"),
        ("{folder}/bad.json", "not a test case"),
        ("{folder}/bad.pt2", "no exported program"),
        ("{folder}/bad.txt", "neither the directory of a finding, nor a test case"),
        ("{folder}/bad.json:name", "neither the directory of a finding, nor a test case"),
    ],
)
def test_what_is_no_test_case_gets_one_clear_line(script: Path, argument: str, said: str) -> None:
    folder = script.parent
    (folder / "bare.py").write_text("def fn(x):\n    return x\n")
    (folder / "syntax.py").write_text("def fn(x:\n")
    for name in ("bad.json", "bad.pt2", "bad.txt"):
        (folder / name).write_text("what is this")
    with pytest.raises(TensorsmithError, match=said) as raised:
        load_case(argument.format(folder=folder))
    assert "\n" not in str(raised.value)
