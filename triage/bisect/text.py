"""What a bisection found out, in words: lines for a terminal, a section for a report."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm.passes.ends import makes_native_code
from tensorsmith.triage.bisect.result import (
    Backends,
    Bisected,
    Check,
    Levels,
    Passes,
    Releases,
    Run,
    Settings,
    Subsystem,
)
from tensorsmith.triage.bisect.settings import words

_OUTCOMES = {"fails": "fails", "passes": "passes", "otherwise": "fails otherwise", "nothing": "says nothing"}


def first_line(verdict: Verdict) -> str:
    """A failure in one line."""
    parts = (verdict.kind, verdict.channel, verdict.exception, verdict.message.split("\n")[0][:200])
    return " ".join(part for part in parts if part)


def run_text(run: Run) -> str:
    """A run in one line."""
    return f"{run.name}: {_ended(run)}"


def answers(found: Bisected) -> list[str]:
    """What was found out, an answer in a line; each says how often it was tried again."""
    lines: list[str] = []
    if found.backends is not None:
        lines += _backends(found.backends)
    if found.subsystem is not None:
        lines += _subsystem(found.subsystem)
    if found.settings is not None:
        lines += _settings(found.settings)
    if found.levels is not None:
        lines += _levels(found.levels)
    if found.passes is not None:
        lines += _passes(found.passes)
    if found.releases is not None:
        lines += _releases(found.releases)
    if found.unfinished:
        passing = ", ".join(run.name for run in found.unfinished if run.outcome == "passes")
        lines.append(f"Not tried again: of the last {len(found.unfinished)} runs these passed: {passing or 'none'}.")
    return [*lines, *found.notes]


def to_markdown(found: Bisected) -> str:
    """What a section of a report says, without its heading."""
    parts = ["\n".join(f"- {line}" for line in answers(found))]
    if found.backends is not None:
        rows = [f"| `{run.name}` | {_ended(run)} |" for run in found.backends.runs]
        parts.append("\n".join(["| backend | outcome |", "|---|---|", *rows]))
    if found.levels is not None:
        rows = [f"| `{run.name}` | {_ended(run)} |" for run in found.levels.runs]
        parts.append("\n".join(["| graph_optimization_level | outcome |", "|---|---|", *rows]))
    if found.releases is not None and found.releases.ran:
        rows = [f"| {one.versions or 'unknown'} | {_outcome(one.outcome, one.said)} |" for one in found.releases.ran]
        parts.append("\n".join(["| release | outcome |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def _backends(found: Backends) -> Iterator[str]:
    if not found.guilty:
        return
    below = next((run.name for run in reversed(found.runs) if run.outcome == "passes"), "")
    passing = f"; `{below}` passes" if below else ""
    yield f"Backend: `{found.guilty}` is the first that fails{passing}.{_checked(found.check)}"


def _subsystem(found: Subsystem) -> Iterator[str]:
    if not found.name:
        yield f"torch's compiler bisector, in `{found.backend}`: {found.problem}."
        return
    if found.number is None:
        where = f"it passes with `{found.setting}` (`{found.name}` of `{found.backend}`)."
    else:
        flags = f"TORCH_BISECT_BACKEND={found.backend} TORCH_BISECT_SUBSYSTEM={found.name}"
        what = f": `{found.what}`" if found.what else ""
        where = (
            f"`{found.name}` of `{found.backend}`, number {found.number} counted from 0{what}. "
            f"With `{flags}` it fails at `TORCH_BISECT_MAX={found.number}` and passes at {found.number - 1}."
        )
    yield f"torch's compiler bisector: {where}{_checked(found.check)}"
    if found.problem:
        yield f"Do not rely on the compiler bisector here: {found.problem}."


def _settings(found: Settings) -> Iterator[str]:
    if found.needed:
        yield f"Settings: it takes `{words(found.needed)}` to fail; by default it passes.{_checked(found.check)}"
        return
    none = f"; none of {found.tried} tried singly makes it pass" if found.tried and not found.cures else ""
    yield f"Settings: it fails with the default ones{none}."
    for cure in found.cures:
        yield f"Setting: with `{words((cure.step,))}` alone it passes.{_checked(cure.check)}"


def _levels(found: Levels) -> Iterator[str]:
    if not found.guilty:
        yield "Level: none fails in the same way: it may be flaky."
        return
    if found.guilty == found.runs[0].name:
        yield (
            f"Level: it fails at `{found.guilty}` already: no optimizer is at fault, but a kernel or torch's exporter."
            f"{_checked(found.check)}"
        )
        return
    below = f"; `{found.runs[-2].name}` passes" if found.check and found.check.passed[1] else ""
    yield f"Level: `{found.guilty}` is the lowest that fails{below}.{_checked(found.check)}"
    if found.off:
        names = ", ".join(f"`{name}`" for name in found.off)
        yield f"Optimizer: at that level it passes without {names}.{_checked(found.off_check)}"
    elif found.tried:
        yield f"Optimizer: it fails without all {found.tried} that can be switched off at that level."


def _passes(found: Passes) -> Iterator[str]:
    if not found.guilty:
        yield "Pass: none can be blamed."
        return
    if makes_native_code(found.guilty):
        kept = f"; what the {found.of} passes leave is right" if found.check and found.check.passed[1] else ""
        yield f"Pass: none; the native code is at fault (`{found.guilty}`){kept}.{_checked(found.check)}"
    elif not found.prefix:
        yield f"Pass: `{found.guilty}`.{_checked(found.check)}"
    else:
        count = f"{len(found.prefix)} of {found.of}{' in the default pipeline' if found.default else ''}"
        alone = f"; by itself it fails {found.alone}" if found.alone else ""
        yield f"Pass: `{found.guilty}`, number {count}, is the first that fails{alone}.{_checked(found.check)}"
    if found.plainer:
        yield f"`{found.plainer}` alone fails in the same way: they may share the fault."


def _releases(found: Releases) -> Iterator[str]:
    named = {one.python: f"{one.versions or 'unknown versions'} ({one.python})" for one in found.ran}
    if not found.first_failing:
        if found.last_passing:
            yield f"Release: it does not fail in the newest that runs, {named[found.last_passing]}."
        elif found.ran:
            yield "Release: the script says nothing in any environment."
    elif not found.last_passing:
        yield f"Release: it fails in the oldest that runs, {named[found.first_failing]}.{_checked(found.check)}"
    else:
        yield (
            f"Release: {named[found.first_failing]} is the first that fails; {named[found.last_passing]} passes."
            f"{_checked(found.check)}"
        )
    for one in found.ran:
        if one.outcome == "nothing":
            yield f"Skipped: {named[one.python]}: {one.said}"
    if found.unknown and found.last_passing:
        yield "It may have come with one of those skipped: " + ", ".join(found.unknown)


def _checked(check: Check | None) -> str:
    if check is None:
        return ""
    passed = f", passes {check.passed[0]} of {check.passed[1]}" if check.passed[1] else ""
    flaky = "" if check.holds else " FLAKY."
    return f" (Fails {check.failed[0]} of {check.failed[1]}{passed}.){flaky}"


def _ended(run: Run) -> str:
    return _outcome(run.outcome, run.said)


def _outcome(outcome: str, said: str) -> str:
    return _OUTCOMES[outcome] + (f": {said}" if said else "")
