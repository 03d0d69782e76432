"""Whether failures are told apart by what is guilty: many failures of eight planted bugs, in random surroundings.

    python bench/deduplication.py --failures 200

The bugs are those of `tests/planted/eight_bugs.py`, the programs those of `tests/planted/eight_programs.py`. They are
told apart twice. As a campaign does it: failures come in one by one, in random order; what a known finding explains is
counted, the rest is confirmed, reduced, written up and compared again, in the campaign's own code. And each for itself:
every failure is reduced, whatever is known, and the signatures of what is left are compared. Which bug a finding is
about is told by the operators that are left, which nothing but this table looks at.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.fork_server import import_plugin
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.fuzz.triage_alarm import triage_alarm
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import usable_target
from tensorsmith.triage.duplicates import KnownFinding, is_twin
from tensorsmith.triage.reduce_isolated import reduce_isolated
from tensorsmith.triage.signature import signature

PLANTED = Path(__file__).parents[1] / "tests" / "planted"
TARGET = "torch:eight"
LIMITS = Limits(20.0)
REDUCE_SECONDS = 150.0
# So many failures come in before alarms that wait are triaged.
AT_A_TIME = 8

Failure = tuple[TestCase, Verdict]


def failures(wanted: int) -> list[Failure]:
    """The first programs that fail."""
    sys.path.insert(0, str(PLANTED))
    program: Callable[[int], TestCase] = importlib.import_module("eight_programs").program
    found: list[Failure] = []
    passing, number = 0, 0
    while len(found) < wanted:
        case = program(number)
        verdict = judge_isolated(case, LIMITS)
        if verdict.outcome == "fail":
            found.append((case, verdict))
        passing += verdict.outcome != "fail"
        number += 1
    sizes = [len(case.graph.nodes) for case, _ in found]
    print(f"{len(found)} failures, programs of {min(sizes)} to {max(sizes)} calls ({passing} programs do not fail)")
    print(f"  messages that differ, of errors  {len({v.message for _, v in found if v.kind == 'error'}):>4}")
    print(f"  kinds                            {dict(Counter(str(v.kind) for _, v in found))}")
    return found


def as_a_campaign(found: Sequence[Failure], seed: int) -> None:
    """Hand all failures to the alarms of a campaign, triage what these want triaged, and print the findings."""
    shuffled = random.Random(seed).sample(list(found), len(found))
    started, triaged = time.monotonic(), 0
    with (
        tempfile.TemporaryDirectory() as scratch,
        Store.create(Path(scratch) / "campaign", Settings(targets=(TARGET,))) as store,
    ):
        alarms = Alarms(store, PlainScreen(Console(stderr=True)), LIMITS.seconds, LIMITS.rss_bytes)
        for position, failure in enumerate(shuffled, 1):
            alarms.hear(*failure)
            if position % AT_A_TIME and position < len(shuffled):
                continue
            while (order := alarms.next()) is not None:
                alarms.settle(triage_alarm(order))
                triaged += 1
        findings = store.findings()
        print(
            f"\nas a campaign: {len(findings)} findings, {triaged} failures triaged, {time.monotonic() - started:.0f} s"
        )
        for finding in findings:
            what = f"{finding.kind} {finding.channel}".strip()
            print(
                f"  {finding.id:14} {finding.status:12} {what:22} seen {finding.seen:>3}  {_short(finding.operators)}"
            )


def each_for_itself(found: Sequence[Failure]) -> None:
    """Reduce every failure, and print how many signatures are left, and bugs when twins are taken together."""
    started = time.monotonic()
    ids: Counter[str] = Counter()
    bugs: list[KnownFinding] = []
    seen: Counter[str] = Counter()
    whole = 0
    for case, verdict in found:
        reduced, _ = reduce_isolated(case, verdict, LIMITS, REDUCE_SECONDS)
        own = signature(reduced.case, reduced.verdict)
        whole += reduced.minimal
        ids[own.id] += 1
        bug = next((bug for bug in bugs if own.id == bug.id or is_twin(own, reduced.case, bug)), None)
        if bug is None:
            bug = KnownFinding(own.id, own, reduced.case)
            bugs.append(bug)
        seen[bug.id] += 1
    spent = time.monotonic() - started
    print(f"\neach for itself: {len(bugs)} bugs, {len(ids)} signatures, {whole} reductions to the end, {spent:.0f} s")
    for bug in bugs:
        assert isinstance(bug.case, TestCase)
        what = f"{bug.signature.kind} {bug.signature.channel}".strip()
        print(f"  {bug.id:14} {what:22} seen {seen[bug.id]:>3}  {_short(bug.case.graph.operators())}")


def _short(operators: Sequence[str]) -> str:
    return " ".join(operator.removeprefix("aten.") for operator in operators)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--failures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the order in which they come")
    options = parser.parse_args()
    import_plugin(str(PLANTED / "eight_bugs.py"))
    usable_target(TARGET, "cpu").warm()
    found = failures(options.failures)
    as_a_campaign(found, options.seed)
    each_for_itself(found)


if __name__ == "__main__":
    main()
