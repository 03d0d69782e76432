"""Reduction of a failing test of TIR: pipeline and inputs first, then the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction, to_function, to_program
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.search import Progress, Reduced, Search
from tensorsmith.triage.signature import same_failure
from tensorsmith.triage.tir.pipeline import simpler_pipeline, simpler_recipe
from tensorsmith.triage.tir.reductions.registry import REDUCTIONS

Judge = Callable[[TirCase], Verdict]


def reduce_tir(
    case: TirCase,
    verdict: Verdict,
    judge: Judge,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
    memory: Memory | None = None,
    part: str = "",
    workers: int = 1,
) -> Reduced[TirCase]:
    """Reduce a failing test case; the program that is left has its TVMScript.

    Args:
        case: the test case.
        verdict: how it fails; a candidate counts only if it fails in the same way, in the same pass.
        judge: judges a candidate, in this process or in one that may die.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge, and for every candidate that is taken; `operators` is the
            number of nodes of the program.
        memory: what is known of candidates already, and where to keep what becomes known.
        part: which judge it is whose verdicts are remembered.
        workers: how many processes may judge at once; with more than one, the judge runs in forked ones.

    Raises:
        ValueError: the verdict is no failure.
    """
    reduced = _TirSearch(case, verdict, judge, deadline_seconds, on_progress, memory, part, workers).run()
    shown = replace(reduced.case, program=to_program(to_function(reduced.case.program), with_script=True))
    return replace(reduced, case=shown)


class _TirSearch(Search[TirCase]):
    def one_round(self) -> None:
        """See Search."""
        self.explore("pipeline", partial(simpler_pipeline, self.case, self.verdict.guilty), lambda case: case)
        self.explore("inputs", partial(simpler_recipe, self.case), lambda case: case)
        for name, reduction in REDUCTIONS:
            self.explore(name, partial(reduction, to_function(self.case.program)), self.with_function)

    def with_function(self, function: TirFunction) -> TirCase | None:
        """The test case with another program, unless TVM's verifier rejects that."""
        self.check_time()
        if not adapter.is_well_formed(function.func):
            return None
        return replace(self.case, program=to_program(function))

    def size(self, case: TirCase) -> int:
        """See Search."""
        return tree.size(to_function(case.program).func.body)

    def slipped_size(self, case: TirCase) -> int:
        """See Search."""
        return len(case.program.json)

    def alike(self, known: Verdict, found: Verdict) -> bool:
        """See Search. Failures of different passes are of different kinds."""
        return known.guilty == found.guilty and same_failure(known, found)

    def is_wanted(self, found: Verdict) -> bool:
        """See Search. A failure without NaN where it had NaN is as good."""
        known = self.verdict
        if known.channel == "nan-algebra" and found.channel == "values":
            known = replace(known, channel="values")
        return self.alike(known, found)
