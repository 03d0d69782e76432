"""Which builds of the compilers the observers of this process watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata

from tensorsmith.fuzz.coverage.native.observer import NativeCoverage
from tensorsmith.fuzz.coverage.run_observer import RunObserver
from tensorsmith.fuzz.coverage.watched import Watched
from tensorsmith.targets.api import Target


def all_watched(
    observers: Sequence[RunObserver], libraries: Sequence[NativeCoverage], targets: Sequence[Target]
) -> tuple[Watched, ...]:
    """The observers and libraries that are watched while tests of some targets run, with their builds."""
    distributions = metadata.packages_distributions() if observers else {}
    found = [
        Watched(
            observer.name,
            _versions(
                {package for target in targets if observer.observes(target) for package in target.packages},
                distributions,
            ),
        )
        for observer in observers
    ]
    found += [Watched(one.name, one.analysis.library.identity, one.name.rpartition(" ")[0]) for one in libraries]
    return tuple(found)


def _versions(packages: set[str], distributions: Mapping[str, Sequence[str]]) -> str:
    """The distributions that packages are of, with their versions, such as `torch 2.13.0`."""
    tops = {package.partition(".")[0] for package in packages}
    names = {name for top in tops for name in distributions.get(top, ())}
    return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(names))
