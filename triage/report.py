"""A bug report in Markdown, ready for a person to check and file. Nothing is ever filed from here."""

from __future__ import annotations

import platform
import shutil
import subprocess

import torch

from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import format_graph
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target

# From no compiler to the whole one: the first that fails says which part is to blame.
ABLATION = ("eager", "aot_eager", "inductor")

_TITLES = {
    "wrong-result": "wrong result",
    "error": "raises on a program that eager runs",
    "crash": "crashes",
    "hang": "hangs",
    "memory": "runs out of memory",
}


def ablation(case: TestCase, limits: Limits) -> tuple[tuple[str, str], ...]:
    """How each of eager, AOTAutograd and Inductor does on the test case with the default pipeline, in fresh processes.

    Targets that cannot run here are left out.
    """
    found: list[tuple[str, str]] = []
    for name in ABLATION:
        if find_target(name).missing(case.device) is not None:
            continue
        verdict = judge_isolated(TestCase(case.graph, case.recipe, name, case.device), limits)
        found.append((name, outcome_text(verdict)))
    return tuple(found)


def outcome_text(verdict: Verdict) -> str:
    """A verdict in a few words."""
    if verdict.outcome == "fail":
        channel = f" ({verdict.channel})" if verdict.channel else ""
        return f"fails: {verdict.kind}{channel}"
    return f"{verdict.outcome}: {verdict.reason}" if verdict.reason else verdict.outcome


def report(
    case: TestCase,
    verdict: Verdict,
    reproduced: tuple[int, int],
    script: str,
    backends: tuple[tuple[str, str], ...] = (),
) -> str:
    """The report.

    Args:
        case: the reduced test case.
        verdict: how it fails.
        reproduced: in how many of how many fresh processes it failed again.
        script: that reproduces it.
        backends: what `ablation` gave, if it was run.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has no report")
    again, of = reproduced
    sections = [
        f"# {title(case, verdict)}",
        f"{_description(case, verdict)}\n\n"
        f"It failed again in {again} of {of} fresh processes{'' if again == of else ': it is flaky'}. "
        "Found by a compiler fuzzer (tensorsmith) and reduced by it; this text is a draft that it wrote.",
        f"## Script\n\nExit code 1: the bug is there, 0: it is not.\n\n```python\n{script}```",
        f"## Expected and actual\n\n{_evidence(verdict)}",
        f"## Program\n\n```\n{format_graph(case.graph).strip()}\n```\n\n{_pipeline(case)}",
    ]
    if backends:
        rows = "\n".join(f"| `{name}` | {outcome} |" for name, outcome in backends)
        sections.append(f"## Where it comes in\n\n| backend | outcome |\n|---|---|\n{rows}")
    sections.append("## Versions\n\n" + "\n".join(f"- {name}: {value}" for name, value in versions()))
    return "\n\n".join(sections) + "\n"


def title(case: TestCase, verdict: Verdict) -> str:
    """One line: the target, what it does wrong, and on which operators."""
    short = [op.split(".", 1)[1] for op in dict.fromkeys(case.graph.operators())]
    operators = ", ".join(short[:4]) + (" ..." if len(short) > 4 else "")
    what = _TITLES.get(verdict.kind or "", "fails")
    channel = f" ({verdict.channel})" if verdict.channel not in ("", "values") else ""
    return f"[{case.target}] {what}{channel}: {operators or 'no operators'}"


def versions() -> tuple[tuple[str, str], ...]:
    """What the failure was seen with, by name."""
    found = [("torch", torch.__version__), ("Python", platform.python_version()), ("platform", platform.platform())]
    if torch.cuda.is_available():
        found.append(("GPU", torch.cuda.get_device_name()))
    compiler = shutil.which("g++")
    if compiler is not None:
        said = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=20).stdout
        found.append(("C++ compiler", said.split("\n", 1)[0]))
    return tuple(found)


def _description(case: TestCase, verdict: Verdict) -> str:
    operators = ", ".join(f"`{op}`" for op in dict.fromkeys(case.graph.operators()))
    exception = f"`{verdict.exception}`: " if verdict.exception else ""
    where = f" Raised in {', '.join(f'`{frame}`' for frame in verdict.frames)}." if verdict.frames else ""
    guilty = f" Guilty: `{verdict.guilty}`." if verdict.guilty else ""
    said = f"`{case.target}` on {case.device}: {verdict.kind}. {exception}{verdict.message}{where}{guilty}"
    return f"{said}\n\nOperators: {operators}."


def _evidence(verdict: Verdict) -> str:
    parts: list[str] = []
    for name, text in verdict.evidence:
        shown = text if len(text) <= 4000 else "...\n" + text[-4000:]
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
