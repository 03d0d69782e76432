"""How TVM's Relax does on programs of one operator each: agrees with eager, is limited, or disagrees.

python bench/relax.py --target tvm-relax --programs 4 --operators translated
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import msgspec

from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.generators.table import OperatorEntry, load_table
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge_graph import judge_graph
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS

LIMITS = Limits(seconds=60)


@dataclass
class Row:
    """What the programs of one operator gave: outcomes, and what was said of those that did not pass."""

    op: str
    outcomes: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        for outcome in ("fail", "pass", "limitation"):
            if self.outcomes[outcome]:
                return outcome
        return "invalid"


def judge(case: TestCase) -> Verdict:
    result = run_isolated(lambda: msgspec.json.encode(judge_graph(case)), LIMITS)
    if isinstance(result, Died):
        return Verdict("fail", "crash", kind="crash", message=result.cause)
    return msgspec.json.decode(result.payload, type=Verdict)


def measure(entry: OperatorEntry, target: str, programs: int, seed: int) -> Row:
    row = Row(entry.op)
    for position in range(programs):
        try:
            graph, recipe = random_graph(Random(seed + position), 1, [entry])
        except GraphError:
            row.outcomes["invalid"] += 1
            continue
        verdict = judge(TestCase(graph, recipe, target))
        row.outcomes[verdict.outcome] += 1
        if verdict.outcome in ("fail", "limitation"):
            channel = f"{verdict.channel}: " if verdict.channel else ""
            row.words[f"{verdict.outcome}: {channel}{verdict.message[:100]}"] += 1
    return row


def chosen(which: str) -> list[OperatorEntry]:
    entries = [entry for entry in load_table() if not entry.out_of]
    if which == "all":
        return entries
    if which == "translated":
        return [entry for entry in entries if entry.op in TRANSLATIONS]
    return [entry for entry in entries if any(part in entry.op for part in which.split(","))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="tvm-relax")
    parser.add_argument("--programs", type=int, default=4, help="of each operator")
    parser.add_argument("--operators", default="translated", help="`translated`, `all`, or parts of names with commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", choices=("fail", "all"), default="fail", help="what to show messages of")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    find_target(arguments.target).warm()
    start = time.monotonic()
    rows = []
    for entry in chosen(arguments.operators):
        rows.append(measure(entry, arguments.target, arguments.programs, arguments.seed))
        for words, count in rows[-1].words.items():
            if arguments.words == "all" or words.startswith("fail"):
                print(f"{entry.op:40} {count:3} {words}", flush=True)
    seconds = time.monotonic() - start
    kinds = Counter(row.kind for row in rows)
    total = sum((row.outcomes for row in rows), Counter[str]())
    print(f"{len(rows)} operators: {kinds['pass']} agree, {kinds['limitation']} are limited, {kinds['fail']} disagree")
    print(f"{total.total()} programs: {dict(total)}, {total.total() / seconds:.1f}/s")


if __name__ == "__main__":
    main()
