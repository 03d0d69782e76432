"""ONNX Runtime: the lowest level of optimization that fails, then the optimizers of that level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.onnxruntime.knobs import DEFAULT_LEVEL, LEVEL, LEVELS, optimizers_of
from tensorsmith.targets.onnxruntime.session import level_of
from tensorsmith.triage.bisect.result import Levels, Outcome, Run
from tensorsmith.triage.bisect.runs import Runs, check


def bisect_levels(case: TestCase, runs: Runs) -> Levels:
    """Try the levels of optimization, the least first, until one fails as the test case does; then switch off, at that
    level, the optimizers that it adds, and find the fewest of them without which it passes.

    Args:
        case: fails at its own level, which is the highest that is tried; its other settings are kept.
        runs: judges it.

    Raises:
        OutOfTime: time is up.
    """
    kept = tuple(step for step in case.pipeline.steps if step.name != LEVEL)
    names = [*LEVELS, DEFAULT_LEVEL]
    own = level_of(case.pipeline) or DEFAULT_LEVEL

    def attempt(level: str, off: Sequence[str] = (), again: str = "") -> Run:
        steps = (*_level(level), *kept, *(Step(name, (("value", False),)) for name in off))
        return runs.run(again + _name(level, off), replace(case, pipeline=Pipeline(steps)))

    tried: list[Run] = []
    for level in names[: names.index(own) + 1]:
        tried.append(replace(attempt(level), name=level))
        if tried[-1].outcome == "fails":
            break
    else:
        return Levels(tuple(tried))
    below = tried[-2].name if len(tried) > 1 and tried[-2].outcome == "passes" else ""
    fails = partial(_outcome, attempt, level)
    passing = partial(_outcome, attempt, below) if below else None
    found = Levels(tuple(tried), level, check(fails, passing))
    optimizers = [name for name in optimizers_of(level) if name not in {step.name for step in kept}]
    off = fewest_off(optimizers, lambda names: attempt(level, names).outcome == "passes")
    if not off:
        return replace(found, tried=len(optimizers))
    return replace(
        found, tried=len(optimizers), off=off, off_check=check(fails, partial(_outcome, attempt, level, off))
    )


def fewest_off(optimizers: Sequence[str], passes: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Optimizers that make it pass if they are switched off together, and without any of which it fails; none if it
    fails with all of them off.

    Halves first, as it is mostly a single one.
    """
    if not optimizers or not passes(optimizers):
        return ()
    left = list(optimizers)
    while len(left) > 1:
        middle = len(left) // 2
        half = next((one for one in (left[:middle], left[middle:]) if passes(one)), None)
        if half is None:
            break
        left = half
    else:
        return tuple(left)
    for name in tuple(left):
        rest = [one for one in left if one != name]
        if passes(rest):
            left = rest
    return tuple(left)


def _outcome(attempt: Callable[..., Run], level: str, off: Sequence[str] = ()) -> Outcome:
    return attempt(level, off, "again: ").outcome


def _name(level: str, off: Sequence[str]) -> str:
    without = ", ".join(off) if len(off) < 4 else f"{len(off)} optimizers, {off[0]} to {off[-1]}"
    return f"{LEVEL}={level!r}" + (f" without {without}" if off else "")


def _level(level: str) -> tuple[Step, ...]:
    return () if level == DEFAULT_LEVEL else (Step(LEVEL, (("value", level),)),)
