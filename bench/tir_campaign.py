"""How many TIR tests a second one worker does, pass by pass, and where its time goes.

    python bench/tir_campaign.py --tests 1000

Half of the tests are generated and half are mutants of those before them, as in a campaign. The rates are of CPU time.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import shielded
from tensorsmith.oracles.tir import interpreter, judge
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter


class Stages:
    """CPU seconds of functions that are called by others, by name."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def time(self, owner: Any, name: str, stage: str) -> None:
        """Let a function of a module or class be timed."""
        inner: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[stage] += time.process_time() - start  # type: ignore[assignment]

        setattr(owner, name, timed)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    make(options.seed, [])  # imports TVM
    stages = Stages()
    stages.time(judge, "apply_pass", "TVM: passes")
    stages.time(judge, "judge_native", "TVM: compile and run")
    stages.time(judge, "to_function", "read the program")
    stages.time(judge, "compile_function", "interpreter: translate")
    stages.time(interpreter.Reference, "run", "interpreter: run")
    stages.time(adapter, "is_well_formed", "TVM: verifier")
    cases: list[TirCase] = []
    verdicts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    making = judging = 0.0
    for position in range(options.seed, options.seed + options.tests):
        start = time.process_time()
        case = make(position, cases)
        making += time.process_time() - start
        if case is None:
            verdicts[True]["not made"] += 1
            continue
        start = time.process_time()
        verdict = shielded(lambda case=case: judge.judge_tir(case))  # type: ignore[misc]
        judging += time.process_time() - start
        verdicts[bool(position % 2)][outcome(verdict)] += 1
        if verdict.outcome == "pass":
            cases.append(case)
    total = making + judging
    print(f"{options.tests} tests, {options.tests / total:.0f} a CPU second")
    for mutants, counts in verdicts.items():
        made = sum(counts.values())
        valid = sum(count for name, count in counts.items() if not name.startswith(("invalid", "not made")))
        name = "mutants" if mutants else "generated"
        print(f"{name:10} {made:6}, valid {valid / made:.1%}   {dict(counts.most_common())}")
    print(f"{'make':26} {making / total:6.1%}")
    for stage, seconds in stages.seconds.most_common():
        print(f"{stage:26} {seconds / total:6.1%}")
    print(f"{'other judging':26} {(judging - sum(stages.seconds.values())) / total:6.1%}")


if __name__ == "__main__":
    main()
