"""The engine: gives orders to workers, hears what happened, keeps what is worth keeping. It imports no compiler."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.lock import only_engine
from tensorsmith.corpus.operator_files import keep_operators
from tensorsmith.corpus.settings import Settings, installed_versions
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.budget import Budget
from tensorsmith.fuzz.deaths import blamed
from tensorsmith.fuzz.lessons import Lessons
from tensorsmith.fuzz.messages import (
    Announced,
    BatchDone,
    Covered,
    FuzzBatch,
    Judged,
    RunBatch,
    TriageAlarm,
    Triaged,
    WorkerFailed,
)
from tensorsmith.fuzz.native_turn import NativeTurn
from tensorsmith.fuzz.recall import recall_corpus
from tensorsmith.fuzz.schedules.api import Plan, Schedule
from tensorsmith.fuzz.schedules.registry import find_schedule
from tensorsmith.fuzz.screen import Screen
from tensorsmith.fuzz.statistics import snapshot
from tensorsmith.fuzz.workforce import Death, Heard, Worker, Workforce
from tensorsmith.ir.cases import Case
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.known import KnownBug, known_beside

STATISTICS_SECONDS = 60.0
SAVE_SECONDS = 1.0
# After the budget is used up, alarms that wait are triaged for at most this share of it, and at least this long.
GRACE_SHARE = 0.5
GRACE_SECONDS = 90.0


def run_campaign(
    directory: Path, settings: Settings, budget: Budget, screen: Screen, seeds: Collection[Case] = ()
) -> int:
    """Run a campaign, or go on with one, until the budget is used up, and return how many findings are new.

    Args:
        directory: of the campaign, which is made if need be.
        settings: how it runs.
        budget: how much more to run.
        screen: is told how it goes.
        seeds: test cases that its corpus is to have from the beginning.

    Raises:
        InvalidInputError: the directory is something else, a target is unknown, or a registry of known bugs is wrong.
        EnvironmentLacksError: a target cannot run here.
        StoreError: the directory cannot be written, or another engine runs it.
    """
    known = known_beside(directory, settings.known)
    store = Store.open(directory) if (directory / "campaign.toml").exists() else Store.create(directory, settings)
    with store, only_engine(directory), tempfile.TemporaryDirectory(prefix="tensorsmith-") as scratch:
        settings = keep_operators(directory, msgspec.structs.replace(settings, versions=installed_versions()))
        store.change_settings(settings)
        for case in seeds:
            store.add_to_corpus(case, "given")
        workforce = Workforce(
            Path(scratch),
            settings.targets,
            settings.device,
            settings.imports,
            settings.time_limit,
            settings.memory_limit,
            tuple(str((directory / path).resolve()) for path in settings.operators),
            settings.coverage,
        )
        try:
            screen.message(f"loading {', '.join(settings.targets)} ...")
            ready = workforce.start()
            if ready.notice:
                screen.message(ready.notice)
            failed = recall_corpus(store, workforce, screen, ready.watched, settings.workers)
            engine = Engine(store, settings, budget, screen, workforce, ready.numbered, known)
            for case, verdict in failed:
                engine.alarms.hear(case, verdict)
            engine.run()
            return engine.alarms.confirmed
        finally:
            workforce.close()
            shutil.rmtree(scratch, ignore_errors=True)


class Engine:
    """One run of a campaign.

    Attributes:
        triagers: so many workers triage alarms at a time, at most; with none, alarms are left to another run.
        clock: what the budget and the time of the campaign are told by, in seconds.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        budget: Budget,
        screen: Screen,
        workforce: Workforce,
        numbered: Collection[str] = (),
        known: Sequence[KnownBug] = (),
    ) -> None:
        self.store = store
        self.settings = settings
        self.budget = budget
        self.screen = screen
        self.workforce = workforce
        self.alarms = Alarms(store, screen, settings.time_limit, settings.memory_limit, known)
        counts = store.counts()
        # Another seed for each run, or a resumed campaign would repeat itself.
        seed = settings.seed + 7919 * int(counts.get("runs", 0))
        plan = Plan(settings.targets, settings.device, settings.size)
        # Without observers there is no feedback.
        name = settings.schedule if settings.coverage else "blind"
        self.schedule: Schedule = find_schedule(name).make(plan, seed, store)
        self.triagers = max(1, settings.workers // 2)
        self.clock: Callable[[], float] = time.monotonic
        self.retry: deque[RunBatch] = deque()
        self.native_turn = NativeTurn()
        self.counts: Counter[str] = Counter({"runs": 1})
        self.lessons = Lessons(store, self.schedule, self.counts, settings.coverage, numbered)
        self.choices: Counter[str] = Counter()
        self.tests = 0
        self.interrupted = False
        self._deadline: float | None = None
        # Whether alarms were settled that may explain others under triage.
        self._settled = False

    def run(self) -> None:
        """Run until the budget is used up or a person interrupts, then let alarms that wait be triaged."""
        previous = signal.signal(signal.SIGINT, self._interrupt)
        if self.budget.seconds is not None:
            self._deadline = self.clock() + self.budget.seconds
        try:
            self._loop(self._fuzz, self._fuzzing_is_over)
            if self.triagers and self._has_triage() and not self.interrupted:
                seconds = max(GRACE_SECONDS, GRACE_SHARE * (self.budget.seconds or 0.0))
                waiting = len(self.alarms) + self._triaging()
                self.screen.message(
                    f"the budget is used up; {waiting} alarms wait: confirming and reducing them, "
                    f"at most {seconds:.0f} s (Ctrl-C leaves the rest to the next run)"
                )
                end = self.clock() + seconds
                self._loop(self._triage, lambda: self.clock() > end or not self._has_triage())
        finally:
            signal.signal(signal.SIGINT, previous)
            self._save(0.0)
            self._write_statistics()

    def _loop(self, employ: Callable[[Worker], object], over: Callable[[], bool]) -> None:
        saved = written = self.clock()
        while not over() and not self.interrupted:
            while len(self.workforce.workers) < self.settings.workers:
                self._hire()
            for worker in list(self.workforce.workers.values()):
                if worker.order is None:
                    employ(worker)
            for event in self.workforce.events(0.1):
                if isinstance(event, Heard):
                    self._hear(event)
                else:
                    self._bury(event)
            if self._settled:
                self._stop_explained()
            now = self.clock()
            if now - saved > SAVE_SECONDS:
                self._save(now - saved)
                saved = now
                self.screen.update(snapshot(self.store))
            if now - written > STATISTICS_SECONDS:
                self._write_statistics()
                written = now
        self._save(self.clock() - saved)

    def _fuzz(self, worker: Worker) -> None:
        """Give an idle worker an alarm to triage, if few enough have one, or tests to run."""
        if self._triaging() < self.triagers and self._triage(worker):
            return
        if worker.is_old:
            worker = self._replace(worker)
        native = self.native_turn.next()
        if self.retry:
            self.workforce.give(worker, self.retry.popleft())
        elif native is not None:
            self.workforce.give(worker, native)
        else:
            left = None if self.budget.tests is None else self.budget.tests - self.tests
            self.workforce.give(worker, self.schedule.next_batch(self.store, self.alarms.weights(), left))

    def _triage(self, worker: Worker) -> bool:
        """Give an idle worker an alarm to triage; whether there was one."""
        alarm = self.alarms.next()
        if alarm is None:
            return False
        # Triage forks a child for every run: from a process that has run nothing yet.
        self.workforce.give(self._replace(worker) if worker.served else worker, alarm)
        return True

    def _stop_explained(self) -> None:
        """Let workers go that triage an alarm which a finding settled in the meantime explains."""
        self._settled = False
        for worker in list(self.workforce.workers.values()):
            if isinstance(worker.order, TriageAlarm) and self.alarms.is_explained(worker.order):
                self.workforce.dismiss(worker)

    def _replace(self, worker: Worker) -> Worker:
        self.workforce.dismiss(worker)
        return self._hire()

    def _hire(self) -> Worker:
        self.lessons.share(self.workforce.scratch)
        return self.workforce.hire()

    def _hear(self, heard: Heard) -> None:
        worker, message = heard.worker, heard.message
        if isinstance(message, Announced):
            self.choices.update(message.choices)
            for reason in message.failed_to_make:
                self._count_test(Verdict("invalid", "", reason=reason.split(":")[0]))
        elif isinstance(message, Judged):
            self._take(worker, message)
        elif isinstance(message, Covered):
            self._learn(worker, message)
        elif isinstance(message, BatchDone):
            for stage, seconds in message.wall.items():
                self.counts[f"time:{stage}"] += seconds  # type: ignore[assignment]
            for stage, seconds in message.cpu.items():
                self.counts[f"cpu:{stage}"] += seconds  # type: ignore[assignment]
            worker.rest()
        elif isinstance(message, Triaged):
            self.alarms.settle(message)
            self._settled = True
            worker.rest()
        elif isinstance(message, WorkerFailed):
            self.screen.message("a worker failed, which is a fault of tensorsmith: " + message.text.strip()[-1500:])
            self.counts["worker-failures"] += 1
            if isinstance(worker.order, TriageAlarm):
                self.alarms.again(worker.order)
            worker.rest()

    def _take(self, worker: Worker, message: Judged) -> None:
        announced = worker.announced
        assert announced is not None
        position, verdict = message.position, message.verdict
        case, origin = announced.cases[position], announced.origins[position]
        self._count_test(verdict)
        if verdict.outcome == "fail":
            self.alarms.hear(case, verdict)
        self.lessons.judged(case, origin, message)
        worker.verdicts[position] = message

    def _learn(self, worker: Worker, message: Covered) -> None:
        announced = worker.announced
        assert announced is not None
        case, origin = announced.cases[message.position], announced.origins[message.position]
        if self.lessons.covered(case, origin, worker.verdicts[message.position], message):
            self.native_turn.offer(case, origin)

    def _bury(self, death: Death) -> None:
        """A worker died: blame the test that it was at, if that is known, and see to the others."""
        worker = death.worker
        self.counts[f"deaths:{death.cause}"] += 1
        order = worker.order
        if isinstance(order, TriageAlarm):
            self.alarms.again(order)
            return
        if order is None:
            return
        announced = worker.announced
        if announced is None:
            if isinstance(order, FuzzBatch):
                self._count_test(Verdict("invalid", "", reason="died-while-making"))
            return
        suspect, rest = blamed(death, len(announced.cases))
        if suspect is not None:
            position, verdict = suspect
            self._count_test(verdict)
            self.alarms.hear(announced.cases[position], verdict)
        for some in rest:
            self.retry.append(
                RunBatch(tuple(announced.cases[p] for p in some), tuple(announced.origins[p] for p in some))
            )

    def _count_test(self, verdict: Verdict) -> None:
        self.tests += 1
        self.counts["tests"] += 1
        if verdict.outcome == "invalid":
            self.counts[f"invalid:{verdict.reason}"] += 1
            return
        self.counts["valid"] += 1
        if verdict.outcome == "limitation":
            self.counts[f"limitation:{verdict.reason}"] += 1

    def _triaging(self) -> int:
        return sum(isinstance(w.order, TriageAlarm) for w in self.workforce.workers.values())

    def _has_triage(self) -> bool:
        return len(self.alarms) > 0 or self._triaging() > 0

    def _fuzzing_is_over(self) -> bool:
        if self.budget.tests is not None and self.tests >= self.budget.tests:
            return True
        return self._deadline is not None and self.clock() >= self._deadline

    def _save(self, elapsed: float) -> None:
        self.counts["elapsed"] += elapsed  # type: ignore[assignment]
        self.store.add_counts(self.counts)
        self.counts.clear()
        if self.choices:
            self.store.add_choices(self.choices)
            self.choices.clear()

    def _write_statistics(self) -> None:
        line = json.dumps({"time": time.time()} | msgspec.to_builtins(snapshot(self.store)))
        path = self.store.directory / "stats.jsonl"
        try:
            with path.open("a") as file:
                file.write(line + "\n")
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written: {error.strerror}; what was found is stored, so mend that and start again"
            ) from error

    def _interrupt(self, number: int, frame: object) -> None:
        self.interrupted = True
