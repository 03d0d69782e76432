"""What a campaign learns from a test: what it is kept for, and that what was seen of it is new only once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pyroaring import BitMap

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.shared import read_covered
from tensorsmith.fuzz.lessons import Lessons
from tensorsmith.fuzz.messages import Covered, Judged, Origin
from tensorsmith.fuzz.schedules.api import Plan
from tensorsmith.fuzz.schedules.registry import find_schedule
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict, passed

PASSED = Judged(0, passed("differential"), 0.5)


def lessons_of(store: Store, observed: bool = True) -> tuple[Lessons, Counter[str]]:
    counts: Counter[str] = Counter()
    schedule = find_schedule("joint").make(Plan(("aot_eager",), "cpu", 8), 0, store)
    return Lessons(store, schedule, counts, observed), counts


def test_workers_of_a_campaign_that_goes_on_know_what_was_covered_before(tmp_path: Path, good_case: TestCase) -> None:
    with Store.create(tmp_path / "campaign", Settings(targets=("aot_eager",))) as store:
        lessons_of(store)[0].covered(good_case, Origin(), PASSED, saw("fused a with b"))
    with Store.open(tmp_path / "campaign") as store:
        schedule = find_schedule("joint").make(Plan(("aot_eager",), "cpu", 8), 0, store)
        Lessons(store, schedule, Counter(), True, ["blocks"]).share(tmp_path)
    assert read_covered(tmp_path) == {"blocks": BitMap([3, 4])}


def saw(*features: str) -> Covered:
    return Covered(0, {"decisions": frozenset(features)}, {"blocks": BitMap([3, 4]).serialize()})


def test_what_was_seen_of_a_test_is_kept_with_it_and_new_only_once(tmp_path: Path, good_case: TestCase) -> None:
    with Store.create(tmp_path / "campaign", Settings(targets=("aot_eager",))) as store:
        lessons, counts = lessons_of(store)
        lessons.judged(good_case, Origin(), PASSED)
        assert lessons.covered(good_case, Origin(), PASSED, saw("fused a with b"))
        assert not lessons.covered(good_case, Origin(), PASSED, saw("fused a with b"))
        (entry,) = store.corpus()
        assert entry.id == good_case.id
        assert "blocks: 2 new" in entry.why
        assert "decisions: fused a with b" in entry.why
        assert store.coverage.counts().items() >= {"decisions": 1, "blocks": 2}.items()
        assert counts["way:generate:tests"] == 2
        assert counts["way:generate:new"] == 1
        lessons.share(tmp_path)
        assert read_covered(tmp_path) == {"blocks": BitMap([3, 4])}
    with Store.open(tmp_path / "campaign") as store:
        lessons, _ = lessons_of(store)
        assert not lessons.covered(good_case, Origin(), PASSED, saw("fused a with b"))
        assert lessons.covered(good_case, Origin(), PASSED, saw("fused a with b", "reused a"))


def test_tests_that_fail_teach_what_their_mutators_cost(tmp_path: Path, good_case: TestCase) -> None:
    with Store.create(tmp_path / "campaign", Settings(targets=("aot_eager",))) as store:
        lessons, counts = lessons_of(store)
        lessons.judged(good_case, Origin("parent", ("insert",)), Judged(0, Verdict("fail", "differential"), 2.0))
        assert store.corpus() == []
        assert counts == {
            "way:insert:tests": 1, "way:insert:valid": 1, "way:insert:failed": 1, "way:insert:seconds": 2.0,
        }  # fmt: skip


def test_without_observers_nothing_is_covered(tmp_path: Path, good_case: TestCase) -> None:
    with Store.create(tmp_path / "campaign", Settings(targets=("aot_eager",))) as store:
        lessons, counts = lessons_of(store, observed=False)
        lessons.judged(good_case, Origin(), PASSED)
        assert not lessons.covered(good_case, Origin(), PASSED, saw("fused a with b"))
        assert store.coverage.counts() == {}
        assert counts["way:generate:tests"] == 1
