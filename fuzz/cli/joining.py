"""`tensorsmith merge` and `split`: what a person knows better about which failures are one bug."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tensorsmith.corpus.findings import SHOWN, Finding
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.cases import CASE_FILE, VERDICT_FILE
from tensorsmith.fuzz.cli.findings import FindingArgument, print_findings
from tensorsmith.ir.cases import encode, operators_of
from tensorsmith.ir.errors import InvalidInputError

CampaignOption = Annotated[Path, typer.Option("--campaign", metavar="DIR", help="The directory of the campaign.")]


def merge(
    id_: FindingArgument,
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="The findings that are the same bug.")],
    campaign: CampaignOption,
) -> None:
    """Let other findings count as this one from now on, those of their failures too that are yet to come.

    `split` undoes it. The files of the others stay where they are.

    Example: tensorsmith merge 3f2a 91c0 --campaign campaigns/first
    """
    with Store.open(campaign) as store:
        whole = _shown(store, id_)
        found = [_shown(store, other) for other in others]
        for one in found:
            store.joined.join(one.id, whole.id)
        print_findings(store, [store.finding(whole.id)])


def split(
    id_: FindingArgument,
    campaign: CampaignOption,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="CASE", help="A test that it was seen in, by its id or the beginning of one (`show` lists them)."
        ),
    ] = None,
) -> None:
    """Undo `merge` of a finding: it counts as itself again. Or with --test, make one test of it a finding of its own,
    which the next run of the campaign confirms and reduces.

    Example: tensorsmith split 91c0 --campaign campaigns/first
    """
    with Store.open(campaign) as store:
        if test is not None:
            print_findings(store, [_set_apart(store, store.finding(id_), test)])
            return
        joined = store.joined.wholes()
        found = [part for part in joined if part.startswith(id_)]
        if len(found) != 1 or not id_:
            raise InvalidInputError(
                f"{campaign}: finding {id_!r}: "
                + ("several that were merged begin with this" if found else "not merged into another")
                + "; --test CASE separates one test of a finding"
            )
        (part,) = found
        whole = joined[part]
        store.joined.part(part)
        print_findings(store, [store.finding(whole), store.finding(part)])


def _shown(store: Store, id_: str) -> Finding:
    finding = store.finding(id_)
    if finding.status not in SHOWN:
        raise InvalidInputError(
            f"{store.directory}: finding {finding.id} is {finding.status}; only what was confirmed can be merged"
        )
    return finding


def _set_apart(store: Store, finding: Finding, test: str) -> Finding:
    """A finding of its own of a test case that another was seen in; it waits for triage.

    Raises:
        InvalidInputError: the other was not seen in it, or in nothing else.
    """
    seen = store.observed(finding.id)
    found = [case_id for case_id in seen if case_id.startswith(test)]
    if len(found) != 1 or not test:
        problem = "several of its tests begin with this" if found else "it was not seen in this test"
        raise InvalidInputError(f"{store.directory}: finding {finding.id}: {test!r}: {problem}; `show` lists them")
    if len(seen) == 1:
        raise InvalidInputError(
            f"{store.directory}: finding {finding.id}: {test!r} is the only test that it was seen in"
        )
    (case_id,) = found
    case = store.case(case_id)
    own = msgspec.structs.replace(
        finding,
        id=f"apart-{case_id[:12]}",
        case=case_id,
        original=case_id,
        status="new",
        operators=operators_of(case),
        link="",
        reproduced=0,
        of=0,
        reduced=False,
        passing=0,
        triage_deaths=0,
        apart=True,
        first_seen=time.time(),
    )
    verdict = store.finding_directory(finding.id) / VERDICT_FILE
    files: dict[str, str | bytes] = {name: encode(case) for name in (CASE_FILE, "original.json")}
    if verdict.exists():
        files[VERDICT_FILE] = verdict.read_bytes()
    store.split_off(own, case_id, files)
    return store.finding(own.id)
