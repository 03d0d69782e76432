"""What native coverage costs and how far its sets repeat, beside the same work without it in the same run.

    python bench/coverage.py
    python bench/coverage.py --library onnxruntime --all-owners
    python bench/coverage.py --python inductor --tests 16 --repeats 3

With `--python` it measures the coverage of a target's Python code (`python_coverage.py`).

All times are CPU time. Each measurement is made in a process forked for it from one that has the compiler loaded and
warm; those with and without coverage take turns, and ratios are medians of those of neighbours in time. The analysis is
made in an empty cache.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

import python_coverage
from coverage_workloads import WORKLOADS, Workload
from tensorsmith.fuzz.coverage.native.analysis import Level, analyse, blocks_of
from tensorsmith.fuzz.coverage.native.libraries import LIBRARIES, find_library
from tensorsmith.fuzz.coverage.native.observer import NativeCoverage, prepare
from tensorsmith.fuzz.coverage.native.owners import OWNERS

MIB = 1 << 20
PASSES = 3
SETS = 30
ROUNDS = 4
FORKS = 20


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives, in a process forked for it; None if that dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as out:
            json.dump(work(), out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as results:
        text = results.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if status == 0 else None


def timed(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def private_mib() -> float:
    """Memory that this process alone has, and that no file could be read again for."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def surviving(workload: Workload) -> Workload:
    """The workload without the tests that kill the process that runs them."""
    alive: list[Any] = []
    left = list(workload.tests)
    while left:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            for test in left:
                workload.run(test)
                os.write(writing, b".")
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as progress:
            done = len(progress.read())
        os.waitpid(child, 0)
        alive += left[:done]
        left = left[done + 1 :]
    return Workload(alive, workload.run)


def plain(workload: Workload) -> dict[str, Any]:
    """CPU seconds of each pass over the tests, and what they gave."""
    seconds, outputs = passes(workload, lambda: None)
    return {"seconds": seconds, "outputs": outputs}


def passes(workload: Workload, after: Callable[[], Any]) -> tuple[list[float], list[str]]:
    seconds: list[float] = []
    outputs: list[str] = []
    for _ in range(PASSES):
        start = time.process_time()
        results = []
        for test in workload.tests:
            results.append(workload.run(test))
            after()
        seconds.append(time.process_time() - start)
        outputs = outputs or [result.hex() for result in results]
    return seconds, outputs


def observed(workload: Workload, path: Path, level: Level) -> dict[str, Any]:
    """The same with coverage, whose hits are read after every test."""
    before = private_mib()
    start = time.process_time()
    coverage = NativeCoverage.arm(path, level)
    arming = time.process_time() - start
    memory = private_mib() - before
    seconds, outputs = passes(workload, coverage.new_hits)
    reading = timed(coverage.new_hits)
    return {
        "seconds": seconds,
        "outputs": outputs,
        "arming": arming,
        "memory": memory,
        "reading": reading,
        "hit": len(coverage.hit),
    }


def inherited(workload: Workload, path: Path) -> dict[str, Any]:
    """Forking with breakpoints in place: seconds of forks without and with them, and what a process that is forked
    after a first pass adds in memory by a pass of its own, without and with them."""

    def a_pass(after: Callable[[], Any]) -> float:
        before = private_mib()
        for test in workload.tests:
            workload.run(test)
            after()
        return private_mib() - before

    def forks() -> float:
        start = time.perf_counter()
        for _ in range(FORKS):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        return (time.perf_counter() - start) / FORKS

    fork_without, memory_without = forks(), in_child(lambda: a_pass(lambda: None))
    coverage = NativeCoverage.arm(path)
    fork_with, memory_with = forks(), in_child(lambda: a_pass(coverage.new_hits))
    return {"fork": (fork_without, fork_with), "memory": (memory_without, memory_with)}


