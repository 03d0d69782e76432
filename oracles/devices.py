"""What runs on an accelerator against eager on the CPU: a kernel that is wrong there may be wrong in eager as well."""

from __future__ import annotations

import msgspec

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.differential import compare
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.observation import Observation, observe
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.api import Runnable, Target
from tensorsmith.targets.eager import Eager

NAME = "devices"


def judge_call(case: TestCase, expected: Observation, run: Runnable, target: Target) -> Verdict:
    """Compare one call of what was compiled for another device than the CPU with what eager gives on the CPU."""
    return passed(NAME) if case.device == "cpu" else compared_with_cpu(case, run, target)


def compared_with_cpu(case: TestCase, run: Runnable, target: Target) -> Verdict:
    """Compare one run with eager on the CPU, by the rules of the differential oracle.

    A program that eager does not run on the CPU passes: there is nothing to compare with.
    """
    on_cpu = msgspec.structs.replace(case, device="cpu")
    try:
        want = observe(Eager().compile(on_cpu), on_cpu)
    except Exception:
        return passed(NAME)
    try:
        got = observe(run, case)
    except Exception as error:
        return failed_with(NAME, error, target)
    moved = Observation(tuple(o.cpu() for o in got.outputs), tuple(i.cpu() for i in got.inputs_after), got.aliases)
    verdict = compare(on_cpu, want, moved)
    return msgspec.structs.replace(verdict, oracle=NAME)
