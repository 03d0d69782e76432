"""What a report says besides the failure: other ways to compile, float64, versions, and what else it may be."""

from __future__ import annotations

import msgspec
import pytest

from tensorsmith.corpus.findings import Finding, Status
from tensorsmith.ir.cases import Case
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.ablation import ablation
from tensorsmith.triage.environment import environment, shortened
from tensorsmith.triage.float64 import float64_evidence
from tensorsmith.triage.known import KnownBug
from tensorsmith.triage.related import related
from tensorsmith.triage.signature import signature
from tests.triage.programs import case_of, chain, relu_mul

LIMITS = Limits(seconds=120.0)
WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values")


@pytest.mark.slow
def test_the_ablation_tells_which_ways_fail_in_the_same_way() -> None:
    plain = relu_mul()
    case = case_of(plain.graph, plain.target, Pipeline((Step("dynamic", (("value", True),)),)))
    found = {one.how: one.outcome for one in ablation(case, judge(case), LIMITS)}
    same = "**fails** in the same way"
    assert found == {
        'torch.compile(fn, backend="eager")': "pass",
        'torch.compile(fn, backend="aot_eager")': "pass",
        'torch.compile(fn, backend="aot_eager_decomp_partition")': "pass",
        'torch.compile(fn, backend="planted")': same,
        'torch.compile(fn, backend="planted", dynamic=True)': same,
        'torch.compile(fn, backend="inductor")': "pass",
        'torch.compile(fn, backend="inductor", dynamic=True)': "pass",
        'torch.compile(fn, mode="max-autotune-no-cudagraphs")': "pass",
        "as in the script": same,
    }


def test_the_distance_from_float64_is_told_of_eager_and_of_the_compiled_program() -> None:
    text = float64_evidence(relu_mul(), WRONG, LIMITS)
    (row,) = [line for line in text.splitlines() if line.startswith("| 0 ")]
    _, _, dtype, eager, compiled, _ = (cell.strip() for cell in row.split("|"))
    assert dtype == "float32"
    assert float(eager) < 1e-6 < 0.99 < float(compiled) < 1.01
    assert "gives `False`" in text
    assert "gives `True`" in float64_evidence(relu_mul(target="aot_eager"), WRONG, LIMITS)


def test_where_float64_says_nothing_it_is_left_out() -> None:
    error = chain("sigmoid", "tanh")
    assert float64_evidence(error, judge(error), LIMITS) == ""
    dying = chain("neg", "exp")
    assert float64_evidence(dying, WRONG, LIMITS) == ""


def test_the_environment_is_that_of_collect_env_without_what_is_of_no_use() -> None:
    text = environment()
    assert "PyTorch version: " in text
    assert "[pip3] torch==" in text
    assert "Vulnerability" not in text
    assert "Could not collect" not in text
    assert len(text.splitlines()) < 40


def test_the_environment_of_a_gpu_is_kept() -> None:
    text = shortened(
        "Is CUDA available: True\nGPU models and configuration: GPU 0: NVIDIA H100\nHIP runtime version: N/A\n\nCPU:\n"
        "Architecture:        x86_64\nL2 cache:   1 MiB\nFlags:     fpu vme avx2 avx512f sse sse4_2\n"
        "Vulnerability Spectre v1:   Mitigation\n\nVersions of relevant libraries:\n[pip3] torch==2.13.0\n"
        "[conda] Could not collect"
    )
    assert text.splitlines() == [
        "Is CUDA available: True",
        "GPU models and configuration: GPU 0: NVIDIA H100",
        "",
        "CPU:",
        "Architecture: x86_64",
        "Flags: avx2 avx512f sse4_2",
        "",
        "Versions of relevant libraries:",
        "[pip3] torch==2.13.0",
    ]


def finding(
    case: Case, verdict: Verdict, id_: str, status: Status = "confirmed", link: str = ""
) -> tuple[Finding, Case]:
    assert isinstance(case, TestCase)
    assert verdict.kind is not None
    plain = msgspec.to_builtins(signature(case, verdict))
    operators = case.graph.operators()
    return Finding(
        id_, plain, verdict.kind, case.target, case.id, case.id, operators=operators, status=status, link=link
    ), case


def test_what_else_it_may_be_comes_with_the_likeliest_first() -> None:
    error = Verdict("fail", "differential", kind="error", exception="E", message="bad", frames=("a.py:f",))
    others = [
        finding(relu_mul(), error, "error"),
        finding(relu_mul(target="aot_eager"), WRONG, "other-target"),
        finding(chain("relu"), WRONG, "part"),
        finding(chain("sin"), WRONG, "unlike"),
        finding(relu_mul((4, 4)), WRONG, "twin", "known", "https://example.org/1"),
        finding(relu_mul(), WRONG, "itself"),
    ]
    bug = KnownBug(operators=("aten.relu.*", "aten.mul.*"), link="https://example.org/2")
    lines = related(relu_mul(), WRONG, [others[-1], *others[:-1]], [bug])
    assert [line.split(":")[0].split(",")[0] for line in lines] == [
        "known",
        "finding twin (https",
        "finding part",
        "finding other-target",
        "finding error",
    ]
    assert lines[0] == "known: https://example.org/2"
    assert lines[1].endswith("the same failure in the same program; wrong-result, `relu.default`, `mul.Tensor`")
    assert "its program is part of this one" in lines[2]
    assert "the same operators, with `aot_eager`" in lines[3]
    assert "the same operators, another failure; error" in lines[4]
    assert related(chain("cos"), WRONG, others) == ()


def test_errors_that_rise_in_the_same_place_are_named() -> None:
    def said(message: str) -> Verdict:
        return Verdict("fail", "differential", kind="error", exception="E", message=message, frames=("a.py:f",))

    (line,) = related(chain("cos"), said("no cos"), [finding(chain("sin"), said("no sin"), "one")])
    assert line == "finding one, confirmed: it rises in the same place; error, `sin.default`"
