"""Reduction of a failing test of TIR in a process of its own, because a candidate may crash or hang TVM.

Most failures crash nothing, and then all candidates are judged in one child, hundreds a second. A candidate that the
child dies of, or that takes too long there, is judged in a child of its own, and the next child goes on where the
last one was, from what it had noted. If the failure is a death, or if many candidates are, each gets a child.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tensorsmith.ir.cases import decode, encode
from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.tir.judge import judge_tir, sane_tir
from tensorsmith.oracles.verdict import DEATHS, Verdict
from tensorsmith.targets.isolation import Completed, Died, Limits, run_isolated
from tensorsmith.targets.tvm.passes.ends import step_name
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.search import OutOfTime, Progress, Reduced
from tensorsmith.triage.tir.blame import usual_suspect
from tensorsmith.triage.tir.pipeline import explicit
from tensorsmith.triage.tir.reduce import reduce_tir

# What a child that reduces may take to end after its deadline, in seconds.
_SLACK = 30.0
# After so many children that died of a candidate, each candidate gets a child.
CHILDREN = 6
# The candidate that a child is at.
CANDIDATE = "candidate.json"

_decoder = msgspec.json.Decoder(Reduced[TirCase])


def reduce_tir_isolated(
    case: TirCase,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
    memory: Memory | None = None,
    workers: int = 1,
) -> Reduced[TirCase]:
    """Reduce a failing test case of TIR.

    Args:
        case: the test case.
        verdict: how it fails at these limits.
        limits: of one run.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge, in whichever process that is.
        memory: what is known of candidates already, and where to keep what becomes known.
        workers: how many candidates may be judged at once where each has a process of its own.

    Raises:
        ValueError: the verdict is no failure.
    """

    def judge(candidate: TirCase) -> Verdict:
        return judge_isolated(candidate, limits)

    known = Memory() if memory is None else memory
    if verdict.kind in DEATHS:
        return reduce_tir(case, verdict, judge, deadline_seconds, on_progress, known, workers=workers)
    ends = time.monotonic() + deadline_seconds
    with tempfile.TemporaryDirectory(prefix="tensorsmith-reduce-") as folder:
        # Without a folder of its own, what one child noted is to reach the next all the same.
        noted = known if known.folder is not None else Memory(Path(folder))
        try:
            for _ in range(CHILDREN):
                reduced = _in_a_child(case, verdict, limits, ends - time.monotonic(), on_progress, noted, Path(folder))
                if reduced is not None:
                    return reduced
        except KeyboardInterrupt:
            noted.refresh()
            return _as_remembered(case, verdict, noted)
        return _reduce_and_blame(case, verdict, judge, ends - time.monotonic(), on_progress, noted, workers)


def _in_a_child(
    case: TirCase,
    verdict: Verdict,
    limits: Limits,
    seconds: float,
    on_progress: Callable[[Progress], None] | None,
    memory: Memory,
    folder: Path,
) -> Reduced[TirCase] | None:
    """Reduce in one child; None if it died of a candidate, whose verdict is then remembered."""
    at = folder / CANDIDATE

    def judge(candidate: TirCase) -> Verdict:
        at.write_bytes(encode(candidate))
        signal.setitimer(signal.ITIMER_REAL, limits.seconds)
        try:
            return judge_tir(candidate)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def work() -> bytes:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # of which the child dies, whatever TVM is doing
        return msgspec.json.encode(_reduce_and_blame(case, verdict, judge, seconds, on_progress, memory))

    at.unlink(missing_ok=True)
    ended = run_isolated(work, Limits(max(0.0, seconds) + limits.seconds + _SLACK, limits.rss_bytes))
    memory.refresh()
    if not isinstance(ended, Died):
        return _decoder.decode(ended.payload)
    if at.exists():
        candidate = decode(at.read_bytes())
        memory.note(candidate.id, judge_isolated(candidate, limits))
    return None


def _as_remembered(case: TirCase, verdict: Verdict, memory: Memory) -> Reduced[TirCase]:
    """How far a reduction came whose process is gone."""

    def stop(candidate: TirCase) -> Verdict:
        raise OutOfTime(candidate.id)

    return reduce_tir(case, verdict, stop, _SLACK, memory=memory)


def seconds_without(case: TirCase, guilty: str, limits: Limits) -> float | None:
    """How long a test case takes to be judged up to a step; None if it does not end even so.

    Args:
        case: the test case.
        guilty: the step before which it ends.
        limits: of the run.
    """
    settings, passes = explicit(case)
    before = tuple(takewhile(lambda step: step.name != step_name(guilty), passes))
    shorter = replace(case, pipeline=Pipeline((*settings, *before)))

    def judged() -> bytes:
        # A pipeline without passes is the default one.
        return msgspec.json.encode(judge_tir(shorter) if before else sane_tir(shorter))

    ended = run_isolated(judged, limits)
    return ended.seconds if isinstance(ended, Completed) else None


def _reduce_and_blame(
    case: TirCase,
    verdict: Verdict,
    judge: Callable[[TirCase], Verdict],
    seconds: float,
    on_progress: Callable[[Progress], None] | None,
    memory: Memory,
    workers: int = 1,
) -> Reduced[TirCase]:
    """Reduce, and once more if a plainer pass is to blame."""
    reduced = reduce_tir(case, verdict, judge, seconds, on_progress, memory, workers=workers)
    plainer = usual_suspect(reduced.case, reduced.verdict, judge)
    if plainer is None:
        return reduced
    again = reduce_tir(*plainer, judge, seconds, on_progress, memory, workers=workers)
    return replace(again, calls=reduced.calls + again.calls, slipped=reduced.slipped + again.slipped)
