"""What else a failure may be: known bugs, and other findings of its campaign that have something in common with it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tensorsmith.corpus.findings import Finding
from tensorsmith.ir.cases import Case, operators_of
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.duplicates import KnownFinding, is_simpler, is_twin
from tensorsmith.triage.known import Failure, KnownBug, matching, summary_of
from tensorsmith.triage.signature import Signature, signature

MOST = 8


def related(
    case: Case, verdict: Verdict, others: Sequence[tuple[Finding, Case]], bugs: Sequence[KnownBug] = ()
) -> tuple[str, ...]:
    """Lines of Markdown, the likeliest first: what a reduced failure is probably, or perhaps, a duplicate of.

    Args:
        case: the test case.
        verdict: how it fails.
        others: findings and their smallest test cases; the failure itself, which may be among them, is not named.
        bugs: the registry of known bugs.

    Raises:
        ValueError: the verdict is no failure.
    """
    own = KnownFinding("", signature(case, verdict), case)
    failure = Failure(case.target, verdict.kind, verdict.guilty, summary_of(verdict.message), operators_of(case))
    bug = matching(bugs, failure)
    lines = [] if bug is None else [(0, f"known: {bug.name}")]
    for finding, its_case in others:
        other = KnownFinding(finding.id, msgspec.convert(finding.signature, Signature), its_case)
        if its_case.id == case.id and _kind_of(other) == _kind_of(own):
            continue
        found = _in_common(own, other)
        if found is not None:
            rank, why = found
            link = f" ({finding.link})" if finding.link else ""
            operators = ", ".join(f"`{op.removeprefix('aten.')}`" for op in dict.fromkeys(finding.operators[:4]))
            lines.append((rank, f"finding {finding.id}{link}, {finding.status}: {why}; {finding.kind}, {operators}"))
    return tuple(text for _, text in sorted(lines, key=lambda line: line[0])[:MOST])


def _kind_of(known: KnownFinding) -> tuple[str, str]:
    return known.signature.kind, known.signature.channel


def _in_common(own: KnownFinding, other: KnownFinding) -> tuple[int, str] | None:
    """What two failures have in common, with a rank: the lower, the likelier are they one."""
    ours, theirs = own.signature, other.signature
    if is_twin(ours, own.case, other):
        return 1, "the same failure in the same program"
    if is_simpler(other, own):
        return 2, "it fails in the same way, and its program is part of this one"
    if is_simpler(own, other):
        return 2, "it fails in the same way, and this program is part of its"
    if (
        ours.kind == theirs.kind == "error"
        and ours.frames
        and (ours.exception, ours.frames)
        == (
            theirs.exception,
            theirs.frames,
        )
    ):
        return 3, "it rises in the same place"
    same_program = set(operators_of(own.case)) == set(operators_of(other.case))
    if same_program and ours.target != theirs.target:
        return 3, f"the same operators, with `{theirs.target}`"
    if same_program:
        return 4, "the same operators, another failure"
    if ours.guilty and ours.guilty == theirs.guilty:
        return 5, f"`{ours.guilty}` is guilty of both"
    return None
