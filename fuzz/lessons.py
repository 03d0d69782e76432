"""What a campaign learns from a test: what it covered, whether to keep it, what its mutators brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from tensorsmith.corpus.coverage import Reached
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.maps import Maps, take_all
from tensorsmith.fuzz.coverage.shared import write_covered
from tensorsmith.fuzz.feedback import all_observers
from tensorsmith.fuzz.messages import Covered, Judged, Origin
from tensorsmith.fuzz.schedules.api import Heard, Schedule, sample
from tensorsmith.fuzz.statistics import way_counts
from tensorsmith.ir.cases import Case


class Lessons:
    """Hears of every test: of its verdict first, and then, if it passed and observers are on, of what it reached."""

    def __init__(
        self,
        store: Store,
        schedule: Schedule,
        counts: Counter[str],
        observed: bool,
        numbered: Collection[str] = (),
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._counts = counts
        self._observed = observed
        self._maps = Maps(store.coverage, numbered)

    def share(self, folder: Path) -> None:
        """Leave what is covered where workers that are hired look for it."""
        write_covered(folder, self._maps.numbered())

    def judged(self, case: Case, origin: Origin, message: Judged) -> None:
        """Take a verdict."""
        if message.verdict.outcome != "pass" or not self._observed:
            self._learn(case, origin, message, [])

    def covered(self, case: Case, origin: Origin, judged: Judged, covered: Covered) -> bool:
        """Take what a test reached that passed, and say whether any of it is new."""
        if not self._observed:
            return False
        named = {observer.name: frozenset(observer.features(case)) for observer in all_observers()}
        added = take_all(self._maps, {**named, **covered.named}, covered.numbered)
        return self._learn(case, origin, judged, added)

    def _learn(self, case: Case, origin: Origin, judged: Judged, added: list[Reached]) -> bool:
        passed = judged.verdict.outcome == "pass"
        new = [feature for one in added for feature in sample(one.observer, one.first)]
        seen = [feature for one in added for feature in sample(one.observer, one.every)]
        self._counts.update(way_counts(origin, judged.verdict, bool(new), judged.seconds))
        if self._schedule.heard(Heard(origin, passed, seen, new, judged.seconds)):
            mutators = "+".join(origin.mutators)
            self._store.add_to_corpus(case, _why(added), origin.parent, mutators)
            self._schedule.joined(case.id, new)
        if new:
            self._store.coverage.add(case.id, judged.seconds, added)
        return bool(new)


def _why(added: list[Reached]) -> str:
    reasons = [f"{one.observer}: {_example(one)}" for one in added if one.first]
    return "; ".join(reasons) or "by chance"


def _example(one: Reached) -> str:
    """The first of the new features that has a name, else how many there are."""
    return next(iter(one.names.values()), f"{len(one.first)} new")
