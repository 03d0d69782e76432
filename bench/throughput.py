"""How many tests a second: tensorsmith, beside the plain loop 'generate, torch.compile, run, compare'.

    python bench/throughput.py --tests 192

Both do the same tests (equal seeds, hence equal programs, pipelines and inputs), one after the other, each with one
process that compiles, and both are warm when the clock starts. tensorsmith runs them as a campaign does: in a worker
that may die, watched by an engine, most of the C++ compiled together and with cheaper flags than Inductor's own. The
plain loop has torch's own default settings, and one thread. The rates are of wall time; CPU seconds include the C++
compilers. What counts as the compiler under test is all that happens while it compiles.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tensorsmith.fuzz.messages import BatchDone, FuzzBatch, Judged, Slot
from tensorsmith.fuzz.schedules.api import BATCH
from tensorsmith.fuzz.stopwatch import cpu_seconds
from tensorsmith.fuzz.workforce import Death, Workforce

# Stages of a batch in which the compiler under test is at work.
COMPILER_STAGES = ("compile",)


def plain_loop(seeds: list[int], size: int) -> None:
    """Generate, torch.compile, run, compare; prints a line of JSON. Runs in a process of its own."""
    import torch

    from tensorsmith.fuzz.make import make_test
    from tensorsmith.ir.cases import graph_case
    from tensorsmith.targets.eager import Eager
    from tensorsmith.targets.inductor.target import Inductor
    from tensorsmith.targets.inputs import make_inputs

    torch.set_num_threads(1)
    torch._inductor.config.compile_threads = 1
    eager, inductor = Eager(), Inductor()
    torch.compile(lambda x: torch.relu(x @ x).sum())(torch.ones(8, 8))
    outcomes: Counter[str] = Counter()
    wall, cpu = time.perf_counter(), cpu_seconds()
    for seed in seeds:
        made, _ = make_test(Slot(seed), "inductor", "cpu", size, {})
        case = graph_case(made)
        try:
            expected = eager.compile(case)(make_inputs(case.graph, case.recipe))
        except Exception:
            outcomes["invalid"] += 1
            continue
        try:
            actual = inductor.compile(case)(make_inputs(case.graph, case.recipe))
            torch.testing.assert_close(actual, expected, equal_nan=True)
            outcomes["pass"] += 1
        except Exception:
            outcomes["fail"] += 1
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu, "outcomes": outcomes}))


def tensorsmith(seeds: list[int], size: int, batch: int) -> tuple[float, dict[str, float], Counter[str], float]:
    """The same tests in one worker under the engine's watch: wall seconds, CPU by stage, outcomes, engine's own CPU."""
    stages: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    orders = [
        FuzzBatch("inductor", "cpu", size, tuple(Slot(seed) for seed in seeds[first : first + batch]))
        for first in range(0, len(seeds), batch)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        workforce = Workforce(Path(scratch), ("inductor",), "cpu", (), 60.0, 6 << 30)
        workforce.start()
        try:
            wall, own = time.perf_counter(), time.process_time()
            worker = workforce.hire()
            while orders or worker.order is not None:
                if worker.order is None:
                    workforce.give(worker, orders.pop(0))
                for event in workforce.events(0.1):
                    if isinstance(event, Death):
                        outcomes["death"] += 1
                        worker = workforce.hire()
                    elif isinstance(event.message, Judged):
                        outcomes[event.message.verdict.outcome] += 1
                    elif isinstance(event.message, BatchDone):
                        stages.update(event.message.cpu)
                        worker.order = None
            return time.perf_counter() - wall, dict(stages), outcomes, time.process_time() - own
        finally:
            workforce.close()


def main() -> None:
    """Run both and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=192)
    parser.add_argument("--size", type=int, default=8, help="operators a graph, on average")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seeds = list(range(options.seed, options.seed + options.tests))
    if options.plain:
        plain_loop(seeds, options.size)
        return
    wall, stages, outcomes, engine = tensorsmith(seeds, options.size, options.batch)
    with tempfile.TemporaryDirectory() as cache:
        # A cache of its own: what the first run compiled must not be found by the second.
        command = [sys.executable, __file__, "--plain", *sys.argv[1:]]
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": cache}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    plain = json.loads(done.stdout.splitlines()[-1])
    total = sum(stages.values()) + engine
    outside = total - sum(stages[stage] for stage in COMPILER_STAGES)
    n = options.tests
    print(f"{n} tests of {options.size} operators on average, batches of {options.batch}, one compiling process each")
    print(f"tensorsmith  {n / wall:6.2f} tests/s   {total / n:.3f} CPU s a test   {dict(outcomes)}")
    print(f"plain loop   {n / plain['wall']:6.2f} tests/s   {plain['cpu'] / n:.3f} CPU s a test   {plain['outcomes']}")
    print(f"ratio        {plain['wall'] / wall:6.2f} in tests/s, {plain['cpu'] / total:.2f} in CPU time")
    shares = "  ".join(f"{stage} {seconds / total:.1%}" for stage, seconds in sorted(stages.items()))
    print(f"tensorsmith's CPU time: {shares}  engine {engine / total:.1%}")
    print(f"outside the compiler under test: {outside / total:.1%}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
