"""The joint schedule: a seed's program until it stagnates, then once its pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.joint_scheduler import N_MAX, JointScheduler
from tensorsmith.fuzz.messages import Origin
from tests.ir.test_tir_case import case_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "campaign", Settings(targets=("tvm-tir",))) as made:
        yield made


def changes(schedule: JointScheduler, store: Store, answers: list[bool]) -> list[str]:
    """What is changed of the one seed, batch by batch of one test, with whether each test reached something new."""
    seen: list[str] = []
    for novel in answers:
        (slot,) = schedule.next_batch(store, {}, None).slots
        assert slot.parent is not None
        seen.append(slot.change)
        schedule.heard(Origin(slot.parent.id, ("insert",)), novel)
    return seen


def test_the_pipeline_is_mutated_once_after_so_many_stale_programs(store: Store) -> None:
    store.add_to_corpus(case_of(), "why")
    schedule = JointScheduler(("tvm-tir",), "cpu", 8, seed=0, batch=1, mutants=1.0)
    seen = changes(schedule, store, [False] * (2 * N_MAX + 2))
    assert seen == (["program"] * N_MAX + ["pipeline"]) * 2


def test_something_new_sets_the_count_back(store: Store) -> None:
    store.add_to_corpus(case_of(), "why")
    schedule = JointScheduler(("tvm-tir",), "cpu", 8, seed=0, batch=1, mutants=1.0)
    answers = [False] * (N_MAX - 1) + [True] + [False] * (N_MAX + 1)
    assert changes(schedule, store, answers) == ["program"] * (2 * N_MAX) + ["pipeline"]


def test_without_seeds_all_is_generated(store: Store) -> None:
    batch = JointScheduler(("tvm-tir",), "cpu", 8, seed=0, mutants=1.0).next_batch(store, {}, 5)
    assert [slot.parent for slot in batch.slots] == [None] * 5
