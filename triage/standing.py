"""What a replay means: a failure that was expected, one that is news, or one that is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from tensorsmith.corpus.findings import Status
from tensorsmith.ir.cases import Case, operators_of
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.known import Failure, KnownBug, is_fixed_here, matching, summary_of
from tensorsmith.triage.replay import ReplayResult


class Standing(msgspec.Struct, frozen=True):
    """How a replayed test case stands.

    failing: as before, or nothing was known of it. changed: it fails in another way than before. fixed: it failed and
    passes now. passes: nothing was known of it. `failure` says whether it is news that a build should stop for; `bug`
    is the entry of the registry that tells the failure, or the one that there was.
    """

    status: Literal["failing", "changed", "fixed", "passes", "invalid", "unsupported"]
    failure: bool
    bug: KnownBug | None


def standing(
    case: Case, before: Verdict | None, was: Status | None, result: ReplayResult, bugs: Sequence[KnownBug]
) -> Standing:
    """Compare a replay with what is known of its test case.

    The registry is asked first: what it tells is expected, unless it says that the installed release has it fixed. Of
    what it does not tell, a finding that fails as it did is expected, unless it was marked as fixed.

    Args:
        case: the test case.
        before: the verdict that it is known for, if any.
        was: the status of the finding, if it is one.
        result: how the replay ended.
        bugs: the registry of known bugs.
    """
    if result.outcome in ("failing", "changed"):
        guilty = before.guilty if before is not None and result.outcome == "failing" else ""
        bug = _told(case, result.verdict, guilty, bugs)
        as_before = before is not None and was != "fixed" and result.outcome == "failing"
        return Standing(result.outcome, not as_before if bug is None else is_fixed_here(bug), bug)
    bug = None if before is None else _told(case, before, "", bugs)
    # Nothing is fixed where no failure was known.
    passes = before is None and result.outcome == "fixed"
    return Standing("passes" if passes else result.outcome, False, bug)


def _told(case: Case, verdict: Verdict, guilty: str, bugs: Sequence[KnownBug]) -> KnownBug | None:
    """`guilty` is what triage found before, where judges do not say."""
    summary = summary_of(verdict.message)
    return matching(bugs, Failure(case.target, verdict.kind, verdict.guilty or guilty, summary, operators_of(case)))
