"""A random generator that reads bytes: zeros are the usual choices, and every choice can be read."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from tensorsmith.generators.byte_random import ByteRandom

RANGES = [(0, 1), (0, 7), (3, 9), (-4, 5), (-4, 0), (-9, -2), (-2, 7), (-7, 2), (0, 256), (-128, 128), (0, 300)]


def test_of_zeros_and_of_nothing_come_the_usual_choices() -> None:
    for rng in (ByteRandom(bytes(64)), ByteRandom(b"")):
        assert rng.random() == 0.5
        assert rng.randrange(5) == 0
        assert rng.randint(-3, 3) == 0
        assert rng.randint(2, 9) == 2
        assert rng.randint(-9, -2) == -2
        assert rng.choice("abc") == "a"
        assert rng.choices("abc", (1, 5, 2)) == ["b"]
        assert rng.choices("abc", cum_weights=(1, 6, 8)) == ["b"]
        assert rng.sample([3, 1, 2], 2) == [3, 1]
        items = [3, 1, 2]
        rng.shuffle(items)
        assert items == [3, 1, 2]


@pytest.mark.parametrize(("start", "stop"), RANGES)
def test_every_number_of_a_range_is_read_from_some_bytes_and_smaller_bytes_are_nearer_to_zero(
    start: int, stop: int
) -> None:
    read = [ByteRandom(bytes(divmod(n, 256))).randrange(start, stop) for n in range(0, 1 << 16, 16)]
    assert set(read) == set(range(start, stop))
    assert [abs(n) for n in read] == sorted(abs(n) for n in read)


def test_choices_are_as_frequent_as_their_weights() -> None:
    rng = ByteRandom(os.urandom(60_000))
    counts = Counter(rng.choices("abc", (1, 6, 3))[0] for _ in range(10_000))
    for item, share in (("a", 0.1), ("b", 0.6), ("c", 0.3)):
        assert abs(counts[item] / 10_000 - share) < 0.05
    assert abs(sum(rng.random() < 0.3 for _ in range(10_000)) / 10_000 - 0.3) < 0.05


def test_what_is_drawn_is_what_random_promises() -> None:
    rng = ByteRandom(random.Random(0).randbytes(40_000))
    for _ in range(300):
        assert sorted(rng.sample(range(9), 9)) == list(range(9))
        assert len(set(rng.sample("abcdef", 3))) == 3
        items = list("abcdef")
        rng.shuffle(items)
        assert sorted(items) == list("abcdef")
        assert 0 <= rng.random() < 1
        assert rng.randrange(10, 0, -3) in (10, 7, 4, 1)
        assert 0 <= rng.randrange(1 << 31) < 1 << 31
        assert 0 <= rng.getrandbits(70) < 1 << 70


def test_there_is_no_choice_from_nothing() -> None:
    rng = ByteRandom(b"abc")
    with pytest.raises(IndexError):
        rng.choice([])
    with pytest.raises(ValueError, match="range"):
        rng.randrange(0)
    with pytest.raises(ValueError, match="no 4 of 3"):
        rng.sample([1, 2, 3], 4)
