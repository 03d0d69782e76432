"""torch's own compiler bisector, with our judge as its test: which part of a backend, and which application of it.

It runs in a process of its own, because it keeps its state in classes and files; every run of the judge is a child of
that. It knows good and bad only: what fails in another way, or says nothing, is bad, so that nothing but a pass speaks
for a part. Its answer is tried anew in the way that its documentation gives to people: by TORCH_BISECT_MAX.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
from msgspec.structs import replace
from torch._functorch import config as functorch_config
from torch._inductor import compiler_bisector
from torch._inductor.compiler_bisector import BACKENDS, BisectionResult, CompilerBisector, ConfigChange

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.triage.bisect.backends import target_of
from tensorsmith.triage.bisect.result import Check, Outcome, Run, Subsystem
from tensorsmith.triage.bisect.runs import OutOfTime, Runs, check

# More runs than one bisection makes: for each of some ten subsystems one, then some ten to find the application.
_MOST_RUNS = 60
# As torch writes an overload.
_OVERLOAD = re.compile(r"<OpOverload\(op='([^']+)', overload='([^']+)'\)>")
BACKEND, NAME, MOST = "TORCH_BISECT_BACKEND", "TORCH_BISECT_SUBSYSTEM", "TORCH_BISECT_MAX"


class _Driven(msgspec.Struct, frozen=True):
    answer: Subsystem | None


_driven = msgspec.json.Decoder(_Driven)
_run = msgspec.json.Decoder(Run)


def has_subsystems(backend: str) -> bool:
    """Whether the bisector knows parts of a backend."""
    return bool(BACKENDS.get(backend))


def bisect_backend(case: TestCase, backend: str, runs: Runs) -> Subsystem:
    """Which part of a backend makes the test case fail.

    Args:
        case: the test case, whose target does not matter.
        backend: the first of the ladder with which it fails.
        runs: that judge it; told of the runs also when this is interrupted.

    Raises:
        OutOfTime: time is up.
    """
    allowed = Limits(runs.limits.seconds * _MOST_RUNS, 2 * runs.limits.rss_bytes)
    case = replace(case, target=target_of(backend))
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as told:

        def driven() -> bytes:
            # Where it keeps its state, so that nothing is left if it is killed.
            CompilerBisector.in_process_cache = str(Path(directory) / "state")
            return msgspec.json.encode(_drive(case, backend, runs, told))

        try:
            ended = run_isolated(driven, allowed)
        finally:
            told.seek(0)
            runs.log += [_run.decode(line) for line in told]
    if isinstance(ended, Died):
        reason = ended.detail.strip().split("\n")[-1]
        return Subsystem(backend, problem=f"torch's compiler bisector did not end ({ended.cause}): {reason}")
    answer = _driven.decode(ended.payload).answer
    if answer is None:
        raise OutOfTime
    return answer


def _drive(case: TestCase, backend: str, runs: Runs, told: IO[bytes]) -> _Driven:
    """In the process of its own."""
    screen, on_run = sys.stdout, runs.on_run

    def tell(run: Run) -> None:
        os.write(told.fileno(), msgspec.json.encode(run) + b"\n")
        with contextlib.redirect_stdout(screen):
            on_run(run)

    runs.on_run = tell
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            # Subsystems that make no difference: where none does, torch asks for each again and again.
            idle: set[str] = set()
            found = CompilerBisector.do_bisect(lambda: _is_fine(case, backend, runs, idle))
        except OutOfTime:
            return _Driven(None)
        except RuntimeError as error:  # it failed, and then did not with nothing changed
            return _Driven(Subsystem(backend, problem=f"flaky: {error}"))
        except Exception:
            return _Driven(Subsystem(backend, problem=traceback.format_exc().strip().split("\n")[-1]))
        try:
            return _Driven(_answer(found, case, backend, runs))
        except OutOfTime:
            return _Driven(None)


def _is_fine(case: TestCase, backend: str, runs: Runs, idle: set[str]) -> bool:
    at = CompilerBisector.get_backend() or ""
    subsystem = CompilerBisector.get_subsystem()
    if subsystem is None:
        # The ladder is known. What is not on it finds faults in eager's kernels, not in compilers.
        return at != backend
    if subsystem in idle:
        return False
    state = CompilerBisector.get_run_state(at, subsystem)
    how = {"test_disable": "without", "find_max_bounds": "with all of", "bisect": "with some of"}[state or "bisect"]
    if state == "bisect":
        low, high = CompilerBisector.get_bisect_range(at, subsystem)
        how = f"with {(low + high) // 2 + 1} of at most {high + 1}"
    fine = runs.run(f"{how} {subsystem}", case).outcome == "passes"
    if state == "test_disable" and not fine:
        idle.add(subsystem)
    return fine


def _answer(found: BisectionResult | None, case: TestCase, backend: str, runs: Runs) -> Subsystem:
    if found is None or found.backend != backend or found.subsystem is None:
        return Subsystem(backend, problem="none of the parts that torch can switch off makes a difference")
    part = next(one for one in BACKENDS[backend] if one.name == found.subsystem)
    if isinstance(part, ConfigChange):
        setting = f"{_module(part)}.{part.config_field} = {part.config_value!r}"
        both = _checked_setting(part, case, runs)
        return Subsystem(backend, found.subsystem, setting=setting, check=both, problem=_problem(both))
    number = found.bisect_number or 0
    both = _checked_number(found.subsystem, number, case, backend, runs)
    what = _OVERLOAD.sub(r"\1.\2", found.debug_info or "")
    return Subsystem(backend, found.subsystem, number, what, check=both, problem=_problem(both))


def _problem(both: Check) -> str:
    return "" if both.holds else "its answer does not hold when it is tried anew"


def _module(part: ConfigChange) -> str:
    return "torch._inductor.config" if part.config_name == "inductor" else "torch._functorch.config"


def _checked_number(subsystem: str, number: int, case: TestCase, backend: str, runs: Runs) -> Check:
    def at_most(count: int) -> Outcome:
        with _environment({BACKEND: backend, NAME: subsystem, MOST: str(count)}):
            return runs.run(f"{MOST}={count}", case).outcome

    return check(lambda: at_most(number), lambda: at_most(number - 1))


def _checked_setting(part: ConfigChange, case: TestCase, runs: Runs) -> Check:
    def changed() -> Outcome:
        if part.config_name == "inductor":
            step = Step(part.config_field, (("value", part.config_value),))  # type: ignore[arg-type]
            return runs.run(f"again: {part.name}", replace(case, pipeline=_plus(case.pipeline, step))).outcome
        with functorch_config.patch({part.config_field: part.config_value}):
            return runs.run(f"again: {part.name}", case).outcome

    return check(lambda: runs.run("again: as it was", case).outcome, changed)


def _plus(pipeline: Pipeline, step: Step) -> Pipeline:
    return Pipeline((*(one for one in pipeline.steps if one.name != step.name), step))


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Bisect by the environment: torch reads it once, and when it is imported."""
    os.environ.update(values)
    compiler_bisector.get_env_val.cache_clear()
    CompilerBisector.bisection_enabled = True
    try:
        yield
    finally:
        CompilerBisector.bisection_enabled = False
        for name in values:
            del os.environ[name]
        compiler_bisector.get_env_val.cache_clear()
