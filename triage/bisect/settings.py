"""Settings: which of the test case's own it takes to fail, and which single one it takes to pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tensorsmith.ir.pipeline import Step
from tensorsmith.targets.api import Knob
from tensorsmith.triage.bisect.result import Cure, Outcome, Settings
from tensorsmith.triage.bisect.runs import check

# How the test case ends with these settings in the place of its own; the text is for people.
Try = Callable[[str, tuple[Step, ...]], Outcome]


def bisect_settings(own: tuple[Step, ...], knobs: Sequence[Knob], attempt: Try) -> Settings:
    """Try settings.

    Args:
        own: of the test case, with which it fails.
        knobs: that the target has.
        attempt: runs the test case.

    Raises:
        OutOfTime: time is up.
    """
    needed = needed_of(own, attempt) if own else ()
    if needed:
        both = check(
            lambda: attempt(f"again: {words(needed)}", needed), lambda: attempt("again: the default settings", ())
        )
        return Settings(needed, both)
    cures: list[Cure] = []
    steps = [Step(knob.name, (("value", value),)) for knob in knobs for value in knob.values]
    for step in steps:
        if attempt(words((step,)), (step,)) != "passes":
            continue
        passes_again = partial(attempt, f"again: {words((step,))}", (step,))
        cures.append(Cure(step, check(lambda: attempt("again: the default settings", ()), passes_again)))
    return Settings(cures=tuple(cures), tried=len(steps))


def needed_of(own: tuple[Step, ...], attempt: Try) -> tuple[Step, ...]:
    """Settings without any of which the test case does not fail; none if it fails by default.

    Raises:
        OutOfTime: time is up.
    """
    if attempt("the default settings", ()) == "fails":
        return ()
    for step in own if len(own) > 1 else ():
        if attempt(words((step,)), (step,)) == "fails":
            return (step,)
    kept = own
    while True:
        for step in kept if len(kept) > 1 else ():
            rest = tuple(one for one in kept if one is not step)
            if attempt(words(rest), rest) == "fails":
                kept = rest
                break
        else:
            return kept


def words(steps: tuple[Step, ...]) -> str:
    """Steps in one line."""
    return ", ".join(_word(step) for step in steps) or "none"


def _word(step: Step) -> str:
    parameters = dict(step.parameters)
    if set(parameters) == {"value"}:
        return f"{step.name}={parameters['value']!r}"
    given = ", ".join(f"{name}={value!r}" for name, value in step.parameters)
    return f"{step.name}({given})" if given else step.name
