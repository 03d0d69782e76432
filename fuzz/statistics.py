"""How a campaign goes, computed from its store: what the screens show and `status --json` prints.

The engine adds these counters: `tests`, `valid`, `elapsed` (wall seconds of the campaign), `invalid:<reason>`,
`limitation:<message>`, `time:<stage>` (seconds), and those of `way_counts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import Origin
from tensorsmith.oracles.verdict import Verdict

# The way of tests that are not mutants.
GENERATED = "generate"


class Way(msgspec.Struct, frozen=True):
    """What has become of the tests that a mutator had a part in, or of those that were generated: how many, how many
    of them were valid, reached something new and failed, and the CPU seconds that judging them took."""

    tests: int = 0
    valid: int = 0
    new: int = 0
    failed: int = 0
    seconds: float = 0.0


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
    # By name of the mutator, and those that were generated.
    ways: dict[str, Way]


def way_counts(origin: Origin, verdict: Verdict, new: bool, seconds: float) -> dict[str, float]:
    """The counters of the ways in which a test was made, each with its amount.

    Args:
        origin: the mutators that made it.
        verdict: on it.
        new: whether it reached something that no test before it did.
        seconds: that it took.
    """
    amounts = {
        "tests": 1.0,
        "valid": float(verdict.outcome != "invalid"),
        "new": float(new),
        "failed": float(verdict.outcome == "fail"),
        "seconds": seconds,
    }
    return {
        f"way:{name}:{what}": amount
        for name in set(origin.mutators or (GENERATED,))
        for what, amount in amounts.items()
        if amount
    }


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
        coverage=store.coverage.counts(),
        findings=dict(Counter(finding.status for finding in store.findings())),
        time=_under(counts, "time:"),
        elapsed=elapsed,
        limitations=_whole(_under(counts, "limitation:")),
        ways=_ways(_under(counts, "way:")),
    )


def _ways(counts: Mapping[str, float]) -> dict[str, Way]:
    found: dict[str, dict[str, float]] = {}
    for key, amount in counts.items():
        name, _, what = key.rpartition(":")
        found.setdefault(name, {})[what] = amount if what == "seconds" else int(amount)
    ways = {name: msgspec.convert(amounts, Way) for name, amounts in found.items()}
    return dict(sorted(ways.items(), key=lambda item: (-item[1].tests, item[0])))


def _under(counts: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The counters that begin with a prefix, without it, the greatest first."""
    found = {name.removeprefix(prefix): amount for name, amount in counts.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _whole(amounts: Mapping[str, float]) -> dict[str, int]:
    return {name: int(amount) for name, amount in amounts.items()}
