"""What it costs to watch which lines of a compiler's Python code tests execute, and how far equal tests agree.

    python bench/coverage.py --python inductor

The same batches of tests are compiled and run in child processes of one warm process, in turn: as they are; watched as
in a campaign, which takes all lines of every test; as they are once more, for the noise; and with a trace function that
declines every call, which is the least that any tracer costs. The C++ compiler's time is left out: every kernel is
built before. Seconds are CPU time of the process; ratios are medians of those of neighbours in time. Every child has
run the batches once before, and collected its garbage.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from statistics import mean, median
from typing import Any

import msgspec

from tensorsmith.fuzz.batch import run_batch
from tensorsmith.fuzz.coverage.ledger import Ledger
from tensorsmith.fuzz.coverage.python.observer import PythonLines
from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.fuzz.stopwatch import Stopwatch
from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import GraphError
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Completed, Limits, run_isolated
from tensorsmith.targets.registry import find_target

BATCH = 8
LIMITS = Limits(seconds=1200.0)


def run(batches: list[list[Case]], observers: list[PythonLines]) -> tuple[float, list[str], list[frozenset[str]]]:
    """CPU seconds that the batches take; the outcomes, and what the observers saw, of their tests."""
    outcomes: dict[tuple[int, int], str] = {}
    seen: dict[tuple[int, int], frozenset[str]] = {}
    start = time.process_time()
    for number, cases in enumerate(batches):
        ledger = Ledger(observers)

        def on_verdict(position: int, verdict: Verdict, spent: float, number: int = number) -> None:
            outcomes[number, position] = f"{verdict.outcome} {verdict.kind}"
            of_test = ledger.of(position)  # noqa: B023
            seen[number, position] = of_test.get(PythonLines.name, frozenset())

        run_batch(cases, Stopwatch(), lambda position, stage: ledger.enter(position), on_verdict, lambda step: None)  # noqa: B023
    took = time.process_time() - start
    order = sorted(outcomes)
    return took, [outcomes[one] for one in order], [seen[one] for one in order]


def settle(batches: list[list[Case]]) -> None:
    """Run the batches once, and hide what that leaves from the collector, as beginning to watch does too."""
    run(batches, [])
    gc.collect()
    gc.freeze()


def plain(target: str, batches: list[list[Case]]) -> dict[str, Any]:
    settle(batches)
    took, outcomes, _ = run(batches, [])
    return {"seconds": took, "outcomes": outcomes}


def traced(target: str, batches: list[list[Case]]) -> dict[str, Any]:
    settle(batches)
    sys.settrace(lambda frame, event, argument: None)
    took, outcomes, _ = run(batches, [])
    sys.settrace(None)
    return {"seconds": took, "outcomes": outcomes}


def watched(target: str, batches: list[list[Case]]) -> dict[str, Any]:
    settle(batches)
    start = time.process_time()
    observer = PythonLines()
    observer.start([find_target(target)])
    started = time.process_time() - start
    took, outcomes, sets = run(batches, [observer])
    return {"seconds": took, "outcomes": outcomes, "start": started, "sets": sets}


def repeated(target: str, batches: list[list[Case]]) -> dict[str, Any]:
    """The sets of the tests in a process that was forked just before, as workers are, and of its second run of them,
    with the batches and the tests of each in the opposite order."""
    observer = PythonLines()
    observer.start([find_target(target)])
    _, _, first = run(batches, [observer])
    _, _, second = run([cases[::-1] for cases in batches[::-1]], [observer])
    return {"first": first, "second": second[::-1]}


def measured(way: Callable[[str, list[list[Case]]], dict[str, Any]], target: str, batches: list[list[Case]]) -> Any:
    done = run_isolated(lambda: msgspec.json.encode(way(target, batches)), LIMITS)
    if not isinstance(done, Completed):
        raise SystemExit(done.detail)
    return msgspec.json.decode(done.payload)


def agreement(some: list[list[str]], others: list[list[str]]) -> str:
    """How far sets of the same tests are the same, and the files of the lines that differ."""
    pairs = [(set(one), set(other)) for one, other in zip(some, others, strict=True)]
    common = mean(len(one & other) / len(one | other) if one | other else 1.0 for one, other in pairs)
    equal = mean(one == other for one, other in pairs)
    files = Counter(line.rpartition(":")[0] for one, other in pairs for line in one ^ other)
    listed = ", ".join(f"{file} {count}" for file, count in files.most_common(4))
    return f"{common:8.3%} in common, {equal:.0%} of sets equal; differ: {listed or 'none'}"


def made(target: str, tests: int, size: int, seed: int) -> list[list[Case]]:
    cases: list[Case] = []
    while len(cases) < tests:
        with suppress(GraphError):
            cases.append(make_test(Slot(seed), target, "cpu", size, {})[0])
        seed += 1
    return [cases[first : first + BATCH] for first in range(0, len(cases), BATCH)]


WAYS = {
    "with coverage": watched,
    "without coverage": plain,
    "declining tracer": traced,
    "without coverage, again": plain,
}


def report(target: str, tests: int, size: int, seed: int, rounds: int) -> None:
    """Measure and print."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    find_target(target).warm()
    batches = made(target, tests, size, seed)
    # In a process of its own: what is built stays on disk, and this one stays as a fork server is.
    measured(plain, target, batches)
    runs: dict[str, list[dict[str, Any]]] = {}
    for _ in range(rounds):
        for name, way in WAYS.items():
            runs.setdefault(name, []).append(measured(way, target, batches))
    expected = runs["without coverage"][0]["outcomes"]
    assert all(run["outcomes"] == expected for found in runs.values() for run in found), "outcomes differ"
    print(f"{target}: {len(expected)} tests, {dict(Counter(expected))}")
    for name, found in runs.items():
        ratios = [one["seconds"] / other["seconds"] for one, other in zip(found, runs["without coverage"], strict=True)]
        print(f"{name:34} {1000 * median(run['seconds'] for run in found) / len(expected):8.1f} ms a test", end="")
        print(f" {median(ratios):8.2f} times ({min(ratios):.2f} to {max(ratios):.2f})")
    watched_last = runs["with coverage"][-1]
    sets = watched_last["sets"]
    print(f"{'to begin':34} {watched_last['start']:8.1f} s, once a campaign")
    print(f"{'lines':34} {len(set().union(*map(set, sets))):8,} in all, {mean(map(len, sets)):,.0f} a test")
    one, other = (measured(repeated, target, batches) for _ in range(2))
    print(f"{'same set in two processes':34} {agreement(one['first'], other['first'])}")
    print(f"{'same set after other tests':34} {agreement(one['first'], one['second'])}")
