"""Reduction of programs of TIR: nodes and passes left, runs of the judge, time, and whether what is left is 1-minimal.

python bench/reduce_tir.py CAMPAIGN ... --count 24 --seed 0

Takes the originals of findings, one of each kind and guilty pass in turn, and reduces them anew. Then everything that
is smaller by one statement, expression or pass is judged, independently of what the reducer tried.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path
from random import Random

import msgspec

from tensorsmith.ir.cases import load, size_of
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import DEATHS, Verdict
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm.passes.settings import is_setting
from tensorsmith.triage.reduce_isolated import reduce_isolated
from tensorsmith.triage.tir.minimal import still_failing

LIMITS = Limits(5.0)
CHECK_SECONDS = 120.0


def originals(campaigns: list[Path], seed: int) -> list[tuple[str, TirCase]]:
    """Original test cases of findings, those of rare kinds and passes first."""
    groups: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    for campaign in campaigns:
        for path in sorted(campaign.glob("findings/*/original.json")):
            verdict = msgspec.json.decode((path.parent / "verdict.json").read_bytes(), type=Verdict)
            groups[str(verdict.kind), verdict.guilty].append(path)
    rng = Random(seed)
    queues = [rng.sample(paths, len(paths)) for _, paths in sorted(groups.items())]
    rng.shuffle(queues)
    picked: list[Path] = []
    while any(queues):
        picked += [queue.pop() for queue in queues if queue]
    cases = ((path.parent.name, load(path)) for path in picked)
    return [(name, case) for name, case in cases if isinstance(case, TirCase)]


def checked(case: TirCase, verdict: Verdict) -> tuple[int, int]:
    """How many programs that are smaller by one thing fail in the same way, of how many."""
    if verdict.kind in DEATHS:
        found, count = still_failing(case, verdict, lambda smaller: judge_isolated(smaller, LIMITS))
        return len(found), count

    def check() -> bytes:
        left, of = still_failing(case, verdict, judge_tir)
        return msgspec.json.encode((len(left), of))

    ended = run_isolated(check, Limits(CHECK_SECONDS))
    if isinstance(ended, Died):  # one of them kills the process
        found, count = still_failing(case, verdict, lambda smaller: judge_isolated(smaller, LIMITS))
        return len(found), count
    return msgspec.json.decode(ended.payload, type=tuple[int, int])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120.0, help="for one reduction")
    arguments = parser.parse_args()
    find_target("tvm-tir").warm()
    rows: list[tuple[int, int, int, int, int, float]] = []
    minimal = claimed = again_all = 0
    for name, case in originals(arguments.campaigns, arguments.seed):
        if len(rows) == arguments.count:
            break
        started = time.perf_counter()
        verdict = judge_isolated(case, LIMITS)
        if verdict.outcome != "fail":
            print(f"{name}: does not fail here: {verdict.outcome}", flush=True)
            continue
        took = time.perf_counter() - started
        started = time.perf_counter()
        reduced, again = reduce_isolated(case, verdict, LIMITS, arguments.seconds, first_seconds=took)
        seconds = time.perf_counter() - started
        assert isinstance(reduced.case, TirCase)
        left, of = checked(reduced.case, reduced.verdict)
        passes = [sum(not is_setting(step) for step in one.pipeline.steps) for one in (case, reduced.case)]
        rows.append((size_of(case), size_of(reduced.case), passes[0], passes[1], reduced.calls, seconds))
        minimal += not left
        claimed += reduced.minimal
        again_all += again[0] == again[1]
        print(
            f"{name} {verdict.kind} {reduced.verdict.guilty}: {rows[-1][0]} to {rows[-1][1]} nodes, {passes[0]} to "
            f"{passes[1]} passes, {reduced.calls} calls, {seconds:.1f} s; smaller by one and failing {left} of {of}"
            f"{'' if reduced.minimal else '; out of time'}; fails {again[0]} of {again[1]}",
            flush=True,
        )
    print(f"{len(rows)} cases: 1-minimal {minimal}, said to be {claimed}, failing every time again {again_all}")
    for title, column in (("nodes before", 0), ("nodes", 1), ("passes before", 2), ("passes", 3), ("calls", 4)):
        numbers = [row[column] for row in rows]
        print(f"{title:14}{statistics.median(numbers):10.1f} ({min(numbers)}-{max(numbers)})")
    spent = [row[5] for row in rows]
    print(f"{'seconds':14}{statistics.median(spent):10.1f} ({min(spent):.1f}-{max(spent):.1f})")


if __name__ == "__main__":
    main()
