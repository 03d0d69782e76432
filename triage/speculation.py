"""Judging ahead: while one candidate is judged, those that follow if it is not taken are judged on idle workers."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.judge import HARNESS_ERROR
from tensorsmith.oracles.verdict import Verdict, invalid
from tensorsmith.targets.isolation import die_with_parent

C = TypeVar("C", bound=Case)
_Candidate = TypeVar("_Candidate")

_decoder = msgspec.json.Decoder(Verdict)


@dataclass(frozen=True)
class _Job:
    """A forked process that judges one candidate and says the verdict into a pipe."""

    pid: int
    reader: int


class Speculation(Generic[C]):
    """Up to `workers` processes that judge at the same time.

    Args:
        judge: judges a candidate in a process that may die.
        workers: how many at once.
    """

    def __init__(self, judge: Callable[[C], Verdict], workers: int) -> None:
        self._judge = judge
        self._workers = workers
        self._jobs: dict[str, _Job] = {}

    def expect(self, cases: Iterable[C]) -> None:
        """Begin to judge what comes next, as far as there are workers; what is not among it any more is ended."""
        wanted: dict[str, C] = {}
        for case in cases:
            wanted[case.id] = case
            if len(wanted) == self._workers:
                break
        for id_ in [id_ for id_ in self._jobs if id_ not in wanted]:
            self._end(self._jobs.pop(id_))
        for id_, case in wanted.items():
            if id_ not in self._jobs:
                self._jobs[id_] = self._start(case)

    def judge(self, case: C) -> Verdict:
        """The verdict on a candidate, which may be under way."""
        id_ = case.id
        if id_ not in self._jobs:
            self.expect([case])
        job = self._jobs[id_]
        with open(job.reader, "rb", closefd=False) as pipe:
            said = pipe.read()
        self._end(self._jobs.pop(id_))
        return _decoder.decode(said) if said else invalid(HARNESS_ERROR, HARNESS_ERROR, "the process that judges died")

    def close(self) -> None:
        """End what is under way."""
        while self._jobs:
            self._end(self._jobs.popitem()[1])

    def _start(self, case: C) -> _Job:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._child(case, writer)
        os.close(writer)
        return _Job(pid, reader)

    def _child(self, case: C, writer: int) -> None:
        try:
            die_with_parent()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            # So that what it has forked is ended with it.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
            said = msgspec.json.encode(self._judge(case))
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(said)
        finally:
            os._exit(0)

    def _end(self, job: _Job) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGTERM)
        os.close(job.reader)
        os.waitpid(job.pid, 0)


class Lookahead(Generic[_Candidate]):
    """What a reduction offers next as long as nothing is taken.

    A second run of the same reduction goes ahead of the first. When a candidate is taken after all, it is begun anew
    with the answers so far.

    Args:
        make: begins the reduction.
    """

    def __init__(self, make: Callable[[], Generator[_Candidate, bool, None]]) -> None:
        self._make = make
        self._answers: list[bool] = []
        self._ahead: Generator[_Candidate, bool, None] | None = None
        self._queue: deque[_Candidate] = deque()

    def answered(self, taken: bool) -> None:
        """The reduction's candidate was taken, or not."""
        self._answers.append(taken)
        if taken or not self._queue:
            self._ahead = None
            self._queue.clear()
        else:
            self._queue.popleft()

    def upcoming(self, most: int) -> Iterator[_Candidate]:
        """What follows the candidate that is not answered yet, if none of it is taken."""
        if self._ahead is None:
            self._ahead = self._make()
            next(self._ahead)
            for taken in self._answers:
                self._ahead.send(taken)
        for position in range(most):
            if position == len(self._queue):
                try:
                    self._queue.append(self._ahead.send(False))
                except StopIteration:
                    return
            yield self._queue[position]