def repeated(workload: Workload, path: Path) -> dict[str, Any]:
    """Full sets of some tests: how far they are the same when they are taken again, and what they cost."""
    coverage = NativeCoverage.arm(path)
    tests = workload.tests[:SETS]

    def sets(runs: int) -> list[Any]:
        return [coverage.full_set(lambda test=test: workload.run(test), runs) for test in tests]  # type: ignore[misc]

    def single(test: Any) -> float:
        return timed(lambda: workload.run(test))

    raw = [sets(1) for _ in range(2)]
    sets(2)
    mask: list[int] = [len(coverage.unstable)]
    for _ in range(ROUNDS - 1):
        sets(2)
        mask.append(len(coverage.unstable))
    # Single runs teach the mask nothing: what it is tested on is not what it was learned from.
    once, again = sets(1), sets(1)
    without = median([sum(single(test) for test in tests) for _ in range(3)])
    with_sets = timed(lambda: sets(1))
    return {
        "raw": agreement(*raw),
        "masked": agreement(once, again),
        "again": [s.tolist() for s in again],
        "unstable": coverage.unstable.tolist(),
        "mask": mask,
        "size": median([len(s) for s in again]),
        "cost": with_sets / without,
    }


def agreement(some: Sequence[Any], others: Sequence[Any]) -> tuple[float, float]:
    """The share of pairs of sets that are equal, and the mean of the share of both in either (Jaccard)."""
    jaccard = [len(np.intersect1d(a, b)) / max(1, len(np.union1d(a, b))) for a, b in zip(some, others, strict=True)]
    return sum(one == 1.0 for one in jaccard) / len(jaccard), mean(jaccard)


def report_analysis(path: Path, all_owners: bool) -> None:
    def cold() -> list[float]:
        analysed = timed(lambda: analyse(path))
        return [analysed, timed(lambda: prepare(path))]

    functions, blocks = in_child(cold)
    cached = in_child(lambda: timed(lambda: blocks_of(analyse(path), "block", "own")))
    print(f"{'analysis, cold':34} {functions:8.1f} s for functions and owners, {blocks:.1f} s for own blocks")
    print(f"{'analysis, cached':34} {cached:8.2f} s")
    analysis = analyse(path)
    for owner in OWNERS:
        chosen = analysis.owned_by(owner)
        if not len(chosen):
            continue
        swept = f", {len(blocks_of(analysis, 'block', owner)):,} blocks" if all_owners or owner == "own" else ""
        size = analysis.functions.size[chosen].sum() / MIB
        named = np.mean(analysis.file[chosen] >= 0)
        print(f"{owner:34} {len(chosen):8,} functions of {size:.1f} MiB{swept}; {named:.0%} with their source file")
    unswept = blocks_of(analysis, "block", "own").unswept
    print(f"{'own functions not swept':34} {unswept:8}")


