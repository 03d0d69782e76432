"""A small set of test cases that reaches all that many reach, and is quick to run: a weighted set cover.

The greedy algorithm of Chvátal (A Greedy Heuristic for the Set-Covering Problem, Mathematics of Operations Research
4(3), 1979) takes, time and again, the set with the most that is new for its cost; at worst it costs H(n) times the
least. What is new of a set never grows, so most need no second look (Minoux, Accelerated Greedy Algorithms, 1978).
Sets that turn out to be covered by the others are left out in the end.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from pyroaring import BitMap

# Seconds of the CPU: a clock has no finer grain, and nothing is free.
_LEAST = 1e-3


def smallest_cover(sets: Mapping[str, BitMap], seconds: Mapping[str, float]) -> list[str]:
    """The names of some sets whose union is that of all, chosen for little cost; in the order in which they are chosen.

    The same for the same arguments, in whatever order these are given.

    Args:
        sets: by name.
        seconds: costs by name; a set of unknown cost counts as an average one.
    """
    usual = median(seconds.values()) if seconds else 1.0
    cost = {name: max(seconds.get(name, usual), _LEAST) for name in sets}
    covered = BitMap()
    chosen: list[str] = []
    waiting = [(-len(features) / cost[name], name) for name, features in sets.items() if features]
    heapq.heapify(waiting)
    while waiting:
        _, name = heapq.heappop(waiting)
        new = sets[name].difference_cardinality(covered)
        if not new:
            continue
        now = (-new / cost[name], name)
        if waiting and now > waiting[0]:
            heapq.heappush(waiting, now)
            continue
        chosen.append(name)
        covered |= sets[name]
    return _needed(chosen, sets, cost)


def _needed(chosen: Sequence[str], sets: Mapping[str, BitMap], cost: Mapping[str, float]) -> list[str]:
    """Those of some sets that have something which no other of them has, the costly ones being left out first."""
    size = 1 + max((features.max() for features in sets.values() if features), default=0)
    times = np.zeros(size, np.int32)
    positions = {name: np.array(sets[name].to_array(), dtype=np.int64) for name in chosen}
    for found in positions.values():
        times[found] += 1
    dropped: set[str] = set()
    for name in sorted(chosen, key=lambda name: (-cost[name], name)):
        if (times[positions[name]] > 1).all():
            times[positions[name]] -= 1
            dropped.add(name)
    return [name for name in chosen if name not in dropped]
