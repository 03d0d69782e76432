"""What counts of passes of Relax: in a legal order every failure, in a free order the death of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm.passes.catalog import register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.settings import FREE_ORDER
from tests.oracles.programs import case_of
from tests.planted.planted_relax_passes import die, fail, subtract_instead

tvm = pytest.importorskip("tvm")

PLANTED = "planted.Order"


@pytest.fixture
def plant() -> Iterator[Callable[[Callable[[Any, object], Any]], None]]:
    def planting(change: Callable[[Any, object], Any]) -> None:
        make = tvm.transform.module_pass(change, opt_level=0, name="Planted")
        register_pass(PassEntry(PLANTED, "relax"), lambda: make)

    yield planting
    unregister_pass(PLANTED)


def judged(*steps: str) -> Verdict:
    find_target("tvm-relax").warm()
    case = case_of([tensor_type("f32", (3,))], [("aten.add.Tensor", (Ref(0), Ref(0)))])
    pipeline = Pipeline(tuple(Step(name) for name in steps))
    return judge_isolated(msgspec.structs.replace(case, target="tvm-relax", pipeline=pipeline), Limits(seconds=60.0))


@pytest.mark.parametrize(("change", "kind"), [(subtract_instead, "wrong-result"), (fail, "error")])
def test_in_a_free_order_only_the_death_of_the_process_counts(
    change: Callable[[Any, object], Any], kind: str, plant: Callable[[Callable[[Any, object], Any]], None]
) -> None:
    plant(change)
    assert judged(PLANTED).kind == kind
    assert judged(FREE_ORDER, PLANTED).outcome == "invalid"
    # Nobody promises that fusion works before there is anything to fuse.
    assert judged(PLANTED, "relax.FuseTIR").outcome == "invalid"


def test_a_pass_that_kills_the_process_is_a_failure_in_every_order(
    plant: Callable[[Callable[[Any, object], Any]], None],
) -> None:
    plant(die)
    assert [judged(PLANTED).kind, judged(FREE_ORDER, PLANTED).kind] == ["crash", "crash"]
