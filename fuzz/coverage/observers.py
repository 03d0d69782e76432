"""The observers of compilers at work. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tensorsmith.fuzz.coverage.python.observer import PythonLines
from tensorsmith.fuzz.coverage.run_observer import RunObserver
from tensorsmith.fuzz.coverage.semantic.inductor import InductorDecisions
from tensorsmith.fuzz.coverage.semantic.relax_passes import RelaxPasses
from tensorsmith.fuzz.coverage.semantic.tir_passes import TirPasses
from tensorsmith.oracles.tir.judge import OnChange, ignore
from tensorsmith.targets.api import Target

RUN_OBSERVERS: tuple[RunObserver, ...] = (TirPasses(), RelaxPasses(), InductorDecisions(), PythonLines())

# Those that watch in this process, and in those that it forks.
_started: list[RunObserver] = []


def start_observers(targets: Sequence[Target]) -> None:
    """Have what happens to tests of these targets watched, from now on and in child processes."""
    for observer in RUN_OBSERVERS:
        if observer not in _started and any(observer.observes(target) for target in targets):
            observer.start(targets)
            _started.append(observer)


def on_change() -> OnChange:
    """What is to hear of passes that change a program of TIR."""
    return next((one.changed for one in _started if isinstance(one, TirPasses)), ignore)


def started_observers() -> tuple[RunObserver, ...]:
    """The observers that watch in this process."""
    return tuple(_started)


def worth_telling(seen: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """What to tell of a test that counts, of what the observers of this process saw of it."""
    told = {one.name: one.worth_telling(seen[one.name]) for one in _started if one.name in seen}
    return {name: features for name, features in told.items() if features}
