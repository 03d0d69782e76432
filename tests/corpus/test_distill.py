"""The smallest set of tests that reaches the same."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from random import Random

import pytest
from pyroaring import BitMap

from tensorsmith.corpus.distill import smallest_cover


def union(sets: Mapping[str, BitMap], names: list[str]) -> BitMap:
    return BitMap().union(*(sets[name] for name in names))


def random_sets(seed: int, number: int, features: int) -> tuple[dict[str, BitMap], dict[str, float]]:
    rng = Random(seed)
    sets = {f"t{n}": BitMap(rng.sample(range(features), rng.randint(1, features // 3))) for n in range(number)}
    return sets, {name: rng.uniform(0.1, 3.0) for name in sets}


@pytest.mark.parametrize("seed", range(20))
def test_the_same_is_reached_by_fewer(seed: int) -> None:
    sets, seconds = random_sets(seed, 60, 90)
    chosen = smallest_cover(sets, seconds)
    assert union(sets, chosen) == union(sets, list(sets))
    assert len(chosen) < 20
    for name in chosen:
        assert union(sets, [other for other in chosen if other != name]) != union(sets, chosen)


@pytest.mark.parametrize("seed", range(20))
def test_the_cost_is_near_the_least(seed: int) -> None:
    sets, seconds = random_sets(seed, 9, 12)
    whole = union(sets, list(sets))
    least = min(
        sum(seconds[name] for name in some)
        for size in range(1, 10)
        for some in combinations(sets, size)
        if union(sets, list(some)) == whole
    )
    # H(4), which is what sets of four features allow at most: 1 + 1/2 + 1/3 + 1/4.
    assert sum(seconds[name] for name in smallest_cover(sets, seconds)) <= least * 25 / 12


def test_quick_tests_are_preferred() -> None:
    sets = {"slow": BitMap([1, 2, 3]), "a": BitMap([1, 2]), "b": BitMap([2, 3])}
    assert smallest_cover(sets, {"slow": 9.0, "a": 1.0, "b": 1.0}) == ["a", "b"]
    assert smallest_cover(sets, {"slow": 1.0, "a": 1.0, "b": 1.0}) == ["slow"]


def test_what_others_make_needless_is_left_out() -> None:
    sets = {"first": BitMap([1, 2, 3, 4]), "left": BitMap([1, 2, 5]), "right": BitMap([3, 4, 6])}
    assert sorted(smallest_cover(sets, {"first": 1.0, "left": 1.0, "right": 1.0})) == ["left", "right"]


def test_the_order_of_what_is_given_does_not_matter() -> None:
    sets, seconds = random_sets(5, 60, 90)
    names = list(sets)
    Random(1).shuffle(names)
    assert smallest_cover({name: sets[name] for name in names}, seconds) == smallest_cover(sets, seconds)


def test_a_test_of_unknown_time_counts_as_an_average_one() -> None:
    sets = {"quick": BitMap([1]), "slow": BitMap([1]), "unknown": BitMap([1])}
    assert smallest_cover(sets, {"quick": 0.5, "slow": 3.0}) == ["quick"]
    del sets["quick"]
    assert smallest_cover(sets, {"quick": 0.5, "slow": 3.0}) == ["unknown"]
    assert smallest_cover(sets, {"slow": 3.0}) == ["slow"]  # all alike, the first by name
    assert smallest_cover({}, {}) == []
