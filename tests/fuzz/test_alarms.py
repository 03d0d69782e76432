"""Alarms: which is triaged next, what explains another, and what a restart remembers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import CHANCES, Alarms
from tensorsmith.fuzz.make_tir import make_tir
from tensorsmith.fuzz.messages import Slot, TriageAlarm, Triaged
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.ir.cases import graph_case, operators_of
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir import TirProgram
from tensorsmith.oracles.verdict import Verdict
from tests.ir.test_tir_case import NODES, TEXT
from tests.ir.test_tir_case import case_of as tir_case
from tests.triage.programs import chain

HANG = Verdict("fail", "crash", kind="hang", message="compiling or running did not end within its time limit")
WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values", message="output 0 differs")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "campaign", Settings(seed=7))


def alarms_of(store: Store) -> Alarms:
    return Alarms(store, PlainScreen(Console(file=io.StringIO())), 2.0, 1 << 30)


def following(alarms: Alarms) -> TriageAlarm:
    order = alarms.next()
    assert order is not None
    return order


def settled(order: TriageAlarm, case: TestCase) -> Triaged:
    return Triaged(order.id, case, order.verdict, 2, 2, repro="print(1)", report="# It fails", repro_runs=True)


def test_a_restart_remembers_that_a_worker_died_of_triage(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos"), HANG)
    alarms.again(following(alarms))
    (finding,) = store.findings()
    assert (finding.status, finding.triage_deaths, finding.guilty) == ("new", 1, "")

    resumed = alarms_of(store)
    resumed.again(following(resumed))
    (finding,) = store.findings()
    assert (finding.status, finding.triage_deaths, finding.guilty) == ("unconfirmed", 2, "")
    assert resumed.next() is None
    assert alarms_of(store).next() is None


def test_an_alarm_whose_worker_died_once_waits_for_its_turn_again(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos"), HANG)
    order = following(alarms)
    assert alarms.next() is None
    alarms.again(order)
    assert following(alarms) == order


def test_alarms_that_may_be_one_bug_are_not_triaged_side_by_side_if_there_are_others(store: Store) -> None:
    alarms = alarms_of(store)
    for ops, verdict in ((("sin", "cos"), HANG), (("cos", "abs"), HANG), (("abs",), WRONG)):
        alarms.hear(chain(*ops), verdict)
    assert [operators_of(following(alarms).case)[0] for _ in range(3)] == [
        "aten.sin.default",
        "aten.abs.default",
        "aten.cos.default",
    ]


def test_what_was_settled_explains_what_waits_and_what_is_under_triage(store: Store) -> None:
    alarms = alarms_of(store)
    for ops in (("sin", "cos"), ("cos", "abs"), ("abs", "cos", "abs"), ("sigmoid",)):
        alarms.hear(chain(*ops), HANG)
    first, second = following(alarms), following(alarms)
    assert not alarms.is_explained(second)
    alarms.settle(settled(first, chain("cos")))
    assert alarms.is_explained(second)
    assert following(alarms).case == chain("sigmoid")
    confirmed, waiting = sorted(store.findings(), key=lambda finding: finding.status)
    assert (confirmed.status, confirmed.operators, confirmed.seen) == ("confirmed", ("aten.cos.default",), 3)
    assert (waiting.status, waiting.operators) == ("new", ("aten.sigmoid.default",))


def test_a_failure_is_compared_with_the_smallest_program_known(store: Store) -> None:
    """An aliasing failure keeps its signature when its program gets smaller."""
    aliasing = Verdict("fail", "differential", kind="wrong-result", channel="aliasing")
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos", "t"), aliasing)
    order = following(alarms)
    alarms.settle(settled(order, chain("cos", "t")))
    alarms.hear(chain("abs", "t"), aliasing)
    assert len(store.findings()) == 2
    alarms.settle(settled(following(alarms), chain("t")))
    (finding,) = store.findings()
    assert finding.operators == ("aten.t.default",)
    alarms.hear(chain("sigmoid", "t"), aliasing)
    assert alarms.next() is None
    assert len(store.findings()) == 1


def test_what_did_not_fail_again_explains_nothing(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos"), HANG)
    order = following(alarms)
    alarms.settle(Triaged(order.id, order.case, order.verdict, 0, 4))
    alarms.hear(chain("abs", "sin", "cos"), HANG)
    assert following(alarms).case == chain("abs", "sin", "cos")


def test_an_error_that_did_not_fail_again_gets_another_chance_and_not_endless_ones(store: Store) -> None:
    error = Verdict("fail", "differential", kind="error", exception="E", message="bad", frames=("a.py:f",))
    alarms = alarms_of(store)
    for chance in range(CHANCES):
        case = chain(*["sin"] * (chance + 1))
        alarms.hear(case, error)
        order = following(alarms)
        assert order.case == case
        alarms.settle(Triaged(order.id, order.case, order.verdict, 0, 2))
    alarms.hear(chain("cos"), error)
    assert alarms.next() is None
    (finding,) = store.findings()
    assert (finding.status, finding.seen) == ("unconfirmed", CHANCES + 1)


def test_what_fails_again_after_it_was_fixed_is_a_finding_again(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos"), WRONG)
    order = following(alarms)
    alarms.settle(settled(order, graph_case(order.case)))
    (finding,) = store.findings()
    store.upsert_finding(msgspec.structs.replace(finding, status="fixed", link="a link"), {})

    resumed = alarms_of(store)
    resumed.hear(chain("sin", "cos"), WRONG)
    order = following(resumed)
    resumed.settle(settled(order, graph_case(order.case)))
    (finding,) = store.findings()
    assert (finding.status, finding.link, resumed.confirmed) == ("confirmed", "a link", 1)


def test_what_a_reduction_slips_to_is_kept_though_the_alarm_is_explained_meanwhile(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.settle(
        Triaged("new-gone", chain("sin"), WRONG, 2, 2, slipped=((chain("tan"), HANG),)),
    )
    assert following(alarms).case == chain("tan")


def test_a_twin_of_a_finding_is_no_finding_of_its_own(store: Store) -> None:
    alarms = alarms_of(store)
    said = ("no layout for sin", "sin has 35 elements")
    for shape, message in zip(((2, 3), (5, 7)), said, strict=True):
        verdict = Verdict("fail", "d", kind="error", exception="E", message=message, frames=("a.py:f",))
        alarms.hear(chain("cos", "sin", shape=shape), verdict)
        alarms.settle(settled(following(alarms), chain("sin", shape=shape)))
    (finding,) = store.findings()
    assert (finding.status, finding.seen, finding.summary) == ("confirmed", 2, said[0])


def test_the_report_names_findings_that_may_be_the_same(store: Store) -> None:
    alarms = alarms_of(store)
    for verdict in (WRONG, HANG):
        alarms.hear(chain("sin", "cos"), verdict)
        alarms.settle(settled(following(alarms), chain("cos")))
    first, second = store.findings()
    reports = [(store.finding_directory(one.id) / "report.md").read_text() for one in (first, second)]
    assert reports[0] == "# It fails"
    assert f"## Perhaps the same\n\n- finding {first.id}, confirmed: the same operators, another failure" in reports[1]


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_an_alarm_without_its_verdict_is_told(store: Store, damage: str) -> None:
    alarms_of(store).hear(chain("sin", "cos"), WRONG)
    (finding,) = store.findings()
    path = store.finding_directory(finding.id) / "verdict.json"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(StoreError, match=re.escape(f"{path}: cannot be read")) as told:
        alarms_of(store)
    assert f"mark {store.directory} {finding.id} known`" in str(told.value)

    store.mark(finding.id, "known")
    assert alarms_of(store).next() is None


def tir_alarm(alarms: Alarms, text: str) -> None:
    """A wrong result of a program of TIR comes in, and is confirmed as it is."""
    case = tir_case(program=TirProgram(text, ()))
    wrong = Verdict("fail", "p", kind="wrong-result", channel="values", guilty="tirx.StmtSimplify", message="m")
    alarms.hear(case, wrong)
    order = following(alarms)
    alarms.settle(Triaged(order.id, case, wrong, 2, 2, "script", "report", repro_runs=True))


def test_a_finding_of_tir_takes_over_those_that_have_all_of_it_and_more(store: Store) -> None:
    alarms = alarms_of(store)
    tir_alarm(alarms, TEXT)
    smaller = json.dumps({"nodes": NODES[:5]})
    tir_alarm(alarms, smaller)
    (finding,) = store.findings()
    assert (finding.operators, finding.status, finding.seen) == (("Add.int",), "confirmed", 2)
    tir_alarm(alarms, TEXT)
    (finding,) = store.findings()
    assert (finding.operators, finding.seen) == (("Add.int",), 3)


def test_what_a_person_has_marked_is_not_taken_over(store: Store) -> None:
    alarms = alarms_of(store)
    tir_alarm(alarms, TEXT)
    (finding,) = store.findings()
    store.upsert_finding(msgspec.structs.replace(finding, status="known", link="a link"), {})
    resumed = alarms_of(store)
    tir_alarm(resumed, json.dumps({"nodes": NODES[:5]}))
    assert sorted(finding.status for finding in store.findings()) == ["confirmed", "known"]


def test_alarms_in_passes_that_no_finding_names_come_first(store: Store) -> None:
    alarms = alarms_of(store)
    tir_alarm(alarms, TEXT)
    error = Verdict("fail", "p", kind="error", exception="ValueError", message="m")
    for name in ("tirx.StmtSimplify", "tirx.RemoveNoOp"):
        alarms.hear(tir_case(), msgspec.structs.replace(error, guilty=name, message=f"no {len(name) * 'a'}"))
    assert [following(alarms).verdict.guilty for _ in range(2)] == ["tirx.RemoveNoOp", "tirx.StmtSimplify"]


def test_a_pass_that_hangs_on_any_program_is_drawn_less_often(store: Store) -> None:
    pytest.importorskip("tvm")
    alarms = alarms_of(store)
    for text, name in ((TEXT, "tirx.RemoveNoOp"), (json.dumps({"nodes": NODES[:4]}), "mine.Pass")):
        case, hang = tir_case(program=TirProgram(text, ())), msgspec.structs.replace(HANG, guilty=name)
        alarms.hear(case, hang)
        alarms.settle(Triaged(following(alarms).id, case, hang, 2, 2, "script", "report", repro_runs=True))
    weights = alarms.weights()
    assert "tirx.RemoveNoOp" not in weights
    assert weights["mine.Pass"] < 1

    def share(weights: Mapping[str, float]) -> int:
        made = [make_tir(Slot(seed), "tvm-tir", weights)[0] for seed in range(40)]
        return sum(any(step.name == "tirx.StmtSimplify" for step in case.pipeline.steps) for case in made)

    assert share({"tirx.StmtSimplify": 0.0}) < share({}) / 2
