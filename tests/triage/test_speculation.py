"""Judging ahead on idle workers gives what judging one by one gives, and candidates that hang or crash cost little."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tensorsmith.ir.cases import operators_of
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import HARNESS_ERROR, judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.triage.memory import TRIED, Memory
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.reduce_isolated import CANDIDATE_SECONDS, candidate_limits, reduce_isolated
from tensorsmith.triage.speculation import Lookahead, Speculation
from tests.triage.programs import TARGET, chain, random_program
from tests.triage.test_reduce import contains, wrong


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_find_what_one_finds(workers: int, tmp_path: Path) -> None:
    case = random_program(3, 30)
    judge = contains("relu", "mul")
    alone = reduce_case(case, wrong(), judge, 60)
    together = reduce_case(case, wrong(), judge, 60, memory=Memory(tmp_path), workers=workers)
    assert (together.case, together.calls, together.minimal) == (alone.case, alone.calls, True)
    assert len((tmp_path / TRIED).read_bytes().splitlines()) == alone.calls + 1
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # no process is left


def test_candidates_that_may_come_are_judged_at_the_same_time(tmp_path: Path) -> None:
    """Each of two judges waits for the other: one by one they would never end."""

    def judge(case: TestCase) -> Verdict:
        (tmp_path / case.id).touch()
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        return wrong()

    first, second = chain("sin"), chain("cos")
    speculation = Speculation(judge, 2)
    speculation.expect([first, second])
    assert speculation.judge(first) == wrong()
    assert speculation.judge(second) == wrong()
    speculation.close()


def test_what_is_not_expected_any_more_is_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def judge(case: TestCase) -> Verdict:
        if operators_of(case) == ("aten.sin.default",):
            pids.write_text(str(os.getpid()))
            time.sleep(3600)
        while not pids.exists():
            time.sleep(0.01)
        return wrong()

    speculation = Speculation(judge, 2)
    speculation.expect([chain("cos"), chain("sin")])
    assert speculation.judge(chain("cos")) == wrong()
    while not pids.read_text():
        time.sleep(0.01)
    speculation.expect([chain("abs")])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)
    speculation.close()


def test_a_judge_that_dies_says_nothing() -> None:
    def judge(case: TestCase) -> Verdict:
        os.kill(os.getpid(), signal.SIGKILL)
        return wrong()

    speculation = Speculation(judge, 2)
    assert speculation.judge(chain("cos")).oracle == HARNESS_ERROR


def test_looking_ahead_is_what_comes_if_nothing_is_taken() -> None:
    made: list[int] = []

    def numbers() -> Generator[int, bool, None]:
        at = 0
        while at < 20:
            made.append(at)
            at += 5 if (yield at) else 1

    ahead = Lookahead(numbers)
    assert list(ahead.upcoming(3)) == [1, 2, 3]
    ahead.answered(False)  # 0
    assert list(ahead.upcoming(3)) == [2, 3, 4]
    assert made == [0, 1, 2, 3, 4], "nothing is made twice as long as nothing is taken"
    ahead.answered(True)  # 1
    assert list(ahead.upcoming(2)) == [7, 8]
    ahead.answered(False)  # 6
    ahead.answered(False)
    ahead.answered(False)
    assert list(ahead.upcoming(2)) == [10, 11]


def test_the_time_of_a_candidate_follows_from_the_first_run() -> None:
    limits = Limits(60.0)
    assert candidate_limits(limits, None) == limits
    assert candidate_limits(limits, 4.0) == Limits(20.0)
    assert candidate_limits(limits, 0.1) == Limits(CANDIDATE_SECONDS)
    assert candidate_limits(limits, 30.0) == limits


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_candidates_that_hang_or_crash_cost_their_time_only(workers: int, tmp_path: Path) -> None:
    """Without abs, the backend dies of exp after neg, and hangs on cos after neg."""
    find_target(TARGET).warm()
    case = chain("neg", "abs", "exp", "sigmoid", "neg", "abs", "cos", "sigmoid", "tanh")
    verdict = judge_isolated(case, Limits())
    assert verdict.kind == "error"
    memory = Memory(tmp_path)
    reduced, again = reduce_isolated(case, verdict, Limits(), 300.0, memory=memory, workers=workers, first_seconds=0.1)
    assert operators_of(reduced.case) == ("aten.sigmoid.default", "aten.tanh.default")
    assert (reduced.minimal, again) == (True, (2, 2))


@pytest.mark.slow
def test_a_candidate_that_hangs_or_crashes_is_a_failure_of_its_own(tmp_path: Path) -> None:
    """What hangs and what dies is judged, remembered and left behind."""
    find_target(TARGET).warm()
    candidates = [chain("neg", op) for op in ("cos", "exp", "sin")]
    case = chain("neg", "cos", "exp", "sigmoid", "tanh")
    verdict = judge_isolated(chain("sigmoid", "tanh"), Limits())
    seen: list[str] = []

    def judge(candidate: TestCase) -> Verdict:
        seen.append(candidate.id)
        return judge_isolated(candidates[len(seen) - 1], Limits(2.0)) if len(seen) <= 3 else verdict

    reduced = reduce_case(case, verdict, judge, 120, memory=Memory(tmp_path))
    assert [found.kind for _, found in reduced.slipped][:3] == ["hang", "crash", "wrong-result"]
    assert reduced.minimal
    assert Memory(tmp_path).recall(seen[0]) is not None
