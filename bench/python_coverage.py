"""What it costs to watch which lines of Inductor's Python code tests execute, and how far equal tests agree.

    python bench/python_coverage.py --tests 32

The same batches of tests are compiled and run in child processes of one warm process, in turn: as they are; watched,
each line once; with the full set of lines of every batch; and with a trace function that declines every call, which is
the least that any tracer costs. The C++ compiler's time is left out: every kernel is built before. Seconds are CPU time
of the process, the least of the rounds; every child has run the batches once before.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from tensorsmith.fuzz.batch import run_batch
from tensorsmith.fuzz.coverage.python.lines import PythonCoverage
from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.fuzz.stopwatch import Stopwatch
from tensorsmith.ir.cases import Case
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Completed, Limits, run_isolated
from tensorsmith.targets.registry import graph_target

BATCH = 8
LIMITS = Limits(seconds=1200.0)


def run(cases: list[Case]) -> list[str]:
    """The outcomes of a batch."""
    outcomes: list[str] = []

    def on_verdict(position: int, verdict: Verdict, spent: float) -> None:
        outcomes.append(verdict.outcome)

    run_batch(cases, Stopwatch(), lambda position, stage: None, on_verdict, lambda step: None)
    return outcomes


def seconds(batches: list[list[Case]]) -> tuple[float, list[str]]:
    start = time.process_time()
    outcomes = [outcome for cases in batches for outcome in run(cases)]
    return time.process_time() - start, outcomes


def plain(batches: list[list[Case]]) -> dict[str, Any]:
    seconds(batches)
    took, outcomes = seconds(batches)
    return {"as they are": took, "outcomes": outcomes}


def traced(batches: list[list[Case]]) -> dict[str, Any]:
    seconds(batches)
    sys.settrace(lambda frame, event, argument: None)
    took, outcomes = seconds(batches)
    sys.settrace(None)
    return {"declining tracer": took, "outcomes": outcomes}


def watched(batches: list[list[Case]]) -> dict[str, Any]:
    packages = graph_target("inductor").packages
    seconds(batches)
    start = time.process_time()
    coverage = PythonCoverage(packages)
    coverage.start()
    started = time.process_time() - start
    first, outcomes = seconds(batches)
    lines = len(coverage.new())
    later, _ = seconds(batches)
    start = time.process_time()
    sets = [coverage.full_set(lambda cases=cases: run(cases))[1] for cases in batches]  # type: ignore[misc]
    full = time.process_time() - start
    # In another order, and after other tests.
    again = [coverage.full_set(lambda cases=cases: run(cases))[1] for cases in batches[::-1]][::-1]  # type: ignore[misc]
    differ = [line for one, other in zip(sets, again, strict=True) for line in one ^ other]
    return {
        "watched, lines executed first": first,
        "watched, lines executed again": later,
        "full sets": full,
        "outcomes": outcomes,
        "start": started,
        "lines": lines,
        "a batch": sum(map(len, sets)) / len(sets),
        "differ": Counter(line.rpartition(":")[0] for line in differ),
        "differ a batch": len(differ) / len(sets),
    }


def measured(way: Callable[[list[list[Case]]], dict[str, Any]], batches: list[list[Case]]) -> dict[str, Any]:
    done = run_isolated(lambda: msgspec.json.encode(way(batches)), LIMITS)
    if not isinstance(done, Completed):
        raise SystemExit(done.detail)
    found: dict[str, Any] = msgspec.json.decode(done.payload)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=32)
    parser.add_argument("--size", type=int, default=8, help="operators a graph, on average")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    graph_target("inductor").warm()
    seeds = range(options.seed, options.seed + options.tests)
    cases = [make_test(Slot(seed), "inductor", "cpu", options.size, {})[0] for seed in seeds]
    batches = [cases[first : first + BATCH] for first in range(0, len(cases), BATCH)]
    for batch in batches:
        run(batch)
    least: dict[str, float] = {}
    expected: list[str] | None = None
    last: dict[str, Any] = {}
    for _ in range(options.rounds):
        for way in (plain, traced, watched):
            found = measured(way, batches)
            expected = expected or found["outcomes"]
            assert found["outcomes"] == expected, "outcomes differ"
            for name, value in found.items():
                if isinstance(value, float) and name not in ("a batch", "differ a batch"):
                    least[name] = min(value, least.get(name, value))
        last = found
    n = options.tests
    started = least.pop("start")
    base = least["as they are"]
    print(f"{n} tests of {options.size} operators on average, {dict(Counter(expected or ()))}")
    for name, value in least.items():
        print(f"{name:30}  {value / n:.3f} CPU s a test   {value / base:.2f}x")
    print(f"to put probes everywhere: {started:.1f} CPU s, once a campaign")
    print(f"lines: {last['lines']} in all, {last['a batch']:.0f} a batch of {BATCH}")
    print(f"lines that differ when a batch is run again in another order: {last['differ a batch']:.1f} a batch")
    for file, count in Counter(last["differ"]).most_common(12):
        print(f"  {count:4} {file}")


if __name__ == "__main__":
    main()
