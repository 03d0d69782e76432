"""Which test of a batch a worker died of, and what is to be run again."""

from __future__ import annotations

from tensorsmith.fuzz.workforce import Death
from tensorsmith.oracles.death import died
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Died


def blamed(death: Death, tests: int) -> tuple[tuple[int, Verdict] | None, list[list[int]]]:
    """The position of the test that a worker died of, with its verdict, if that is known; and the others without a
    verdict, as batches to run.

    Args:
        death: of a worker with a batch.
        tests: how many are in the batch.
    """
    worker = death.worker
    left = [position for position in range(tests) if position not in worker.verdicts]
    suspect = worker.position if worker.position in left else (left[0] if len(left) == 1 else None)
    if suspect is None:
        # The halves tell, in the end, which it was.
        return None, [half for half in (left[: len(left) // 2], left[len(left) // 2 :]) if half]
    left.remove(suspect)
    # Before the test began the step was another's.
    step = death.step if suspect == worker.position else ""
    return (suspect, died(Died(death.cause, death.signal, death.detail, 0.0), guilty=step)), [left] if left else []
