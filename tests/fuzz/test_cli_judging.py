"""`replay`, `reduce` and `report` on real compilers: one that works and two that are broken on purpose."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from tensorsmith.corpus.store import Store
from tensorsmith.ir.graph import Graph, Input, Node, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase, decode, encode, load
from tensorsmith.oracles.verdict import Verdict

# Two backends of torch.compile: one gets cosines wrong, one cannot compile them; both are right about the rest.
BACKENDS = """
import torch
from torch._dynamo import register_backend

def cosines(module):
    return [node for node in module.graph.nodes if node.target in (torch.cos, torch.ops.aten.cos.default)]

@register_backend(name="wrong")
def wrong(module, inputs):
    for node in cosines(module):
        node.target = torch.sin if node.target is torch.cos else torch.ops.aten.sin.default
    module.recompile()
    return module.forward

@register_backend(name="raising")
def raising(module, inputs):
    if cosines(module):
        raise RuntimeError("no rule for cosines")
    return module.forward
"""

Command = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.slow

VECTOR = TensorType("f32", (8,))


def chain(target: str, *ops: str) -> TestCase:
    """A test case that applies operators one after the other."""
    nodes = tuple(Node(f"aten.{op}.default", (Ref(n),), (n + 1,), (VECTOR,)) for n, op in enumerate(ops))
    return TestCase(Graph((Input(0, VECTOR),), nodes, (len(ops),)), InputRecipe((Drawn("uniform", 1),)), target)


@pytest.fixture
def tensorsmith(tmp_path: Path) -> Command:
    """Run a command that knows the broken backends, in a fresh process."""
    plugin = tmp_path / "backends.py"
    plugin.write_text(BACKENDS)

    def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tensorsmith.fuzz", *map(str, arguments), "--import", str(plugin)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    return run_command


@pytest.fixture
def wrong_finding(campaign: Path) -> Path:
    """The campaign with its findings about a compiler that gives wrong values, and says dtype was the matter of one."""
    case = chain("torch:wrong", "neg", "cos", "abs")
    with Store.open(campaign) as store:
        for id_, channel in (("aa11", "values"), ("ab22", "dtype")):
            verdict = Verdict("fail", "differential", kind="wrong-result", channel=channel)  # type: ignore[arg-type]
            files: dict[str, str | bytes] = {
                "testcase.json": encode(case),
                "verdict.json": msgspec.json.encode(verdict),
            }
            store.upsert_finding(store.finding(id_), files)
    return campaign


def test_replay_of_bare_cases(tensorsmith: Command, tmp_path: Path) -> None:
    for name, target in (("good", "aot_eager"), ("bad", "torch:raising")):
        (tmp_path / f"{name}.json").write_bytes(encode(chain(target, "neg", "cos")))
    good = tensorsmith("replay", tmp_path / "good.json", "--json")
    assert good.returncode == 0, good.stderr
    (row,) = json.loads(good.stdout)
    assert (row["status"], row["failure"], row["was"]) == ("passes", False, None)

    both = tensorsmith("replay", tmp_path / "good.json", tmp_path / "bad.json", "--junit", tmp_path / "out.xml")
    assert both.returncode == 1, both.stderr
    first, second, last = both.stdout.splitlines()
    assert first == f"passes {tmp_path / 'good.json'}"
    assert second.startswith(f"FAILURE failing {tmp_path / 'bad.json'} error")
    assert last == "2 test cases: new failures 1, passing 1"
    (suite,) = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    assert "no rule for cosines" in suite[1][0].attrib["message"]


def test_replay_of_a_campaign_that_is_fixed(tensorsmith: Command, campaign: Path) -> None:
    ran = tensorsmith("replay", campaign, "--json")
    assert ran.returncode == 0, ran.stderr
    assert [(row["status"], row["was"]) for row in json.loads(ran.stdout)] == [
        ("fixed", "confirmed"),
        ("fixed", "flaky"),
    ]


def test_replay_tells_known_failures_from_new_ones(tensorsmith: Command, wrong_finding: Path) -> None:
    known = tensorsmith("replay", wrong_finding / "findings" / "aa11")
    assert (known.returncode, known.stdout.split()[:3]) == (0, ["failing", "(was", "confirmed)"]), known.stderr

    ran = tensorsmith("replay", wrong_finding, "--json")
    assert ran.returncode == 1, ran.stderr
    assert [(row["status"], row["failure"]) for row in json.loads(ran.stdout)] == [
        ("failing", False),
        ("changed", True),
    ]


def test_findings_are_judged_with_what_their_campaign_imports(wrong_finding: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "backends.py"
    plugin.write_text(BACKENDS + 'torch.library.define("twice::fails", "(Tensor x) -> Tensor")\n')
    with Store.open(wrong_finding) as store:
        store.change_settings(msgspec.structs.replace(store.settings, imports=(str(plugin),)))
    finding = wrong_finding / "findings" / "aa11"
    for arguments, said in (
        (["replay", wrong_finding], "failing (was confirmed)"),
        (["replay", finding], "failing (was confirmed)"),
        (["replay", finding, finding, "--import", plugin], "failing (was confirmed)"),
        (["check", "aa11", "--campaign", wrong_finding], "FAILS aa11: torch:wrong"),
        (["check", finding], ": torch:wrong"),
    ):
        command = [sys.executable, "-m", "tensorsmith.fuzz", *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert said in ran.stdout, ran.stderr


def test_replay_alarms_when_what_was_fixed_fails_again(tensorsmith: Command, wrong_finding: Path) -> None:
    with Store.open(wrong_finding) as store:
        store.mark("aa11", "fixed")
    ran = tensorsmith("replay", wrong_finding / "findings" / "aa11")
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("FAILURE failing (was fixed)")


def test_reduce_leaves_the_guilty_operator_alone(tensorsmith: Command, tmp_path: Path) -> None:
    original = chain("torch:wrong", "neg", "abs", "cos", "exp", "neg", "sin")
    (tmp_path / "case.json").write_bytes(encode(original))
    ran = tensorsmith("reduce", tmp_path / "case.json", "--out", tmp_path / "reduced", "--time", "90s")
    assert ran.returncode == 0, ran.stderr
    out = tmp_path / "reduced"
    assert load(out / "testcase.json").graph.operators() == ("aten.cos.default",)
    assert decode((out / "original.json").read_bytes()) == original
    verdict = msgspec.json.decode((out / "verdict.json").read_bytes(), type=Verdict)
    assert (verdict.kind, verdict.channel) == ("wrong-result", "values")
    assert "cos" in (out / "repro.py").read_text()
    assert "cos" in (out / "report.md").read_text()
    assert ran.stdout.splitlines()[-1] == str(out / "repro.py")
    assert "1 operators left after" in ran.stdout


def test_reduce_says_at_once_that_it_cannot_write(tensorsmith: Command, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(encode(chain("torch:raising", "cos")))
    (tmp_path / "occupied").write_text("a file")
    for out, reason in (("occupied", "File exists"), ("occupied/sub", "Not a directory")):
        ran = tensorsmith("reduce", tmp_path / "case.json", "--out", tmp_path / out)
        assert ran.returncode == 2
        assert ran.stderr == f"error: {tmp_path / out}: cannot be written: {reason}\n"
        assert "reducing" not in ran.stdout


def test_reduce_takes_a_function_of_ones_own(tensorsmith: Command, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "import torch\n"
        "def fn(x, y):\n    return torch.cos(x * 2 + y).sum()\n"
        "def example_inputs():\n    return torch.linspace(0, 1, 8), torch.ones(8)\n"
    )
    ran = tensorsmith("reduce", f"{tmp_path}/model.py:fn", "--target", "torch:raising", "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert load(tmp_path / "out" / "testcase.json").graph.operators() == ("aten.cos.default",)


def test_report_is_markdown_about_the_failure(tensorsmith: Command, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(encode(chain("torch:raising", "neg", "cos")))
    ran = tensorsmith("report", tmp_path / "case.json")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("#")
    assert "no rule for cosines" in ran.stdout
    assert "Backend: `torch:raising` is the first that fails; `inductor` passes." in ran.stdout


def test_an_import_that_fails_is_one_line(tensorsmith: Command, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(encode(chain("aot_eager", "neg")))
    ran = tensorsmith("replay", tmp_path / "case.json", "--import", "no_such_module")
    assert ran.returncode == 2
    assert ran.stderr == "error: --import no_such_module: ModuleNotFoundError: No module named 'no_such_module'\n"


@pytest.mark.parametrize("command", ["reduce", "report"])
def test_what_does_not_fail_has_nothing_to_reduce_or_report(tensorsmith: Command, tmp_path: Path, command: str) -> None:
    (tmp_path / "case.json").write_bytes(encode(chain("aot_eager", "neg")))
    ran = tensorsmith(command, tmp_path / "case.json")
    assert ran.returncode == 2
    assert ran.stderr == f"error: {tmp_path / 'case.json'}: does not fail on aot_eager here: pass\n"
