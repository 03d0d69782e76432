"""Rules are inferred by asking, and a wrong one is caught."""

from __future__ import annotations

import random

import msgspec
import pytest

from tensorsmith.generators.rules.book import SHARP_PRECISION, Entry, shipped_book
from tensorsmith.generators.rules.check import main as check
from tensorsmith.generators.rules.check import rule_problem
from tensorsmith.generators.rules.learn import learn_rule, learn_variant
from tensorsmith.generators.rules.mend import mend
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.generators.rules.terms import View
from tensorsmith.generators.table import entry_of, load_table
from tensorsmith.ir.graph import Arg, Ref, TensorType


def f32(*shape: int) -> TensorType:
    return TensorType("f32", shape)


@pytest.mark.parametrize(
    ("op", "arguments", "good", "bad"),
    [
        ("aten.mm.default", {"self": Ref(0), "mat2": Ref(1)}, (f32(3, 4), f32(4, 2)), (f32(3, 4), f32(3, 2))),
        ("aten.view.default", {"self": Ref(0), "size": (6, -1)}, (f32(4, 3),), (f32(4, 4),)),
        ("aten.add.Tensor", {"self": Ref(0), "other": Ref(1)}, (f32(5, 1), f32(4)), (f32(5, 2), f32(4))),
        ("aten.transpose.int", {"self": Ref(0), "dim0": 2, "dim1": -3}, (f32(1, 2, 3),), (f32(1, 2),)),
        (
            "aten.conv2d.default",
            {"input": Ref(0), "weight": Ref(1), "stride": (1, 1), "padding": (0, 1), "dilation": (1, 2), "groups": 2},
            (f32(2, 4, 5, 5), f32(6, 2, 3, 3)),
            (f32(2, 4, 5, 2), f32(6, 2, 3, 3)),
        ),
    ],
)
def test_rules_that_anyone_would_write_are_found(
    op: str, arguments: dict[str, Arg], good: tuple[TensorType, ...], bad: tuple[TensorType, ...]
) -> None:
    entry = learn_rule(entry_of(op))
    rule = parse_rule(entry.rule)
    assert rule.holds(View(arguments, dict(enumerate(good))))
    assert not rule.holds(View(arguments, dict(enumerate(bad))))
    assert entry.precision > 0.9
    assert entry.recall > 0.9
    assert min(entry.accepts, entry.rejects) > 50


def test_inference_is_deterministic() -> None:
    assert learn_rule(entry_of("aten.cat.default")) == learn_rule(entry_of("aten.cat.default"))


def test_an_out_variant_is_measured_by_its_twins_rule() -> None:
    twin = learn_rule(entry_of("aten.add.Tensor"))
    variant = learn_variant("aten.add.out", twin)
    assert variant.rule == twin.rule
    assert variant.precision > 0.95
    assert variant.held_out == twin.held_out  # none of them did the twin's rule come from
    # It takes what its twin takes, but for results that do not fit the `out=` that it is given.
    assert variant.accepts + variant.rejects == twin.accepts + twin.rejects
    assert 0.95 * twin.accepts < variant.accepts < twin.accepts


def test_the_out_variants_of_the_book_that_ships_have_answers_of_their_own_about_the_calls_of_their_twins() -> None:
    book = shipped_book()
    pairs = [(book[entry.op], book[entry.out_of]) for entry in load_table() if entry.out_of]
    assert pairs
    assert all(variant.rule == twin.rule for variant, twin in pairs)
    assert all(variant.held_out <= twin.held_out for variant, twin in pairs)
    assert any(variant.accepts < twin.accepts for variant, twin in pairs)


@pytest.mark.parametrize(
    ("op", "rule", "problem"),
    [
        ("aten.mm.default", (), "that it admits"),
        ("aten.mm.default", ("self[0] == mat2[1]",), "that it admits"),
        ("aten.add.Tensor", ("other like self",), "accepted calls it admits"),
        ("aten.add.Tensor", ("rank(self) >= 9",), "admits none"),
        ("aten.mm.default", ("rank(mat3) in {2}",), "arguments that the operator does not have: mat3"),
    ],
)
def test_a_wrong_rule_is_caught(op: str, rule: tuple[str, ...], problem: str) -> None:
    good = shipped_book()[op]
    assert rule_problem(good, entry_of(op)) is None
    planted = msgspec.structs.replace(good, rule=rule)
    assert problem in (rule_problem(planted, entry_of(op)) or "")


def test_the_rule_of_an_out_variant_is_checked_on_calls_of_its_own() -> None:
    good = shipped_book()["aten.add.out"]
    assert rule_problem(good, entry_of("aten.add.out")) is None
    planted = msgspec.structs.replace(good, rule=("other like self",))
    assert "accepted calls it admits" in (rule_problem(planted, entry_of("aten.add.out")) or "")


def test_checking_names_an_operator_that_there_is_none_of_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        check(["aten.add.Tensor", "aten.nonesuch.default"])
    assert raised.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""  # names are looked at before anything is asked
    assert said.err == "error: unknown operator `aten.nonesuch.default`: the rule book has none of that name\n"


def test_checking_says_how_many_rules_are_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        check(["aten.mm.default", "aten.add.out"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == "2 rules checked, 0 wrong\n"
    with pytest.raises(SystemExit) as raised:
        check(["--help"])
    assert raised.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_arguments_are_changed_until_they_satisfy_a_rule() -> None:
    rule = parse_rule(("dims(x) >= dim + 1", "dim + dims(x) >= 0", "size reshapes x", "x[0] % groups == 0", "n >= 1"))
    types = {0: TensorType("f32", (4, 6))}
    arguments: dict[str, Arg] = {"x": Ref(0), "dim": 5, "size": (7, 7), "groups": 3, "n": -2}
    for seed in range(20):
        found = mend(rule, arguments, types, random.Random(seed))
        assert isinstance(found, dict)
        assert rule.holds(View(found, types))
    impossible = mend(parse_rule(("rank(x) >= 3",)), arguments, types, random.Random(0))
    assert impossible == "rank(x) >= 3"


def test_every_operator_that_is_generated_has_a_rule_that_was_measured() -> None:
    book = shipped_book()
    assert {entry.op for entry in load_table()} == {*book}
    good = [entry for entry in book.values() if entry.precision >= SHARP_PRECISION]
    assert len(good) >= 1000
    assert len({entry.op.split(".")[1] for entry in good}) >= 600
    assert all(isinstance(entry, Entry) and entry.held_out > 0 for entry in good)
