"""What `reduce`, `report` and `replay` begin with: a compiler that is loaded, a test case that must fail here."""

from __future__ import annotations

import contextlib
import time

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import Device
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits


def make_ready(target: str, device: Device) -> None:
    """Load a compiler into this process, so that the children that judge need not.

    Raises:
        InvalidInputError: there is no such target.
        EnvironmentLacksError: it cannot run here.
    """
    from tensorsmith.targets.registry import usable_target

    found = usable_target(target, device)
    # A compiler that fails on the first program is one to be judged, and not an obstacle.
    with contextlib.suppress(Exception):
        found.warm()


def failing_verdict(case: Case, name: str, limits: Limits) -> Verdict:
    """Judge a test case in a child of this process, which loads the compiler first; `name` is for errors.

    Raises:
        InvalidInputError: it does not fail; the message says what it does instead.
        EnvironmentLacksError: its target cannot run here.
    """
    return timed_failing_verdict(case, name, limits)[0]


def timed_failing_verdict(case: Case, name: str, limits: Limits) -> tuple[Verdict, float]:
    """As `failing_verdict`, and how many seconds judging took without loading the compiler."""
    from tensorsmith.oracles.judge import judge_isolated

    make_ready(case.target, case.device)
    started = time.monotonic()
    verdict = judge_isolated(case, limits)
    seconds = time.monotonic() - started
    if verdict.outcome != "fail":
        why = ", ".join(part for part in (verdict.reason, verdict.message.split("\n")[0]) if part)
        raise InvalidInputError(
            f"{name}: does not fail on {case.target} here: {verdict.outcome}{f' ({why})' if why else ''}"
        )
    return verdict, seconds
