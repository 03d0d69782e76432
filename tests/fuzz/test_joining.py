"""Findings merged and split by hand: what the command line, a resumed campaign and the store make of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.cli.cases import named_case, replay_items
from tensorsmith.fuzz.messages import Triaged
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.ir.cases import Case
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict
from tests.triage.programs import chain

WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values", message="output 0 differs")


def alarms_of(store: Store) -> Alarms:
    return Alarms(store, PlainScreen(Console(file=io.StringIO())), 2.0, 1 << 30)


def triage_all(alarms: Alarms, left: Case) -> None:
    while (order := alarms.next()) is not None:
        alarms.settle(Triaged(order.id, left, order.verdict, 2, 2, "print(1)", "# It fails", repro_runs=True))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A campaign with two findings: `sin` was seen twice, `cos` once."""
    directory = tmp_path / "two"
    with Store.create(directory, Settings(targets=("torch:planted",), seed=7)) as store:
        alarms = alarms_of(store)
        for ops, left in ((("abs", "sin"), "sin"), (("neg", "cos"), "cos"), (("exp", "sin"), "sin")):
            alarms.hear(chain(*ops), WRONG)
            triage_all(alarms, chain(left))
    return directory


def ids(directory: Path) -> dict[str, str]:
    """The ids of findings by their operators."""
    with Store.open(directory) as store:
        return {" ".join(f.operators): f.id for f in store.every_finding()}


def listed(run: Any, directory: Path) -> list[tuple[str, int]]:
    return [(f["id"], f["seen"]) for f in json.loads(run("findings", directory, "--json").out)]


def test_merged_findings_are_one_everywhere(run: Any, two: Path) -> None:
    sin, cos = (ids(two)[f"aten.{op}.default"] for op in ("sin", "cos"))
    assert listed(run, two) == [(sin, 2), (cos, 1)]
    ran = run("merge", sin, cos, "--campaign", two)
    assert (ran.code, ran.out.split()[10:13]) == (0, ["confirmed", "2/2", "3"]), ran
    assert listed(run, two) == [(sin, 3)]
    shown = json.loads(run("show", two, cos[:6], "--json").out)
    assert (shown["id"], shown["merged"], len(shown["seen_in"])) == (sin, [cos], 3)
    assert f"merged into it: {cos}" in run("show", two, sin).out
    assert [item.path.name for item in replay_items(two)] == [sin]
    assert named_case(cos, two, None) == chain("sin")

    run("mark", two, cos, "known", "--link", "https://example.org/1")
    with Store.open(two) as store:
        assert {(f.id, f.status, f.link) for f in store.every_finding()} == {
            (id_, "known", "https://example.org/1") for id_ in (sin, cos)
        }


def test_a_campaign_that_goes_on_counts_what_is_merged_for_the_whole(two: Path) -> None:
    sin, cos = (ids(two)[f"aten.{op}.default"] for op in ("sin", "cos"))
    with Store.open(two) as store:
        store.joined.join(cos, sin)
        alarms = alarms_of(store)
        alarms.hear(chain("tanh", "cos"), WRONG)
        assert alarms.next() is None
        assert [(f.id, f.seen) for f in store.findings()] == [(sin, 4)]
        # What is reduced to it without having looked like it, too.
        alarms.hear(chain("tanh"), WRONG)
        triage_all(alarms, chain("cos"))
        assert [(f.id, f.seen) for f in store.findings()] == [(sin, 5)]
        assert alarms.confirmed == 0


def test_a_fixed_finding_fails_again_when_a_part_of_it_does(two: Path) -> None:
    sin, cos = (ids(two)[f"aten.{op}.default"] for op in ("sin", "cos"))
    with Store.open(two) as store:
        store.joined.join(cos, sin)
        assert store.mark(sin, "fixed").status == "fixed"
        alarms = alarms_of(store)
        alarms.hear(chain("cos"), WRONG)
        triage_all(alarms, chain("cos"))
        (finding,) = store.findings()
        assert (finding.id, finding.status, alarms.confirmed) == (sin, "confirmed", 1)


def test_split_undoes_a_merge(run: Any, two: Path) -> None:
    sin, cos = (ids(two)[f"aten.{op}.default"] for op in ("sin", "cos"))
    before = listed(run, two)
    run("merge", cos, sin, "--campaign", two)
    assert listed(run, two) == [(cos, 3)]
    assert run("split", sin[:6], "--campaign", two).code == 0
    assert listed(run, two) == before


def test_a_test_that_was_split_off_stays_a_finding_of_its_own(run: Any, two: Path) -> None:
    sin = ids(two)["aten.sin.default"]
    first, second = json.loads(run("show", two, sin, "--json").out)["seen_in"]
    assert run("split", sin, "--test", second[:10], "--campaign", two).code == 0
    own = f"apart-{second[:12]}"
    with Store.open(two) as store:
        assert {f.id: (f.status, f.seen) for f in store.findings()}[own] == ("new", 1)
        assert store.observed(sin) == [first]
        alarms = alarms_of(store)
        order = alarms.next()
        assert order is not None
        assert (order.id, order.case) == (own, chain("exp", "sin"))
        alarms.settle(Triaged(order.id, chain("sin"), order.verdict, 2, 2, "print(1)", "# It fails", repro_runs=True))
        assert alarms.confirmed == 1
    with Store.open(two) as store:
        alarms_of(store)
        found = {f.id: f for f in store.findings()}
        assert (found[own].status, found[own].operators) == ("confirmed", ("aten.sin.default",))
        assert found[own].signature == found[sin].signature
        assert found[sin].status == "confirmed"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("merge aa11 aa11", "aa11 and aa11 are one finding already"),
        ("merge aa11 ff", "finding 'ff': there is none"),
        ("split aa11", "finding 'aa11': not merged into another; --test CASE separates one test of a finding"),
        ("split aa11 --test zz", "finding aa11: 'zz': it was not seen in this test; `show` lists them"),
    ],
)
def test_what_cannot_be_merged_or_split_is_said(run: Any, campaign: Path, arguments: str, complaint: str) -> None:
    ran = run(*arguments.split(), "--campaign", campaign)
    assert ran.code == 2
    assert complaint in ran.err
    assert len(ran.err.splitlines()) == 1


def test_what_was_not_confirmed_is_not_merged_and_the_only_test_not_split(
    run: Any, campaign: Path, good_case: TestCase
) -> None:
    with Store.open(campaign) as store:
        store.record_observation("aa11", good_case.id, 1)
        store.upsert_finding(msgspec.structs.replace(store.finding("ab22"), status="unconfirmed"), {})
    assert "ab22 is unconfirmed; only what was" in run("merge", "aa11", "ab22", "--campaign", campaign).err
    assert "is the only test" in run("split", "aa11", "--test", good_case.id, "--campaign", campaign).err
