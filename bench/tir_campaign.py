"""How many TIR tests a second one worker does, pass by pass, and where its time goes.

    python bench/tir_campaign.py --tests 1000

Half of the tests are generated and half are mutants of those before them, as in a campaign, and every sixty-fourth that
passes is compiled and run, too: the second rate has that in it. They run in batches, each in a child process that a
test may kill; what such a batch has done is lost. The rates are of CPU time; the shares are of time by the clock, for
asking that costs little. The share of the verifier is within that of the judge.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from time import perf_counter
from typing import Any

import msgspec

from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.fuzz.native_ways import compiled_too
from tensorsmith.fuzz.stopwatch import cpu_seconds
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import shielded
from tensorsmith.oracles.tir import interpreter, judge, meaning
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.tvm import adapter

BATCH = 300
NATIVE = 64
LIMITS = Limits(seconds=120.0, rss_bytes=3 << 30)


class Batch(msgspec.Struct):
    """What became of a batch: outcomes of generated tests and mutants, CPU seconds, those of them for tests that were
    compiled too, seconds by stage, and what passed."""

    generated: dict[str, int]
    mutants: dict[str, int]
    cpu: float
    native: float
    seconds: dict[str, float]
    passed: list[TirCase]


def timed(seconds: Counter[str], owner: Any, name: str, stage: str) -> None:
    """Have the calls of a function of a module or class timed."""
    inner: Callable[..., Any] = getattr(owner, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        try:
            return inner(*args, **kwargs)
        finally:
            seconds[stage] += perf_counter() - start  # type: ignore[assignment]

    setattr(owner, name, call)


def make(position: int, earlier: list[TirCase]) -> TirCase | None:
    rng = Random(position)
    slot = Slot(position)
    if earlier and position % 2:
        slot = Slot(position, rng.choice(earlier), rng.choice(earlier), rng.choice(("program", "program", "pipeline")))
    try:
        case, _ = make_test(slot, "tvm-tir", "cpu", 8, {})
    except GraphError:
        return None
    assert isinstance(case, TirCase)
    return case


def outcome(verdict: Verdict) -> str:
    return f"{verdict.outcome} {verdict.kind or verdict.reason.split(':')[0]}".strip()


def judged(case: TirCase) -> Verdict:
    return shielded(lambda: judge.judge_tir(case))


def judge_compiled(case: TirCase) -> float:
    """Judge a test once more, compiled too, and give the CPU seconds that this takes."""
    start = cpu_seconds()
    native = compiled_too(case)
    assert isinstance(native, TirCase)
    shielded(lambda: judge.judge_tir(native))
    return cpu_seconds() - start


def run(positions: range, earlier: list[TirCase]) -> bytes:
    seconds: Counter[str] = Counter()
    timed(seconds, judge, "apply_pass", "TVM: passes")
    timed(seconds, judge, "judge_native", "TVM: compile and run")
    timed(seconds, meaning, "compile_function", "interpreter: translate")
    timed(seconds, judge, "to_function", "read the program")
    timed(seconds, judge, "compile_function", "interpreter: translate")
    timed(seconds, interpreter.Reference, "run", "interpreter: run")
    timed(seconds, adapter, "is_well_formed", "TVM: verifier")
    timed(seconds, sys.modules[__name__], "make", "make")
    timed(seconds, sys.modules[__name__], "judged", "judge")
    timed(seconds, sys.modules[__name__], "judge_compiled", "judge")
    batch = Batch({}, {}, 0.0, 0.0, {}, [])
    start = cpu_seconds()
    for position in positions:
        counts = batch.mutants if position % 2 else batch.generated
        case = make(position, earlier + batch.passed)
        if case is None:
            counts["not made"] = counts.get("not made", 0) + 1
            continue
        verdict = judged(case)
        if verdict.outcome == "pass" and position % NATIVE == 0:
            batch.native += judge_compiled(case)
        counts[outcome(verdict)] = counts.get(outcome(verdict), 0) + 1
        if verdict.outcome == "pass":
            batch.passed.append(case)
    batch.cpu, batch.seconds = cpu_seconds() - start, dict(seconds)
    return msgspec.json.encode(batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    make(options.seed, [])  # imports TVM
    counts: dict[str, Counter[str]] = {"generated": Counter(), "mutants": Counter()}
    seconds: Counter[str] = Counter()
    earlier: list[TirCase] = []
    cpu, native, lost = 0.0, 0.0, 0
    for start in range(options.seed, options.seed + options.tests, BATCH):
        ended = run_isolated(partial(run, range(start, start + BATCH), earlier[-200:]), LIMITS)
        if isinstance(ended, Died):
            lost += 1
            continue
        batch = msgspec.json.decode(ended.payload, type=Batch)
        counts["generated"].update(batch.generated)
        counts["mutants"].update(batch.mutants)
        seconds.update(batch.seconds)
        cpu += batch.cpu
        native += batch.native
        earlier += batch.passed
    total = seconds["make"] + seconds["judge"]
    tests = sum(sum(of.values()) for of in counts.values())
    print(f"{tests} tests, {tests / (cpu - native):.0f} a CPU second pass by pass, {tests / cpu:.0f} with native code")
    print(f"{lost} batches of {BATCH} died")
    for name, found in counts.items():
        made = sum(found.values())
        valid = sum(count for reason, count in found.items() if not reason.startswith(("invalid", "not made")))
        print(f"{name:10} {made:6}, valid {valid / made:.1%}   {dict(found.most_common())}")
    for stage, spent in seconds.most_common():
        print(f"{stage:26} {spent / total:6.1%}")


if __name__ == "__main__":
    main()
