"""From alarms to findings: what is new is stored at once and queued for triage, what is known is counted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import msgspec

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.findings import OPEN, Finding, Status
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.fuzz.screen import Screen
from tensorsmith.fuzz.second_looks import SecondLooks
from tensorsmith.ir.cases import Case, encode, operators_of, size_of
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.duplicates import KnownFinding, alike, is_simpler, is_twin, probable_duplicate
from tensorsmith.triage.facts import related_section
from tensorsmith.triage.known import Failure, KnownBug, is_fixed_here, matching, summary_of
from tensorsmith.triage.related import related
from tensorsmith.triage.signature import Signature, signature

REDUCE_SECONDS = 150.0
# An alarm that so many workers died of while they triaged it stays unconfirmed.
TRIAGE_DEATHS = 2
# So many failures that look alike are triaged before the next are only counted.
CHANCES = 3
# An operator that a finding of at most so many operators is about is generated less often.
_FEW_OPERATORS = 2
_FLOOD_WEIGHT = 0.15


class Alarms:
    """The alarms of a campaign. Every failure that is handed in is in the store when the call returns."""

    def __init__(
        self,
        store: Store,
        screen: Screen,
        time_limit: float,
        memory_limit: int,
        registry: Sequence[KnownBug] = (),
    ) -> None:
        self._store = store
        self._screen = screen
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._registry = registry
        # What the installed release still has.
        self._registered = [bug for bug in registry if not is_fixed_here(bug)]
        self._queue: deque[TriageAlarm] = deque()
        self._under_triage: dict[str, TriageAlarm] = {}
        self._findings = {finding.id: finding for finding in store.every_finding()}
        # What `_findings` has that a failure can repeat.
        self._shown = {f.id: _known(store, f) for f in self._findings.values() if f.status in OPEN}
        self._second_looks = SecondLooks()
        self.confirmed = 0
        for finding in tuple(self._findings.values()):
            if finding.status == "new":
                case, verdict = store.case(finding.original), _stored_verdict(store, finding)
                bug = None if finding.apart else self._known_bug(case, verdict, reduced=False)
                if bug is None:
                    self._enqueue(finding, case, verdict)
                else:
                    self._merge(finding.id, self._finding_about(bug, case, verdict))
            else:
                self._mark_as_registered(finding)

    def __len__(self) -> int:
        """Alarms that wait for triage."""
        return len(self._queue)

    def next(self) -> TriageAlarm | None:
        """The next alarm to triage, or None; it stays in the store as new until `settle` hears of it.

        First those that are unlike those under triage, which may turn out to be the same; of these, those whose guilty
        pass no finding names yet; then the oldest.
        """
        while self._queue:
            under_triage = [signature(order.case, order.verdict) for order in self._under_triage.values()]
            named = {"", *(finding.guilty for finding in self._findings.values() if finding.status in OPEN)}
            order = min(
                self._queue,
                key=lambda order: (_any_alike(order, under_triage), order.verdict.guilty in named),
            )
            self._queue.remove(order)
            if not self.is_explained(order):
                self._under_triage[order.id] = order
                return order
        return None

    def is_explained(self, order: TriageAlarm) -> bool:
        """Whether a finding that was settled since an alarm came in explains it; it is then counted as seen again."""
        known = self._repeats(order.case, order.verdict)
        if known is None or self._second_looks.under_way(order.id) or self._findings[order.id].apart:
            return False
        self._under_triage.pop(order.id, None)
        self._merge(order.id, known)
        return True

    def again(self, order: TriageAlarm) -> None:
        """Put an alarm back whose worker died, once; the second time, even of another run, it stays unconfirmed."""
        self._under_triage.pop(order.id, None)
        finding = self._findings.get(order.id)
        if finding is None:
            return
        deaths = finding.triage_deaths + 1
        if deaths < TRIAGE_DEATHS:
            self._queue.append(order)
        else:
            self._second_looks.ended(order.id, fruitful=False)
        status: Status = "new" if deaths < TRIAGE_DEATHS else "unconfirmed"
        self._update(msgspec.structs.replace(finding, status=status, triage_deaths=deaths), {})

    def hear(self, case: Case, verdict: Verdict, seed: int = 0) -> None:
        """Take in a failure: store it as a new finding, or count it for the finding that it repeats."""
        case_id = self._store.put_case(case)
        known = self._repeats(case, verdict)
        bug = self._known_bug(case, verdict, reduced=False)
        if bug is not None:
            if known is None or self._findings[known].status != "known":
                known = self._finding_about(bug, case, verdict)
            self._store.record_observation(known, case_id, seed)
            return
        looks_again = known is not None and self._second_looks.wanted(case, verdict)
        if known is not None and not looks_again:
            self._store.record_observation(known, case_id, seed)
            return
        provisional = _provisional(case, verdict)
        waiting = self._findings.get(provisional.id)
        if waiting is not None:
            if waiting.status != "unconfirmed" or waiting.passing >= CHANCES or waiting.triage_deaths >= TRIAGE_DEATHS:
                self._store.record_observation(provisional.id, case_id, seed)
                return
            # Another program may show what that one did not.
            provisional = msgspec.structs.replace(
                provisional, passing=waiting.passing, triage_deaths=waiting.triage_deaths, first_seen=waiting.first_seen
            )
        self._update(
            provisional,
            {"testcase.json": encode(case), "original.json": encode(case), "verdict.json": _readable(verdict)},
        )
        self._store.record_observation(provisional.id, case_id, seed)
        if looks_again:
            self._second_looks.began(provisional.id, case, verdict)
        self._enqueue(provisional, case, verdict)

    def settle(self, triaged: Triaged) -> None:
        """Take in what became of an alarm."""
        self._under_triage.pop(triaged.id, None)
        for case, verdict in triaged.slipped:
            self.hear(case, verdict)
        provisional = self._findings.get(triaged.id)
        if provisional is None:
            return
        if triaged.verdict.outcome != "fail" or not triaged.reproduced:
            self._second_looks.ended(triaged.id, fruitful=False)
            summary = f"did not fail again: {triaged.verdict.reason or triaged.verdict.outcome}; {provisional.summary}"
            self._update(
                msgspec.structs.replace(
                    provisional, status="unconfirmed", summary=summary, passing=provisional.passing + 1
                ),
                {},
            )
            return
        final = signature(triaged.case, triaged.verdict)
        status: Status = "confirmed" if triaged.reproduced == triaged.of else "flaky"
        if not triaged.repro_runs:
            status = "unconfirmed"
        bug = self._known_bug(triaged.case, triaged.verdict, reduced=True)
        if bug is not None and status != "unconfirmed":
            status = "known"
        existing = provisional if provisional.apart else self._existing(final, triaged.case)
        simpler = self._repeats(triaged.case, triaged.verdict) if isinstance(triaged.case, TirCase) else None
        if existing is None and simpler is not None:
            # Reduced as far as it goes it still has all of a known finding.
            self._second_looks.ended(triaged.id, fruitful=False)
            self._merge(provisional.id, simpler)
            return
        self._second_looks.ended(triaged.id, fruitful=existing is None)
        also = tuple(sorted({*(existing.also_guilty if existing else ()), provisional.guilty} - {final.guilty, ""}))
        if existing is not None and existing.status in OPEN:
            self._merge(provisional.id, existing.id)
            if also != existing.also_guilty:
                self._update(msgspec.structs.replace(existing, also_guilty=also), {})
            if status == "unconfirmed" or size_of(self._store.case(existing.case)) <= size_of(triaged.case):
                return
        finding = Finding(
            id=final.id if existing is None else existing.id,
            signature=existing.signature if existing is not None and existing.reduced else msgspec.to_builtins(final),
            kind=final.kind,
            target=final.target,
            case=self._store.put_case(triaged.case),
            original=existing.original if existing is not None else provisional.original,
            channel=triaged.verdict.channel,
            guilty=triaged.verdict.guilty,
            also_guilty=also,
            status=status,
            operators=operators_of(triaged.case),
            summary=summary_of(triaged.verdict.message),
            reproduced=triaged.reproduced,
            of=triaged.of,
            reduced=True,
            link=(bug.link if bug else "") or (existing.link if existing else ""),
            apart=existing is not None and existing.apart,
            first_seen=provisional.first_seen,
        )
        self._update(
            finding,
            {
                "testcase.json": encode(triaged.case),
                "original.json": encode(self._store.case(finding.original)),
                "verdict.json": _readable(triaged.verdict),
                "repro.py": triaged.repro,
                "report.md": triaged.report + self._perhaps_the_same(finding, triaged),
            },
        )
        if provisional.id in self._findings and provisional.id != finding.id:
            self._merge(provisional.id, finding.id)
        if isinstance(triaged.case, TirCase) and finding.id in self._shown:
            joined = self._store.joined.wholes()
            by_hand = {*joined, *joined.values(), *(one.id for one in self._findings.values() if one.apart)}
            for known in tuple(self._shown.values()):
                untouched = self._findings[known.id].status in ("confirmed", "flaky") and known.id not in by_hand
                if untouched and known.id != finding.id and is_simpler(self._shown[finding.id], known):
                    self._merge(known.id, finding.id)
        if status != "unconfirmed":
            self.confirmed += status != "known" and (existing is None or existing.status in ("new", "fixed"))
            self._screen.finding(finding)

    def weights(self) -> dict[str, float]:
        """Weights below 1 for the operators that small findings are about, and for passes that hang on any program;
        those of registered bugs before they are met, too."""
        met = (finding for finding in self._findings.values() if finding.status in OPEN and finding.reduced)
        abouts: tuple[Finding | KnownBug, ...] = (*met, *self._registered)
        return {
            name: _FLOOD_WEIGHT
            for about in abouts
            if len(about.operators) <= _FEW_OPERATORS
            for name in about.operators or ((about.guilty,) if about.kind == "hang" and about.guilty else ())
        }

    def _perhaps_the_same(self, finding: Finding, triaged: Triaged) -> str:
        """What the report says of other findings and known bugs."""
        shown = (self._findings[id_] for id_ in self._shown if id_ != finding.id)
        others = [(other, self._store.case(other.case)) for other in shown]
        lines = related(triaged.case, triaged.verdict, others, self._registry)
        return f"\n{related_section(lines)}\n" if lines else ""

    def _existing(self, final: Signature, case: Case) -> Finding | None:
        """The finding that a reduced failure is one more of: by its id, or else the twin of."""
        if final.id in self._findings:
            return self._findings[final.id]
        reduced = (f for f in self._findings.values() if f.reduced and f.status in (*OPEN, "fixed"))
        return next((f for f in reduced if is_twin(final, case, _known(self._store, f))), None)

    def _repeats(self, case: Case, verdict: Verdict) -> str | None:
        return probable_duplicate(case, verdict, tuple(self._shown.values()))

    def _known_bug(self, case: Case, verdict: Verdict, *, reduced: bool) -> KnownBug | None:
        operators = operators_of(case) if reduced else None
        failure = Failure(case.target, verdict.kind, verdict.guilty, summary_of(verdict.message), operators)
        return matching(self._registered, failure)

    def _finding_about(self, bug: KnownBug, case: Case, verdict: Verdict) -> str:
        """The id of the finding that counts failures which an entry of the registry tells before triage."""
        id_ = f"known-{bug.id}"
        if id_ not in self._findings or self._findings[id_].status != "known":
            files: dict[str, str | bytes] = {name: encode(case) for name in ("testcase.json", "original.json")}
            finding = msgspec.structs.replace(_provisional(case, verdict), id=id_, status="known", link=bug.link)
            self._update(finding, {**files, "verdict.json": _readable(verdict)})
        return id_

    def _mark_as_registered(self, finding: Finding) -> None:
        """Let a finding be known, or no longer, as the registry says: it may have changed, or the compiler may have."""
        operators = finding.operators if finding.reduced else None
        failure = Failure(finding.target, finding.kind, finding.guilty, finding.summary, operators)
        bug = matching(self._registry, failure)
        if bug is None:
            return
        status: Status = "fixed" if is_fixed_here(bug) else "known"
        if (finding.status in ("confirmed", "flaky") and status == "known") or (
            finding.status == "known" and status == "fixed"
        ):
            # All that a person said are one are marked.
            whole = self._store.mark(finding.id, status, bug.link)
            self._findings[finding.id] = marked = msgspec.structs.replace(finding, status=status, link=whole.link)
            self._shown.pop(marked.id, None)
            if marked.status in OPEN:
                self._shown[marked.id] = _known(self._store, marked)

    def _enqueue(self, finding: Finding, case: Case, verdict: Verdict) -> None:
        self._queue.append(TriageAlarm(finding.id, case, verdict, REDUCE_SECONDS, self._time_limit, self._memory_limit))

    def _update(self, finding: Finding, files: dict[str, str | bytes]) -> None:
        self._store.upsert_finding(finding, files)
        self._findings[finding.id] = finding
        if finding.status in OPEN:
            self._shown[finding.id] = _known(self._store, finding)
        else:
            self._shown.pop(finding.id, None)

    def _merge(self, id_: str, into: str) -> None:
        self._store.merge_finding(id_, into)
        self._findings.pop(id_, None)
        self._shown.pop(id_, None)


def _known(store: Store, finding: Finding) -> KnownFinding:
    known = msgspec.convert(finding.signature, Signature)
    return KnownFinding(finding.id, known, store.case(finding.case), finding.also_guilty)


def _any_alike(order: TriageAlarm, others: list[Signature]) -> bool:
    found = signature(order.case, order.verdict)
    return any(alike(found, other) for other in others)


def _provisional(case: Case, verdict: Verdict) -> Finding:
    assert verdict.kind is not None
    found = signature(case, verdict)
    return Finding(
        id=f"new-{found.id}",
        signature=msgspec.to_builtins(found),
        kind=verdict.kind,
        target=case.target,
        case=case.id,
        original=case.id,
        channel=verdict.channel,
        guilty=verdict.guilty,
        operators=operators_of(case),
        summary=summary_of(verdict.message),
        first_seen=time.time(),
    )


def _readable(verdict: Verdict) -> bytes:
    return msgspec.json.format(msgspec.json.encode(verdict))


def _stored_verdict(store: Store, finding: Finding) -> Verdict:
    path = store.finding_directory(finding.id) / "verdict.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Verdict)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(
            f"{path}: cannot be read, so this alarm cannot be triaged ({error}); restore the file, or give the alarm "
            f"up with `tensorsmith mark {store.directory} {finding.id} known`"
        ) from error
