"""How a campaign goes, computed from its store: what the screens show and `status --json` prints.

The engine adds these counters: `tests`, `valid`, `elapsed` (wall seconds of the campaign), `invalid:<reason>`,
`limitation:<message>`, `time:<stage>` (seconds), and, for the scheduler, `mutator:<name>:<what>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tensorsmith.corpus.store import Store


class Snapshot(msgspec.Struct, frozen=True):
    """The statistics of a campaign over all its runs. Times are in seconds."""

    tests: int
    valid: int
    # By reason.
    invalid: dict[str, int]
    tests_per_second: float
    corpus: int
    # By observer.
    coverage: dict[str, int]
    # By status.
    findings: dict[str, int]
    # By stage, summed over workers.
    time: dict[str, float]
    elapsed: float
    # What the compilers say that they do not support, by message.
    limitations: dict[str, int]


def snapshot(store: Store) -> Snapshot:
    """The statistics of a campaign as its store has them now."""
    counts = store.counts()
    tests = int(counts.get("tests", 0))
    elapsed = counts.get("elapsed", 0.0)
    return Snapshot(
        tests=tests,
        valid=int(counts.get("valid", 0)),
        invalid=_whole(_under(counts, "invalid:")),
        tests_per_second=tests / elapsed if elapsed > 0 else 0.0,
        corpus=store.corpus_size(),
        coverage=store.coverage_counts(),
        findings=dict(Counter(finding.status for finding in store.findings())),
        time=_under(counts, "time:"),
        elapsed=elapsed,
        limitations=_whole(_under(counts, "limitation:")),
    )


def _under(counts: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The counters that begin with a prefix, without it, the greatest first."""
    found = {name.removeprefix(prefix): amount for name, amount in counts.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _whole(amounts: Mapping[str, float]) -> dict[str, int]:
    return {name: int(amount) for name, amount in amounts.items()}