def report_costs(workload: Workload, path: Path, repeats: int) -> None:
    def several(measure: Callable[[], Any], into: list[Any]) -> None:
        done = in_child(measure)
        assert done is not None, "a process died"
        into.append(done)

    runs: dict[str, list[Any]] = {"plain": [], "again": [], "block": [], "function": []}
    for _ in range(repeats):
        several(lambda: observed(workload, path, "block"), runs["block"])
        several(lambda: plain(workload), runs["plain"])
        several(lambda: observed(workload, path, "function"), runs["function"])
        several(lambda: plain(workload), runs["again"])

    def ratios(variant: str, number: int) -> list[float]:
        """Of a pass of each run to the same pass of the run without coverage that was next to it in time."""
        pairs = zip(runs[variant], runs["plain"], strict=True)
        return [one["seconds"][number] / other["seconds"][number] for one, other in pairs]

    def steady(variant: str) -> list[float]:
        return [ratio for number in range(1, PASSES) for ratio in ratios(variant, number)]

    base = [median([run["seconds"][number] for run in runs["plain"]]) for number in range(PASSES)]
    tests = len(workload.tests)
    print(f"{'without coverage':34} {1000 * base[1] / tests:8.1f} ms a test")
    noise = steady("again")
    print(f"{'without coverage, again':34} {median(noise):8.2f} times ({min(noise):.2f} to {max(noise):.2f})")
    for level in ("block", "function"):
        first, flat = ratios(level, 0), steady(level)
        print(f"{level + 's: arming':34} {median(run['arming'] for run in runs[level]):8.2f} s", end="")
        print(f", {median(run['memory'] for run in runs[level]):.0f} MiB private")
        print(f"{level + 's: first pass':34} {median(first):8.2f} times", end="")
        print(f", {median(run['hit'] for run in runs[level]):,.0f} of {level}s hit")
        print(f"{level + 's: steady state':34} {median(flat):8.2f} times ({min(flat):.2f} to {max(flat):.2f})", end="")
        print(f", of that reading {tests * median(run['reading'] for run in runs[level]) / base[1]:.1%}")
    forked = in_child(lambda: inherited(workload, path))
    print(f"{'blocks armed before the fork':34} ", end="")
    print(f"{forked['memory'][1] - forked['memory'][0]:7.0f} MiB private to a process after a pass", end="")
    print(f", a fork takes {1000 * forked['fork'][1]:.1f} ms instead of {1000 * forked['fork'][0]:.1f}")
    reference = runs["plain"][0]["outputs"]
    control = runs["again"][-1]["outputs"]
    stable = [number for number, result in enumerate(reference) if control[number] == result]
    equal = sum(all(run["outputs"][n] == reference[n] for run in runs["block"] + runs["function"]) for n in stable)
    print(f"{'results equal with coverage':34} {equal:8} of {len(stable)}", end="")
    print(f"; {tests - len(stable)} differ without it, too")


def report_sets(workload: Workload, path: Path) -> None:
    one, other = (in_child(lambda: repeated(workload, path)) for _ in range(2))
    unstable = np.union1d(one["unstable"], other["unstable"])
    across = agreement(*([np.setdiff1d(s, unstable) for s in run["again"]] for run in (one, other)))
    print(f"{'full set: cost':34} {one['cost']:8.2f} times a run, {one['size']:,.0f} blocks")
    print(f"{'same set, not masked':34} {one['raw'][1]:8.3%} in common, {one['raw'][0]:.0%} of sets equal")
    print(f"{'same set, masked':34} {one['masked'][1]:8.3%} in common, {one['masked'][0]:.0%} of sets equal")
    print(f"{'same set in two processes, masked':34} {across[1]:8.3%} in common, {across[0]:.0%} of sets equal")
    print(f"{'masked blocks, by rounds':34} {' '.join(map(str, one['mask']))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=sorted(LIBRARIES), default="tvm")
    parser.add_argument("--python", metavar="TARGET", help="measure coverage of a target's Python code")
    parser.add_argument("--size", type=int, default=8, help="operators a graph, on average, with --python")
    parser.add_argument("--tests", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--all-owners", action="store_true", help="find the blocks of all owners, not only of its own")
    options = parser.parse_args()
    if options.python:
        python_coverage.report(options.python, options.tests, options.size, options.seed, options.repeats)
        return
    path = find_library(options.library)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        print(f"{path.name}, {path.stat().st_size / MIB:.0f} MiB")
        report_analysis(path, options.all_owners)
        sys.stdout.flush()
        made = WORKLOADS[options.library](options.tests, options.seed)
        workload = surviving(made)
        for test in workload.tests[:20]:
            workload.run(test)
        # As a fork server does: what is collected later is what tests leave, and no page of this heap is copied for it.
        gc.collect()
        gc.freeze()
        print(
            f"{'tests':34} {len(workload.tests):8}, and {len(made.tests) - len(workload.tests)} that kill the process"
        )
        sys.stdout.flush()
        report_costs(workload, path, options.repeats)
        sys.stdout.flush()
        report_sets(workload, path)


if __name__ == "__main__":
    main()
