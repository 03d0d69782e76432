"""Schedules: what is mutated, how often, and in which ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest
from pyroaring import BitMap

from tensorsmith.corpus.coverage import Reached
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import Origin
from tensorsmith.fuzz.schedules.api import SAMPLE, Heard, Plan, Schedule, sample
from tensorsmith.fuzz.schedules.change import N_MAX, Always
from tensorsmith.fuzz.schedules.guided import Guided
from tensorsmith.fuzz.schedules.registry import SCHEDULES, ScheduleEntry, find_schedule
from tensorsmith.fuzz.schedules.seed_pool import SeedPool
from tensorsmith.fuzz.schedules.yields import CEILING, FLOOR, Yields
from tensorsmith.ir.errors import InvalidInputError
from tests.ir.test_tir_case import case_of

FEATURE = ("observer", 0)
PLAN = Plan(("tvm-tir",), "cpu", 8, batch=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "campaign", Settings(targets=("tvm-tir",))) as made:
        yield made


def with_seed(store: Store, name: str) -> Schedule:
    store.add_to_corpus(case_of(), "why")
    return find_schedule(name).make(PLAN, 0, store)


def changes(schedule: Schedule, store: Store, answers: list[bool]) -> list[str]:
    """What is changed of the one seed, mutant by mutant, with whether each reached something new."""
    seen: list[str] = []
    while len(seen) < len(answers):
        (slot,) = schedule.next_batch(store, {}, None).slots
        if slot.parent is None:
            continue
        new = [FEATURE] if answers[len(seen)] else []
        seen.append(slot.part)
        schedule.heard(Heard(Origin(slot.parent.id, ("insert",), slot.part), True, new, new, 1.0))
    return seen


def test_the_pipeline_is_mutated_once_after_so_many_stale_programs(store: Store) -> None:
    seen = changes(with_seed(store, "tandem"), store, [False] * (2 * N_MAX + 2))
    assert seen == (["program"] * N_MAX + ["pipeline"]) * 2


def test_something_new_sets_the_count_back(store: Store) -> None:
    answers = [False] * (N_MAX - 1) + [True] + [False] * (N_MAX + 1)
    assert changes(with_seed(store, "tandem"), store, answers) == ["program"] * (2 * N_MAX) + ["pipeline"]


def test_what_of_a_seed_has_paid_is_mutated_more_often(store: Store) -> None:
    schedule, seen = with_seed(store, "joint"), Counter[str]()
    while sum(seen.values()) < 2000:
        (slot,) = schedule.next_batch(store, {}, None).slots
        if slot.parent is None:
            continue
        seen[slot.part] += 1
        new = [FEATURE] * 20 if slot.part == "pipeline" else [FEATURE]
        schedule.heard(Heard(Origin(slot.parent.id, ("insert",), slot.part), True, new, new, 1.0))
    assert seen["pipeline"] > 3 * seen["program"]
    assert min(seen["program"], seen["both"]) > 100


@pytest.mark.parametrize("name", ["program", "pipeline"])
def test_one_may_be_mutated_alone(store: Store, name: str) -> None:
    assert changes(with_seed(store, name), store, [False] * 12) == [name] * 12


@pytest.mark.parametrize("entry", SCHEDULES, ids=lambda entry: entry.name)
def test_without_seeds_all_is_generated(store: Store, entry: ScheduleEntry) -> None:
    schedule = entry.make(Plan(("tvm-tir",), "cpu", 8), 0, store)
    assert [slot.parent for slot in schedule.next_batch(store, {}, 5).slots] == [None] * 5


def test_what_is_generated_only_is_never_mutated(store: Store) -> None:
    schedule = with_seed(store, "generate")
    assert all(schedule.next_batch(store, {}, None).slots[0].parent is None for _ in range(50))


def test_a_schedule_without_feedback_keeps_tests_that_reach_nothing_new(store: Store) -> None:
    schedule = find_schedule("blind").make(PLAN, 0, store)
    kept = [schedule.heard(Heard(Origin(), True, [], [], 1.0)) for _ in range(400)]
    assert 20 < sum(kept) < 100
    assert not any(schedule.heard(Heard(Origin(), False, [FEATURE], [FEATURE], 1.0)) for _ in range(100))


def test_a_guided_schedule_keeps_what_is_new_and_passed(store: Store) -> None:
    schedule = find_schedule("joint").make(PLAN, 0, store)
    assert schedule.heard(Heard(Origin(), True, [FEATURE], [FEATURE], 1.0))
    assert not schedule.heard(Heard(Origin(), True, [FEATURE], [], 1.0))
    assert not schedule.heard(Heard(Origin(), False, [FEATURE], [FEATURE], 1.0))


def test_a_campaign_that_goes_on_knows_what_its_seeds_were_first_to_reach(store: Store) -> None:
    common, rare = case_of(), msgspec.structs.replace(case_of(), target="tvm")
    for number, case in enumerate((common, rare)):
        store.add_to_corpus(case, "why")
        store.coverage.add(case.id, 1.0, [Reached("observer", BitMap([number]), BitMap([number]))])
    schedule = Guided(PLAN, 0, Always("program"), store)
    for _ in range(2000):
        schedule.heard(Heard(Origin(), True, [("observer", 0)], [], 1.0))
    drawn = Counter(
        slot.parent.id
        for _ in range(300)
        for slot in schedule.next_batch(store, {}, None).slots
        if slot.parent is not None
    )
    assert drawn[rare.id] > 4 * drawn[common.id] > 0


def test_seeds_whose_children_reach_nothing_lose_energy() -> None:
    pool = SeedPool()
    pool.add("tired", [("observer", 1)])
    pool.add("fresh", [("observer", 2)])
    before = pool.energy("tired")
    for _ in range(20):
        pool.child("tired", False, 1.0)
    assert pool.energy("tired") < before / 3
    pool.child("fresh", True, 1.0)
    assert pool.energy("fresh") > before


def test_slow_seeds_have_less_energy() -> None:
    pool = SeedPool()
    for name, seconds in (("slow", 4.0), ("fast", 1.0)):
        pool.add(name, [FEATURE])
        for _ in range(5):
            pool.child(name, False, seconds)
    assert pool.energy("fast") == pytest.approx(4 * pool.energy("slow"))


def test_no_seed_starves() -> None:
    pool = SeedPool()
    for number, name in enumerate(("poor", "rich")):
        pool.add(name, [("observer", number)])
    pool.reached([FEATURE] * 10**6)
    rng = Random(0)
    assert Counter(pool.draw(rng) for _ in range(2000))["poor"] > 10


def test_ways_that_pay_are_preferred_and_none_starves() -> None:
    yields = Yields(4000)
    for k in range(3000):
        yields.heard(["good"], k % 4 == 0, 1.0)
        yields.heard(["slow"], k % 4 == 0, 10.0)
        yields.heard(["bad"], False, 1.0)
    weights = yields.weights()
    assert weights["good"] > 3 * weights["slow"] > 0
    assert weights["bad"] == FLOOR
    assert max(weights.values()) <= CEILING


def test_without_anything_new_all_ways_weigh_the_same() -> None:
    yields = Yields(4000)
    yields.heard(["a", "b"], False, 1.0)
    assert yields.weights() == {}


def test_what_was_long_ago_counts_less() -> None:
    yields = Yields(4000)
    for k in range(4000):
        yields.heard(["first"], True, 1.0)
        yields.heard(["then"], k % 10 == 0, 1.0)
    assert yields.weights()["first"] > yields.weights()["then"]
    for k in range(30000):
        yields.heard(["first"], k % 10 == 0, 1.0)
        yields.heard(["then"], True, 1.0)
    assert yields.weights()["first"] < yields.weights()["then"]


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="unknown schedule `best`; there are: joint, "):
        find_schedule("best")


def test_of_very_many_features_some_stand_for_all() -> None:
    assert sample("observer", BitMap([3, 5])) == [("observer", 3), ("observer", 5)]
    many = sample("observer", BitMap(range(10**6)))
    assert len(set(many)) == SAMPLE
    assert many[-1][1] > 900_000
