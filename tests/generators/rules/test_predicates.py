"""The language of rules: what predicates say, and that their text form is read back."""

from __future__ import annotations

import msgspec
import pytest

from tensorsmith.generators.rules.book import read_book, shipped_book, unknown_arguments
from tensorsmith.generators.rules.parse import parse_predicate
from tensorsmith.generators.rules.predicates import Bounded, Member, Predicate
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.generators.rules.terms import Term, View
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, TensorType

TYPES = {
    0: TensorType("f32", (2, 3, 8)),
    1: TensorType("i64", (3, 1)),
    2: TensorType("f32", ()),
    3: TensorType("f32", (4, 3, 3)),
}
ARGUMENTS: dict[str, Arg] = {
    "x": Ref(0), "y": Ref(1), "scalar": Ref(2), "weight": Ref(3), "many": (Ref(0), Ref(3)), "dim": -1, "n": 4,
    "dims": (0, -1), "sizes": (6, -1), "kernel_size": (3,), "padding": (1,), "dilation": (2,), "flag": True,
    "mode": "mean", "dtype": DTypeArg("f64"), "nothing": None, "number": 0.5,
}  # fmt: skip
VIEW = View(ARGUMENTS, TYPES)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("rank(x) >= 3", True),
        ("rank(x) <= 2", False),
        ("rank(x) in {1, 3}", True),
        ("flag in {0}", False),
        ("x[1] == y[0]", True),
        ("x[-1] == n + 4", True),
        ("x[-1] == n", False),
        ("dims(scalar) >= dim + 2", True),
        ("dim + rank(x) >= 0", True),
        ("dim + dims(scalar) >= 1", False),
        ("x[dim] % n == 0", True),
        ("x[1] % n == 0", False),
        ("x[-1] % n^2 == 0", False),
        ("x[-1] == x[0] * n", True),
        ("y[-1] is x[-1] or 1", True),
        ("x[0] is x[-1] or 1", False),
        ("y broadcasts with x", True),
        ("weight broadcasts with x", False),
        ("scalar expands to x", True),
        ("x expands to scalar", False),
        ("x like weight", False),
        ("many like many", True),
        ("dtype(x) == dtype(y)", False),
        ("dtype(x) in {f32, f64}", True),
        ("dtype(y, number) in {f32}", True),
        ("dtype(x, dtype) in {f32}", False),
        ("dtype(y, number) casts to dtype(y)", False),
        ("word(mode) in {sum, mean}", True),
        ("word(number) in {int}", False),
        ("many alike in rank", True),
        ("many alike in shape but dim", False),
        ("dims distinct in x", True),
        ("sizes reshapes x", True),
        ("dims reshapes x", False),
        ("x fits in weight but dim", True),
        ("x fits in weight", False),
        ("x[dims] == weight[dims] each, or 1", False),
        ("span(kernel_size, -1) >= 3", True),
        ("x[-1] >= span(kernel_size, -1) + 6", False),
        ("prod(sizes) >= 6", True),
        ("dims.-1 <= -1", True),
        # What a call does not have cannot be broken.
        ("nothing >= 5", True),
        ("scalar[-1] >= 5", True),
        ("nothing == n", True),
    ],
)
def test_what_a_predicate_says_and_that_its_text_is_read_back(text: str, holds: bool) -> None:
    predicate = parse_predicate(text)
    assert str(predicate) == text
    assert predicate.holds(VIEW) is holds


@pytest.mark.parametrize(
    "predicate",
    [
        Member(Term("value", "n"), (1234567.0, 2.0)),
        Member(Term("value", "n"), (0.1 + 0.2, -1e-7, 1e16, float(2**53 - 1))),
        Bounded(Term("prod", "sizes"), 1234567.0, True),
        Bounded(Term("value", "number"), -1.0000001, False),
    ],
)
def test_no_digit_of_a_number_is_lost(predicate: Predicate) -> None:
    assert parse_predicate(str(predicate)) == predicate


@pytest.mark.parametrize(
    "text",
    [
        "", "rank(x)", "rank(x) == ", "x[1] = y[0]", "rank(x) in 3", "rank(x) in {a}", "rank(x) in {}",
        "rank(x) in {2,}", "rank(x) in {nan}", "n >= 1e", "n >= 1e999", "n >= -", "n == m + " + "9" * 5000,
        "dtype(x) in {f23}", "dtype(x) in {}", "dtype(x, y) in {f32, float}",
    ],
)  # fmt: skip
def test_what_is_no_predicate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no "):
        parse_predicate(text)


def test_a_clause_with_a_condition_counts_only_where_it_is_met() -> None:
    rule = parse_rule(("rank(x) in {2} => x[0] == y[0]", "word(mode) in {mean} => n >= 5", "rank(y) in {2}"))
    assert [clause.holds(VIEW) for clause in rule.clauses] == [True, False, True]
    assert str(rule.broken(VIEW)) == "word(mode) in {mean} => n >= 5"
    assert parse_rule(rule.texts()) == rule


def test_every_rule_of_the_book_that_ships_is_read_back() -> None:
    for entry in shipped_book().values():
        assert parse_rule(entry.rule).texts() == entry.rule


def test_the_arguments_that_a_rule_speaks_of_are_known() -> None:
    rule = parse_rule(
        (
            "rank(a) >= 3", "b in {1}", "c[d] >= e - 1", "f % g^2 == 0", "h == i * j", "k is l or 1", "m like n",
            "dtype(o) == dtype(p)", "dtype(q, r) in {f32}", "dtype(s, t) casts to dtype(s)", "u fits in v but w",
            "aa[ab] == ac[ad] each, or 1", "word(ae) in {mean}", "af alike in shape but ag", "ah alike in dtype",
            "ai distinct in aj", "ak reshapes al", "word(am) in {sum} => an >= 1",
        )
    )  # fmt: skip
    assert rule.arguments() == {*"abcdefghijklmnopqrstuvw", *(f"a{letter}" for letter in "abcdefghijklmn")}


def test_the_book_that_ships_speaks_of_no_arguments_that_operators_do_not_have() -> None:
    book = shipped_book()
    assert {op: unknown for op, entry in book.items() if (unknown := unknown_arguments(entry))} == {}
    planted = msgspec.structs.replace(book["aten.mm.default"], rule=("rank(self) in {2}", "rank(mat3) in {2}"))
    assert unknown_arguments(planted) == ("mat3",)


def test_a_bad_line_of_a_rule_book_is_named() -> None:
    good = b'{"op":"aten.neg.default","rule":[],"accepts":1,"rejects":0,"precision":1,"recall":1,"held_out":1}'
    bad = good.replace(b"[]", b'["rank(self) ~ 3"]')
    assert read_book(good, "book")["aten.neg.default"].precision == 1
    with pytest.raises(InvalidInputError, match="book, line 2: `rank"):
        read_book(good + b"\n" + bad, "book")
