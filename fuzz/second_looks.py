"""Which failures are triaged although a known finding may explain them.

What the parts of a large program of TIR say is weak evidence: most large programs have all the constructs of some small
finding. So of the failures that look like known findings some are triaged nevertheless: the next at once after one that
turned out to be new, and after each that did not, half as many.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.signature import Signature, signature

# At the least one in so many failures that look alike.
RAREST = 1024
# Second looks that wait at a time.
MOST = 4


class SecondLooks:
    """What second looks at failures of each kind have brought, in this run."""

    def __init__(self) -> None:
        self._fruitless: Counter[Signature] = Counter()
        self._passed_over: Counter[Signature] = Counter()
        self._under_way: dict[str, Signature] = {}

    def wanted(self, case: Case, verdict: Verdict) -> bool:
        """Whether a failure that looks like a known finding is to be triaged; each failure is asked about once."""
        if not isinstance(case, TirCase) or verdict.kind != "wrong-result" or verdict.channel == "nan-algebra":
            return False
        key = _key(signature(case, verdict))
        self._passed_over[key] += 1
        if len(self._under_way) >= MOST or self._passed_over[key] < min(RAREST, 2 ** self._fruitless[key]):
            return False
        self._passed_over[key] = 0
        return True

    def began(self, id_: str, case: Case, verdict: Verdict) -> None:
        """An alarm waits for its second look."""
        self._under_way[id_] = _key(signature(case, verdict))

    def under_way(self, id_: str) -> bool:
        """Whether an alarm waits for its second look."""
        return id_ in self._under_way

    def ended(self, id_: str, fruitful: bool) -> None:
        """An alarm was triaged, one of these or any other; it is a finding that was not known, or something else."""
        key = self._under_way.pop(id_, None)
        if key is not None:
            self._fruitless[key] = 0 if fruitful else self._fruitless[key] + 1


def _key(found: Signature) -> Signature:
    return msgspec.structs.replace(found, operators=())
