"""What the corpus reaches, found anew after a change of the compiler, whose maps are of another build.

Maps of the build that is installed are restored from the store, and nothing is run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.maps import Maps, take_all
from tensorsmith.fuzz.coverage.shared import write_covered
from tensorsmith.fuzz.coverage.watched import Watched
from tensorsmith.fuzz.deaths import blamed
from tensorsmith.fuzz.feedback import all_observers
from tensorsmith.fuzz.messages import BatchDone, Covered, Judged, Origin, RunBatch, WorkerFailed
from tensorsmith.fuzz.schedules.api import BATCH
from tensorsmith.fuzz.screen import Screen
from tensorsmith.fuzz.workforce import Death, Heard, Worker, Workforce
from tensorsmith.ir.cases import Case
from tensorsmith.oracles.verdict import Verdict

# How often the share that is done is said, at most.
STEPS = 10


class Recall:
    """The corpus of a campaign, run again for the observers whose maps are of another build."""

    def __init__(self, store: Store, workforce: Workforce, screen: Screen, changed: Sequence[Watched]) -> None:
        self._store = store
        self._workforce = workforce
        self._screen = screen
        self._changed = {one.observer: one for one in changed}
        known = store.coverage.observers()
        # Observers of test cases, which see no compiler, have nothing to see anew, but may have seen nothing yet.
        self._readers = [observer for observer in all_observers() if observer.name not in known]
        self._maps = Maps(store.coverage)
        # Ids of test cases, each batch of one target.
        self._waiting: deque[list[str]] = deque()
        # Orders that were given and neither done nor ended by a death that was told.
        self._under_way = 0
        self._done = 0
        self._size = 0
        self._said = 0
        self.failed: list[tuple[Case, Verdict]] = []

    def run(self, ids: Mapping[str, Sequence[str]], workers: int) -> None:
        """Run test cases, whose ids are given by target, and store what the observers see of them."""
        self._size = sum(len(some) for some in ids.values())
        for some in ids.values():
            self._waiting.extend(list(some[start : start + BATCH]) for start in range(0, len(some), BATCH))
        while self._waiting or self._under_way:
            while self._waiting and len(self._workforce.workers) < workers:
                self._hire()
            for worker in list(self._workforce.workers.values()):
                if worker.order is None:
                    self._employ(worker)
            for event in self._workforce.events(0.1):
                if isinstance(event, Heard):
                    self._hear(event)
                else:
                    self._bury(event)
        for worker in list(self._workforce.workers.values()):
            self._workforce.dismiss(worker)

    def _hire(self) -> Worker:
        write_covered(self._workforce.scratch, self._maps.numbered())
        return self._workforce.hire()

    def _employ(self, worker: Worker) -> None:
        if not self._waiting:
            return
        if worker.is_old:
            self._workforce.dismiss(worker)
            worker = self._hire()
        batch = [self._store.case(id_) for id_ in self._waiting.popleft()]
        self._under_way += 1
        self._workforce.give(worker, RunBatch(tuple(batch), tuple(Origin() for _ in batch)))

    def _hear(self, heard: Heard) -> None:
        worker, message = heard.worker, heard.message
        if isinstance(message, Judged):
            worker.verdicts[message.position] = message
            self._judged(_case(worker, message.position), message.verdict)
        elif isinstance(message, Covered):
            case, judged = _case(worker, message.position), worker.verdicts[message.position]
            named = {observer.name: frozenset(observer.features(case)) for observer in self._readers}
            named |= {name: seen for name, seen in message.named.items() if name in self._changed}
            numbered = {name: blob for name, blob in message.numbered.items() if name in self._changed}
            reached = take_all(self._maps, named, numbered)
            if reached:
                self._store.coverage.add(case.id, judged.seconds, reached)
        elif isinstance(message, BatchDone | WorkerFailed):
            if isinstance(message, WorkerFailed):
                self._screen.message("a worker failed, a fault of tensorsmith: " + message.text.strip()[-1500:])
            self._under_way -= 1
            worker.rest()

    def _judged(self, case: Case, verdict: Verdict) -> None:
        self._done += 1
        if verdict.outcome == "fail":
            self.failed.append((case, verdict))
        step = STEPS * self._done // self._size
        if step > self._said:
            self._said = step
            self._screen.message(f"run again: {self._done} of {self._size} tests of the corpus")

    def _bury(self, death: Death) -> None:
        """The test that a worker was at when it died has no part in the maps; the others of its batch are run."""
        worker = death.worker
        order = worker.order
        if not isinstance(order, RunBatch):
            return
        self._under_way -= 1
        suspect, rest = blamed(death, len(order.cases))
        if suspect is not None:
            position, verdict = suspect
            self._judged(order.cases[position], verdict)
        self._waiting.extendleft([order.cases[position].id for position in some] for some in rest)


def recall_corpus(
    store: Store, workforce: Workforce, screen: Screen, watched: Sequence[Watched], workers: int
) -> list[tuple[Case, Verdict]]:
    """Bring the maps of a campaign up to the builds that are watched now; without a change that costs nothing.

    Killed at any time, it begins again the next time: a build is noted when its maps are whole.

    Args:
        store: of the campaign.
        workforce: that has been started; its workers are let go.
        screen: is told what is done and why.
        watched: the observers at work.
        workers: how many may run at a time.

    Returns:
        the tests of the corpus that fail now, with their verdicts.
    """
    builds = store.coverage.builds()
    changed = [one for one in watched if builds.get(one.observer) != one.build]
    if not changed:
        return []
    recall = Recall(store, workforce, screen, changed)
    ids: dict[str, list[str]] = {}
    for entry in store.corpus():
        target = store.case(entry.id).target
        if target in workforce.targets:
            ids.setdefault(target, []).append(entry.id)
    if ids:
        names = ", ".join(one.family or one.observer for one in changed)
        screen.message(
            f"{names}: no maps of the compiler that is installed; "
            f"running the {sum(map(len, ids.values()))} tests of the corpus again to make them"
        )
        store.coverage.forget([name for name in store.coverage.observers() if any(_is_same(o, name) for o in changed)])
        recall.run(ids, workers)
    store.coverage.set_builds({one.observer: one.build for one in changed})
    return recall.failed


def _is_same(one: Watched, name: str) -> bool:
    """Whether an observer of some name is the one that is watched, of whatever build."""
    return name.rpartition(" ")[0] == one.family if one.family else name == one.observer


def _case(worker: Worker, position: int) -> Case:
    assert worker.announced is not None
    return worker.announced.cases[position]
