"""`tensorsmith check`."""

from __future__ import annotations

from typing import Any

import typer

from tensorsmith.fuzz.cli.cases import named_case
from tensorsmith.fuzz.cli.judging import make_ready
from tensorsmith.fuzz.cli.options import (
    CampaignOption,
    CaseArgument,
    ImportOption,
    InputsOption,
    JsonOption,
    MemoryOption,
    TargetOption,
    TestTimeoutOption,
    import_first,
    limits,
)
from tensorsmith.fuzz.cli.output import FAULT_EXIT_CODE, print_json
from tensorsmith.ir.cases import Case, size_of, size_unit
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Outcome, Verdict

EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "invalid": 2, "limitation": 3}

# What can be done about a program that says nothing, by the reason.
REMEDIES = {
    "random": "call .eval() on a model with dropout; give random numbers as inputs",
    "nonfinite": "give other example inputs",
    "eager-error": "give other example inputs",
}


def check(
    name: CaseArgument,
    campaign: CampaignOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
    json: JsonOption = False,
) -> None:
    """Judge one program with every oracle that applies, in a fresh process, and say what differs.

    Exit codes: 0 nothing is wrong, 1 it fails, 2 it says nothing (eager fails, its result is random or undefined), 3
    the compiler says that it does not support it, or cannot run here.

    Example: tensorsmith check model.py:fn --input 'f32[4, 8]'
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    case = named_case(name, campaign, target, inputs or ())

    from tensorsmith.oracles.judge import HARNESS_ERROR, judge_isolated

    make_ready(case.target, case.device)
    verdict = judge_isolated(case, allowed)
    if verdict.reason == HARNESS_ERROR:
        typer.echo(verdict.message, err=True)
        raise typer.Exit(FAULT_EXIT_CODE)
    if json:
        print_json(_described(name, case, verdict))
    else:
        print("\n".join(_lines(name, case, verdict)))
    raise typer.Exit(EXIT_CODES[verdict.outcome])


def _lines(name: str, case: Case, verdict: Verdict) -> list[str]:
    """What people are told: one line that says it all, then what is known of a failure."""
    where = f"{name}: {case.target} on {case.device}, {size_of(case)} {size_unit(case)}"
    first_line = _short(verdict.message.split("\n")[0], 300)
    if verdict.outcome == "pass":
        return [f"passes {where}; judged by {', '.join(_oracles(case))}"]
    if verdict.outcome == "invalid":
        why = " ".join(part for part in (verdict.reason, f"({first_line})" if first_line else "") if part)
        remedy = REMEDIES.get(verdict.reason)
        return [f"says nothing {where}: {why}{f'; {remedy}' if remedy else ''}"]
    if verdict.outcome == "limitation":
        return [f"unsupported {where}: {first_line or verdict.reason}"]
    facts = {
        "kind": verdict.kind or "",
        "channel": verdict.channel,
        "guilty": verdict.guilty,
        "exception": verdict.exception,
        "frames": ", ".join(verdict.frames),
        "message": first_line,
    }
    evidence = {fact: _short(" ".join(text.split()), 120) for fact, text in verdict.evidence if fact != "traceback"}
    shown = {fact: text for fact, text in (facts | evidence).items() if text}
    return [f"FAILS {where}", *(f"  {fact:<10} {text}" for fact, text in shown.items())]


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]} ..."


def _described(name: str, case: Case, verdict: Verdict) -> dict[str, Any]:
    return {
        "case": name,
        "id": case.id,
        "target": case.target,
        "device": case.device,
        "size": size_of(case),
        "unit": size_unit(case),
        "oracles": _oracles(case),
        "outcome": verdict.outcome,
        "oracle": verdict.oracle,
        "reason": verdict.reason,
        "kind": verdict.kind,
        "channel": verdict.channel,
        "guilty": verdict.guilty,
        "message": verdict.message,
        "exception": verdict.exception,
        "frames": verdict.frames,
        "evidence": dict(verdict.evidence),
    }


def _oracles(case: Case) -> list[str]:
    """The names of the oracles that judge a case where none before them finds something."""
    from tensorsmith.oracles import death, devices
    from tensorsmith.oracles.registry import all_oracles
    from tensorsmith.oracles.tir import native
    from tensorsmith.targets.registry import graph_target
    from tensorsmith.targets.tvm.passes.ends import is_end
    from tensorsmith.targets.tvm.passes.settings import passes_in

    if isinstance(case, TirCase):
        steps = passes_in(case.pipeline)
        built = not steps or is_end(steps[-1])
        return [one.name for one in all_oracles() if one.judge is None and (built or one.name != native.NAME)]
    gives = graph_target(case.target).gives
    other = devices.NAME if case.device == "cpu" else None
    judges = [one.name for one in all_oracles() if one.judge is not None and one.gives == gives and one.name != other]
    return [death.NAME, *judges]
