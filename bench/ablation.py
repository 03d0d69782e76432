"""Whether feedback pays: campaigns that differ in their schedule alone, with equal seeds and equal time, repeated.

    python bench/ablation.py OUT --target tvm-tir --time 120 --repeats 5
    python bench/ablation.py OUT --target tvm-tir --time 120 --after campaigns/first
    python bench/ablation.py OUT --plot OUT/ablation.svg     # of the runs that are there; needs matplotlib

Time is that of the processor, the engine's and its worker's together, so that what else the machine does counts little;
with one worker it is wall time on a machine that does nothing else. The schedules take turns. Every campaign's worker
only tests: reducing an alarm takes as long as a thousand tests, and which alarms come is chance. What is counted are
alarms that differ in their signature. All observers watch all campaigns, also those whose schedule does not listen. The
time begins when the worker has imported its compilers. Of each run a file of JSON is left in OUT; a run whose file is
there is not run again, and two of these commands with other seeds may share OUT. Of each schedule the table has the
median over the repeats, and the range. With --after every run goes on with a copy of a campaign, and what it adds is
what counts: which schedule is best when the easy half is covered is another question than which begins fastest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import msgspec

from tensorsmith.corpus.findings import Finding
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.budget import Budget
from tensorsmith.fuzz.engine import Engine
from tensorsmith.fuzz.schedules.registry import SCHEDULES
from tensorsmith.fuzz.statistics import Snapshot, snapshot
from tensorsmith.fuzz.workforce import Workforce
from tensorsmith.targets.isolation import tree_cpu

# Seconds that a test may take.
LIMITS = {"tvm-tir": 5.0}


class Point(msgspec.Struct, frozen=True):
    """A campaign after some CPU seconds of testing: how many tests it has done, and what is covered, by observer."""

    seconds: float
    tests: int
    coverage: dict[str, int]


class Run(msgspec.Struct, frozen=True):
    """A campaign: how it went, and how it ended."""

    target: str
    schedule: str
    seed: int
    points: tuple[Point, ...]
    tests: int
    valid: int
    alarms: int


class Recorder:
    """A screen that keeps what it is shown."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def update(self, now: Snapshot) -> None:
        self.points.append(Point(now.elapsed, now.tests, now.coverage))

    def finding(self, finding: Finding) -> None:
        pass

    def message(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        pass


def campaign(target: str, schedule: str, seed: int, seconds: float, after: Path | None) -> Run:
    """Run a campaign, or go on with a copy of one, and watch it."""
    settings = Settings(targets=(target,), seed=seed, schedule=schedule, time_limit=LIMITS.get(target, 60.0))
    screen = Recorder()
    with tempfile.TemporaryDirectory() as scratch:
        limits = settings.time_limit, settings.memory_limit
        if after is not None:
            shutil.copytree(after, Path(scratch) / "campaign")
        workforce = Workforce(Path(scratch), (target,), "cpu", (), *limits, (), True)
        with opened(Path(scratch) / "campaign", settings) as store:
            before, known = snapshot(store), len(store.findings())
            numbered = workforce.start().numbered
            try:
                engine = Engine(store, settings, Budget(seconds=seconds), screen, workforce, numbered)
                engine.triagers = 0
                engine.clock = lambda: tree_cpu(os.getpid())
                engine.run()
            finally:
                workforce.close()
            now = snapshot(store)
            screen.update(now)
            points = tuple(added(point, before) for point in screen.points)
            tests, valid = now.tests - before.tests, now.valid - before.valid
            return Run(target, schedule, seed, points, tests, valid, len(store.findings()) - known)


def opened(directory: Path, settings: Settings) -> Store:
    """The store of a campaign that is begun, or gone on with, with some settings."""
    if not directory.exists():
        return Store.create(directory, settings)
    store = Store.open(directory)
    store.change_settings(settings)
    return store


def added(point: Point, before: Snapshot) -> Point:
    """What there is at a point that was not there before."""
    coverage = {name: count - before.coverage.get(name, 0) for name, count in point.coverage.items()}
    return Point(point.seconds - before.elapsed, point.tests - before.tests, coverage)


def read(out: Path, target: str) -> list[Run]:
    """The runs against a target that are in a directory."""
    runs = [msgspec.json.decode(path.read_bytes(), type=Run) for path in sorted(out.glob("*.json"))]
    return [run for run in runs if run.target == target]


def spread(values: list[int]) -> str:
    return f"{median(values):,.0f} ({min(values):,}-{max(values):,})"


def table(runs: list[Run]) -> None:
    """Print the medians and ranges, by schedule, and the ratio of each to `generate`'s."""
    observers = sorted({name for run in runs for name in run.points[-1].coverage})
    for entry in SCHEDULES:
        own = [run for run in runs if run.schedule == entry.name]
        if not own:
            continue
        print(f"\n{entry.name}: {entry.summary}; {len(own)} runs")
        for name in observers:
            reached = [run.points[-1].coverage.get(name, 0) for run in own]
            base = [run.points[-1].coverage.get(name, 0) for run in runs if run.schedule == "generate"]
            ratio = f"   {median(reached) / median(base):.2f}x generate" if base and median(base) else ""
            print(f"    {name:24} {spread(reached):32}{ratio}")
        print(f"    {'tests':24} {spread([run.tests for run in own])}")
        print(f"    {'valid':24} {spread([run.valid for run in own])}")
        print(f"    {'distinct alarms':24} {spread([run.alarms for run in own])}")


def plot(runs: list[Run], path: Path) -> None:
    """Draw coverage over time: a panel an observer, a line a schedule, through the medians, with the range around."""
    import matplotlib.pyplot as plt

    observers = sorted({name for run in runs for name in run.points[-1].coverage})
    figure, panels = plt.subplots(1, len(observers), figsize=(6 * len(observers), 4.5), squeeze=False)
    until = max(run.points[-1].seconds for run in runs)
    grid = [until * step / 100 for step in range(101)]
    for panel, observer in zip(panels[0], observers, strict=True):
        for entry in SCHEDULES:
            own = [[at(run, seconds, observer) for seconds in grid] for run in runs if run.schedule == entry.name]
            if own:
                columns = list(zip(*own, strict=True))
                (line,) = panel.plot(grid, [median(column) for column in columns], label=entry.name)
                low, high = [min(column) for column in columns], [max(column) for column in columns]
                panel.fill_between(grid, low, high, alpha=0.15, color=line.get_color())
        panel.set(title=observer, xlabel="CPU seconds of testing", ylabel="features", ylim=(0, None))
    panels[0][0].legend()
    figure.tight_layout()
    figure.savefig(path)
    print(f"\n{path}")


def at(run: Run, seconds: float, observer: str) -> int:
    """What an observer had seen by some time."""
    return max((point.coverage.get(observer, 0) for point in run.points if point.seconds <= seconds), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--target", default="tvm-tir")
    parser.add_argument("--time", type=int, default=120, help="CPU seconds of each campaign")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the first repeat; the next has the next")
    names = [entry.name for entry in SCHEDULES]
    parser.add_argument("--schedules", nargs="+", choices=names, default=names, help="default: all")
    parser.add_argument("--after", type=Path, metavar="DIR", help="a campaign that every run goes on with a copy of")
    parser.add_argument("--plot", type=Path, help="draw the runs that are there, and run nothing")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.plot is None:
        for seed in range(options.seed, options.seed + options.repeats):
            for name in options.schedules:
                path = options.out / f"{options.target}-{name}-{seed}.json"
                if path.exists():
                    continue
                run = campaign(options.target, name, seed, options.time, options.after)
                path.write_bytes(msgspec.json.encode(run))
                print(f"{name} {seed}: {run.points[-1]}", file=sys.stderr, flush=True)
    runs = read(options.out, options.target)
    if not runs:
        sys.exit(f"{options.out}: no runs against {options.target}")
    table(runs)
    if options.plot is not None:
        plot(runs, options.plot)


if __name__ == "__main__":
    main()
