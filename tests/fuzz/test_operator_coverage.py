"""What a campaign hit of operators, dtypes and choices: computed from what was counted."""

from __future__ import annotations

from tensorsmith.fuzz.operator_coverage import Coverage, Hits, Share, choices_share, coverage, dtypes_share, summary
from tensorsmith.generators.cases import random_case
from tensorsmith.generators.choices import count_choices
from tensorsmith.generators.table import load_table

SUM = "aten.sum.dim_IntList"


def of(covered: tuple[Coverage, ...], op: str) -> Coverage:
    (one,) = (c for c in covered if c.op == op)
    return one


def test_nothing_was_hit_before_anything_ran() -> None:
    covered = coverage({})
    assert [one.op for one in covered] == [entry.op for entry in load_table()]
    assert all(one.calls == 0 and not any(choice.hits for choice in one.choices) for one in covered)
    total = summary(covered)
    assert total.overloads == Share(0, len(load_table()))
    assert 0 < total.operators.possible < total.overloads.possible
    assert 1000 <= total.sharp_overloads.possible < total.overloads.possible
    assert 600 <= total.sharp_operators.possible < total.operators.possible
    assert total.choices.hit == total.dtypes.hit == 0
    assert total.choices.possible > 4000


def test_hits_are_told_from_what_was_never_hit() -> None:
    counts = {SUM: 5, f"{SUM} =f32": 4, f"{SUM} =i64": 1, f"{SUM} keepdim=True": 5, f"{SUM} dim=out of order": 2}
    sums = of(coverage(counts), SUM)
    assert (sums.name, sums.overload, sums.calls) == ("aten.sum", "dim_IntList", 5)
    assert (sums.dtypes["f32"], sums.dtypes["i64"], sums.dtypes["f16"]) == (4, 1, 0)
    assert Hits("keepdim", "True", 5) in sums.choices
    assert Hits("keepdim", "False", 0) in sums.never
    assert dtypes_share(sums).hit == 2
    assert choices_share(sums) == Share(2, len(sums.choices))
    total = summary(coverage(counts))
    assert (total.sharp_overloads.hit, total.sharp_operators.hit) == (1, 1)
    assert (total.overloads.hit, total.operators.hit, total.dtypes.hit, total.choices.hit) == (1, 1, 2, 2)


def test_a_choice_that_nobody_expected_counts_as_possible() -> None:
    expected = choices_share(of(coverage({}), SUM))
    found = choices_share(of(coverage({SUM: 1, f"{SUM} dim=empty": 1}), SUM))
    assert found == Share(1, expected.possible + 1)


def test_an_operator_of_no_table_is_listed_and_counts_nowhere() -> None:
    counts = {"aten.nonesuch.default": 2, "aten.nonesuch.default self=0-d": 1}
    covered = coverage(counts)
    assert covered[-1] == Coverage("aten.nonesuch", "default", "", 2, {}, (Hits("self", "0-d", 1),))
    assert summary(covered) == summary(coverage({}))


def test_the_calls_of_random_programs_are_all_there() -> None:
    graphs = [random_case(seed, "eager").graph for seed in range(20)]
    covered = coverage(count_choices(graphs))
    assert sum(one.calls for one in covered) == sum(len(graph.nodes) for graph in graphs)
    assert {one.op for one in covered if one.calls} == {op for graph in graphs for op in graph.operators()}
