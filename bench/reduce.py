"""Reduction of graphs: operators left, runs of the judge and time, beside PyTorch's `fx_minifier` and plain ddmin.

python bench/reduce.py --seed 0
python bench/reduce.py --each 0 --findings CAMPAIGN ... --most 10   # originals of findings, by the real judge

Planted bugs of eight shapes in random programs of 10, 30, 60 and 100 operators. All three reducers get the same
programs and the same judge. Operators are the calls of operators that are left.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from planted_graphs import SHAPES, Planted, planted_case
from reduction_peers import Outcome, run_ddmin, run_fx_minifier
from tensorsmith.ir.cases import load
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.inputs import make_constants
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.triage.capture import written_out
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.reductions.registry import REMOVALS
from tensorsmith.triage.search import Progress
from tensorsmith.triage.signature import same_failure

SIZES = (10, 30, 60, 100)
NAMES = ("tensorsmith", "fx_minifier", "ddmin")


@dataclass(frozen=True)
class Row:
    """A case and what each reducer came to."""

    shape: str
    size: int
    least: int
    outcomes: dict[str, Outcome]


def run_tensorsmith(case: TestCase, verdict: Verdict, judge: Callable[[TestCase], Verdict], seconds: float) -> Outcome:
    """Our own reduction, all of it."""
    outcome = Outcome(len(case.graph.nodes))
    removals = {name for name, _ in REMOVALS}

    def judged(candidate: TestCase) -> Verdict:
        with outcome.timed():
            return judge(candidate)

    def count(progress: Progress) -> None:
        if progress.reduction in removals:
            outcome.calls += 1
        else:
            outcome.simplifying += 1

    started = time.perf_counter()
    reduced = reduce_case(case, verdict, judged, seconds, count)
    outcome.seconds += time.perf_counter() - started
    outcome.operators = len(reduced.case.graph.nodes)
    if not reduced.minimal:
        outcome.problem = "out of time"
    return outcome


def measured(planted: Planted) -> Row:
    """All reducers on one planted bug."""

    def fails(graph: Graph, inputs: list[torch.Tensor]) -> bool:
        return planted.judge_tensors(graph, inputs, make_constants(graph)).outcome == "fail"

    case = planted.case
    ours = run_tensorsmith(case, planted.verdict, planted.judge, 600.0)
    peer = run_fx_minifier(case, fails)
    plain = run_ddmin(case, lambda candidate: planted.judge(candidate).outcome == "fail")
    outcomes = dict(zip(NAMES, (ours, peer, plain), strict=True))
    return Row(planted.shape, len(case.graph.nodes), planted.least, outcomes)


def measured_finding(case: TestCase, limits: Limits) -> Row | None:
    """All reducers on the original of a finding; None if it does not fail here."""
    verdict = judge_isolated(case, limits)
    if verdict.outcome != "fail":
        return None

    def judge(candidate: TestCase) -> Verdict:
        return judge_isolated(candidate, limits)

    def is_same(candidate: TestCase) -> bool:
        found = judge(candidate)
        return found.outcome == "fail" and same_failure(verdict, found)

    def fails(graph: Graph, inputs: list[torch.Tensor]) -> bool:
        values = tuple(written_out(item.type, tensor) for item, tensor in zip(graph.inputs, inputs, strict=True))
        return is_same(TestCase(graph, InputRecipe(values), case.target, case.device, case.pipeline))

    ours = run_tensorsmith(case, verdict, judge, 900.0)
    outcomes = dict(zip(NAMES, (ours, run_fx_minifier(case, fails), run_ddmin(case, is_same)), strict=True))
    return Row(f"{case.target} {verdict.kind}", len(case.graph.nodes), 0, outcomes)


def originals(campaigns: Sequence[Path], most: int) -> Iterator[TestCase]:
    """Original test cases of findings in graphs, the largest first."""
    paths = [path for campaign in campaigns for path in sorted(campaign.glob("findings/*/original.json"))]
    cases = [case for case in map(load, paths) if isinstance(case, TestCase) and len(case.graph.nodes) > 1]
    yield from sorted(cases, key=lambda case: -len(case.graph.nodes))[:most]


def tell(title: str, rows: Sequence[Row]) -> None:
    """Print medians and ranges of a group of cases, and ratios to ours."""
    print(f"\n{title}: {len(rows)} cases")
    head = ("operators", "mean", "removal calls", "all calls", "seconds", "raised")
    print(f"{'':14}{head[0]:>16}{head[1]:>7}{head[2]:>18}{head[3]:>18}{head[4]:>20}{head[5]:>8}")
    for name in NAMES:
        found = [row.outcomes[name] for row in rows]
        cells = (
            f"{_spread([o.operators for o in found]):>16}",
            f"{statistics.mean(o.operators for o in found):>7.2f}",
            f"{_spread([o.calls for o in found]):>18}",
            f"{_spread([o.calls + o.simplifying for o in found]):>18}",
            f"{_spread([o.seconds for o in found], 2):>20}",
            f"{sum(bool(o.problem) for o in found):>8}",
        )
        print(f"{name:14}{''.join(cells)}")
    for name in NAMES[1:]:
        pairs = [(row.outcomes[NAMES[0]], row.outcomes[name]) for row in rows]
        larger = sum(ours.operators > peer.operators for ours, peer in pairs)
        more = sum(ours.calls > peer.calls for ours, peer in pairs)
        every = sum(ours.calls + ours.simplifying > peer.calls for ours, peer in pairs)
        operators = sum(ours.operators for ours, _ in pairs) / max(1, sum(peer.operators for _, peer in pairs))
        each = statistics.mean(ours.operators / max(1, peer.operators) for ours, peer in pairs)
        calls = sum(ours.calls for ours, _ in pairs) / sum(peer.calls for _, peer in pairs)
        whole = sum(ours.calls + ours.simplifying for ours, _ in pairs) / sum(peer.calls for _, peer in pairs)
        print(
            f"tensorsmith to {name}: operators {operators:.2f} (mean of ratios {each:.2f}), larger in {larger}; "
            f"removal calls {calls:.2f}, more in {more}; all calls {whole:.2f}, more in {every}"
        )


def tell_one(row: Row) -> None:
    """Print a line for a case."""
    told = [
        f"{name} {o.operators} ops {o.calls}+{o.simplifying} calls {o.seconds:.1f}+{o.judging:.1f} s"
        f"{' ' + o.problem if o.problem else ''}"
        for name, o in row.outcomes.items()
    ]
    print(f"{row.shape}, {row.size} operators, {row.least} at least: {'; '.join(told)}", flush=True)


def _spread(numbers: Sequence[float], digits: int = 0) -> str:
    middle = f"{statistics.median(numbers):.{max(digits, 1)}f}"
    return f"{middle} ({min(numbers):.{digits}f}-{max(numbers):.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=2, help="programs for each shape of bug and size")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--shapes", nargs="*", default=tuple(SHAPES))
    parser.add_argument("--findings", type=Path, nargs="*", default=(), metavar="DIR")
    parser.add_argument("--most", type=int, default=1000, help="findings")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    rows: list[Row] = []
    for size in arguments.sizes:
        for shape in arguments.shapes:
            for seed in range(arguments.seed, arguments.seed + arguments.each):
                row = measured(planted_case(shape, seed, size))
                rows.append(row)
                if arguments.verbose:
                    tell_one(row)
    found: list[Row] = []
    for case in originals(arguments.findings, arguments.most):
        find_target(case.target).warm()
        measured_row = measured_finding(case, Limits())
        if measured_row is None:
            print(f"a finding of {len(case.graph.nodes)} operators on {case.target} does not fail here", flush=True)
            continue
        found.append(measured_row)
        if arguments.verbose:
            tell_one(measured_row)
    if found:
        tell("findings", found)
    if not rows:
        return
    for shape in arguments.shapes:
        tell(shape, [row for row in rows if row.shape == shape])
    for size in arguments.sizes:
        tell(f"about {size} operators", [row for row in rows if _nearest(row.size, arguments.sizes) == size])
    tell("30 operators and more", [row for row in rows if _nearest(row.size, arguments.sizes) >= 30])
    tell("all planted bugs", rows)


def _nearest(size: int, sizes: Sequence[int]) -> int:
    return min(sizes, key=lambda one: abs(one - size))


if __name__ == "__main__":
    main()
