"""A bug report in Markdown, ready for a person to check and file. Nothing is ever filed from here.

It has what PyTorch's form for torch.compile asks for, and of fuzzers in particular: a script with default tolerances,
an ablation, a comparison with float64, versions; and for Relax what TVM's form asks for.
"""

from __future__ import annotations

from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import format_graph
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.onnxruntime.target import NAME as ONNXRUNTIME
from tensorsmith.targets.tvm.relax.ways import WAYS
from tensorsmith.triage.environment import versions, versions_of
from tensorsmith.triage.facts import NOTHING, Facts, details, sections_of
from tensorsmith.triage.tir.versions import versions as tvm_versions

_TITLES = {
    "wrong-result": "wrong result",
    "error": "raises on a program that eager runs",
    "crash": "crashes",
    "hang": "hangs",
    "memory": "runs out of memory",
}
_LONGEST = 4000


def report(case: TestCase, verdict: Verdict, reproduced: tuple[int, int], script: str, facts: Facts = NOTHING) -> str:
    """The report.

    Args:
        case: the reduced test case.
        verdict: how it fails.
        reproduced: in how many of how many fresh processes it failed again.
        script: that reproduces it.
        facts: what else was found out.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has no report")
    again, of = reproduced
    found = [*_versions_of_target(case), *versions()]
    listed = "\n".join(f"- {name}: {value}" for name, value in dict(found).items())
    environment = f"\n\n{details('torch.utils.collect_env, shortened', facts.environment)}" if facts.environment else ""
    sections = [
        f"# {title(case, verdict)}",
        f"{_description(case, verdict)}\n\n"
        f"It failed again in {again} of {of} fresh processes{'' if again == of else ': it is flaky'}. "
        "Found by a compiler fuzzer (tensorsmith) and reduced by it; this text is a draft that it wrote.",
        f"## Script\n\nExit code 1: the bug is there, 0: it is not.{_rules(verdict)}\n\n```python\n{script}```",
        f"## Expected and actual\n\n{_evidence(verdict)}",
        f"## Program\n\n```\n{format_graph(case.graph).strip()}\n```\n\n{_pipeline(case)}",
        *sections_of(facts),
        f"## Versions\n\n{listed}{environment}",
        f"## Labels\n\n{_labels(case)}",
    ]
    return "\n\n".join(sections) + "\n"


def title(case: TestCase, verdict: Verdict) -> str:
    """One line: the target, what it does wrong, and on which operators."""
    short = [op.split(".", 1)[1] for op in dict.fromkeys(case.graph.operators())]
    operators = ", ".join(short[:4]) + (" ..." if len(short) > 4 else "")
    what = _TITLES.get(verdict.kind or "", "fails")
    channel = f" ({verdict.channel})" if verdict.channel not in ("", "values") else ""
    return f"[{case.target}] {what}{channel}: {operators or 'no operators'}"


def _description(case: TestCase, verdict: Verdict) -> str:
    operators = ", ".join(f"`{op}`" for op in dict.fromkeys(case.graph.operators()))
    exception = f"`{verdict.exception}`: " if verdict.exception else ""
    where = f" Raised in {', '.join(f'`{frame}`' for frame in verdict.frames)}." if verdict.frames else ""
    guilty = f" Guilty: `{verdict.guilty}`." if verdict.guilty else ""
    said = f"`{case.target}` on {case.device}: {verdict.kind}. {exception}{verdict.message}{where}{guilty}"
    return f"{said}\n\nOperators: {operators}."


def _rules(verdict: Verdict) -> str:
    """What the script holds a wrong result to."""
    if verdict.kind != "wrong-result" or verdict.channel not in ("values", "mutation"):
        return ""
    return " Compared by `torch.testing.assert_close` with its default tolerances; the inputs are from fixed seeds."


def _evidence(verdict: Verdict) -> str:
    parts: list[str] = []
    for name, text in verdict.evidence:
        shown = text if len(text) <= _LONGEST else "...\n" + text[-_LONGEST:]
        parts.append(f"{name}:\n\n```\n{shown.strip()}\n```")
    return "\n\n".join(parts) or verdict.message


def _pipeline(case: TestCase) -> str:
    if not case.pipeline.steps:
        return "Pipeline: the default."
    steps = "\n".join(
        f"- `{step.name}`: {', '.join(f'{name}={value!r}' for name, value in step.parameters)}"
        for step in case.pipeline.steps
    )
    return f"Pipeline:\n\n{steps}"


def _versions_of_target(case: TestCase) -> tuple[tuple[str, str], ...]:
    if case.target in WAYS:
        return tvm_versions()
    return versions_of("onnxruntime", "onnx", "onnxscript") if case.target == ONNXRUNTIME else ()


def _labels(case: TestCase) -> str:
    if case.target == ONNXRUNTIME:
        return "- of PyTorch, if its exporter is at fault: module: onnx\n- of ONNX Runtime, if it is: core runtime"
    if case.target in WAYS:
        return "- needs-triage\n- type: bug"
    return "- oncall: pt2\n- topic: fuzzer"
