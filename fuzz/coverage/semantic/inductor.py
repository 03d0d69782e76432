"""What Inductor decides about a graph: rewrites, decompositions, lowerings, fusions, kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tensorsmith.fuzz.coverage.semantic.hooks import install
from tensorsmith.fuzz.coverage.semantic.trail import Trail
from tensorsmith.targets.api import Target

# Counters that say how a compilation went by, and nothing of what was compiled.
_NOT_OF_THE_GRAPH = ("cache", "bench", "time", "async", "bytes", "subproc")


class InductorDecisions:
    """Which passes and patterns fire, what is decomposed, how operators are lowered, what is fused and what is not."""

    name = "inductor-decisions"

    def __init__(self) -> None:
        self._trail = Trail()
        self._counted: dict[str, int] = {}

    def observes(self, target: Target) -> bool:
        """See RunObserver."""
        return "torch._inductor" in target.packages

    def start(self, targets: Sequence[Target]) -> None:
        """See RunObserver."""
        from tensorsmith.fuzz.coverage.semantic.inductor_hooks import HOOKS

        for hook in HOOKS:
            install(hook, self._trail)
        self._counted = dict(_counters())

    def take(self) -> frozenset[str]:
        """See RunObserver."""
        now = dict(_counters())
        for name, count in now.items():
            if count > self._counted.get(name, 0):
                self._trail.note(f"counted {name}")
        self._counted = now
        return self._trail.take()

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        """See RunObserver. Of every test all is told."""
        return features


def _counters() -> Iterator[tuple[str, int]]:
    """Inductor's own counters."""
    from torch._dynamo.utils import counters
    from torch._inductor import metrics

    for name, count in counters["inductor"].items():
        if not any(word in name for word in _NOT_OF_THE_GRAPH):
            yield name, count
    for name, value in vars(metrics).items():
        if type(value) is int and not any(word in name for word in _NOT_OF_THE_GRAPH):
            yield name, value
    yield "cpp_outer_loop_fused_inner_counts", len(metrics.cpp_outer_loop_fused_inner_counts)
