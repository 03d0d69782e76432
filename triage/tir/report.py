"""A bug report on a finding in TIR, in Markdown, for a person to check and file. Nothing is ever filed from here.

Its sections are those that TVM's form asks for, and what shows which pass is to blame.
"""

from __future__ import annotations

import platform
from typing import Any

from tensorsmith.ir.pipeline import Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.ir.tir_constructs import constructs
from tensorsmith.oracles.verdict import DEATHS, Verdict
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.targets.tvm.passes.ends import is_end, makes_native_code
from tensorsmith.triage.facts import NOTHING, Facts, sections_of
from tensorsmith.triage.tir.function_source import function_source, tvm_script
from tensorsmith.triage.tir.pipeline import explicit, program_after
from tensorsmith.triage.tir.versions import versions

_TITLES = {
    "wrong-result": "changes what the program computes",
    "error": "raises on a well-formed program",
    "ill-formed": "gives an ill-formed program",
    "crash": "crashes",
    "hang": "hangs",
    "memory": "runs out of memory",
}
# By what makes it, where it is not made in TVM's default way.
_OF = {"build:c": " of the C that TVM writes", "codegen": " of the least lowering"}
_OF["codegen:c"] = f"{_OF['build:c']},{_OF['codegen']}"
_LONGEST = 4000
# The evidence that says what was expected.
_EXPECTED = "expected"


def report_tir(
    case: TirCase, verdict: Verdict, script: str | None, reproduced: tuple[int, int], facts: Facts = NOTHING
) -> str:
    """The report.

    Args:
        case: the reduced test case.
        verdict: how it fails.
        script: one of those of `repro.scripts` that has shown the failure; None if none has.
        reproduced: in how many of how many fresh processes it failed again.
        facts: what else was found out.

    Raises:
        InvalidInputError: the program is not what this version of TVM knows.
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has nothing to report")
    again, of = reproduced
    shown = f"Exit code 1: the bug is there, 0: it is not.\n\n```python\n{script}```" if script else _NO_SCRIPT
    sections = [
        f"# {title(case, verdict)}",
        f"It failed again in {again} of {of} fresh processes{'' if again == of else ': it is flaky'}. "
        "Found by a compiler fuzzer (tensorsmith) and reduced by it; this text is a draft that it wrote.",
        f"## Expected behavior\n\n{_expected(verdict)}",
        f"## Actual behavior\n\n{_description(case, verdict)}\n\n{_evidence(verdict)}",
        "## Environment\n\n" + "\n".join(f"- {name}: {value}" for name, value in _versions()),
        f"## Steps to reproduce\n\n{shown}",
        *_programs(case, verdict),
        f"## Pipeline\n\n{_pipeline(case, verdict)}",
        *sections_of(facts),
        "## Triage\n\n- needs-triage\n- type: bug" + (f"\n- guilty: `{verdict.guilty}`" if verdict.guilty else ""),
    ]
    return "\n\n".join(sections) + "\n"


def title(case: TirCase, verdict: Verdict) -> str:
    """One line: the pass, what it does wrong, and on which constructs."""
    found = constructs(case.program.json)
    named = ", ".join(found[:4]) + (" ..." if len(found) > 4 else "")
    native = makes_native_code(verdict.guilty)
    who = f"compiled code{_OF.get(verdict.guilty, '')}" if native else verdict.guilty
    what = _TITLES.get(verdict.kind or "", "fails")
    if native:
        what = {"wrong-result": "gives other values than the program", "error": "cannot be made"}.get(
            verdict.kind or "", what
        )
    channel = f" ({verdict.channel})" if verdict.channel not in ("", "values") else ""
    return f"[{case.target}] {who or 'TVM'} {what}{channel}: {named or 'plain stores'}"


def _description(case: TirCase, verdict: Verdict) -> str:
    exception = f"`{verdict.exception}`: " if verdict.exception else ""
    where = f" Raised in {', '.join(f'`{frame}`' for frame in verdict.frames)}." if verdict.frames else ""
    guilty = f", in `{verdict.guilty}`" if verdict.guilty else ""
    return f"`{case.target}` on {case.device}: {verdict.kind}{guilty}. {exception}{verdict.message}{where}"


def _expected(verdict: Verdict) -> str:
    judged = {
        "wrong-result": "The program is well-formed, and a strict reference interpreter finds nothing undefined in it: "
        "it means the same after every pass.",
        "error": "The program is well-formed and its result is defined.",
        "ill-formed": "`verify_well_formed` accepts the program before the pass, and after the pass.",
    }.get(verdict.kind or "", "The program is well-formed and its result is defined.")
    values = dict(verdict.evidence).get(_EXPECTED, "")
    return f"{judged}\n\n```\n{values.strip()}\n```" if values else judged


def _evidence(verdict: Verdict) -> str:
    parts: list[str] = []
    for name, text in verdict.evidence:
        if name == _EXPECTED:
            continue
        shown = text if len(text) <= _LONGEST else "...\n" + text[-_LONGEST:]
        parts.append(f"{name}:\n\n```\n{shown.strip()}\n```")
    return "\n\n".join(parts)


def _programs(case: TirCase, verdict: Verdict) -> list[str]:
    """The program, as it is before the guilty pass if passes run before that, and after it if it gives one."""
    function = to_function(case.program)
    sections = [_program("Program", function.func)]
    _, passes = explicit(case)
    place = next((place for place, step in enumerate(passes) if step.name == verdict.guilty), None)
    if place is None or is_end(passes[place]):
        return sections
    before = program_after(case, passes[:place])
    # What the process died of is not to be run in this one.
    after = program_after(case, passes[: place + 1]) if verdict.kind not in DEATHS else None
    if place and before is not None:
        sections.append(_program(f"Before `{verdict.guilty}`", before.func))
    if after is not None:
        sections.append(_program(f"After `{verdict.guilty}`", after.func))
    return sections


def _program(name: str, func: Any) -> str:
    bare = func.without_attr("target")
    text = tvm_script(bare) or adapter.script(bare) or function_source(bare).text
    return f"## {name}\n\n```python\n{text.strip()}\n```"


def _pipeline(case: TirCase, verdict: Verdict) -> str:
    if not case.pipeline.steps:
        return f"The default one, pass by pass; `{verdict.guilty}` is the first that fails."
    return "\n".join(f"- {_step(step)}" for step in case.pipeline.steps)


def _step(step: Step) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in step.parameters)
    return f"`{step.name}`" + (f": {given}" if given else "")


def _versions() -> tuple[tuple[str, str], ...]:
    return (*versions(), ("platform", platform.platform()))


_NO_SCRIPT = "None that needs TVM alone shows the failure: replay the test case."
