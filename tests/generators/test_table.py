"""The operator table: what it holds, and how it is read."""

from __future__ import annotations

import msgspec
import pytest

from tensorsmith.generators.exclusions import exclusion_reason
from tensorsmith.generators.table import OperatorEntry, Record, entry_of, full_table, load_table, read_table
from tensorsmith.ir.dtypes import COMMON
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.ir.graph import Ref, TensorType

LINE = msgspec.json.encode(entry_of("aten.sum.dim_IntList"))


def test_the_table_has_at_least_1200_operators_with_in_place_and_view_ones() -> None:
    names = {entry.op for entry in load_table()}
    assert len(names) >= 1200
    assert {"aten.mul_.Tensor", "aten.index_put_.default", "aten.copy_.default"} <= names
    assert {"aten.select.int", "aten.transpose.int", "aten.expand.default", "aten.view.default"} <= names
    assert {"aten.argmax.default", "aten.avg_pool2d.default", "aten.where.self", "aten.matmul.default"} <= names


def test_every_group_has_operators() -> None:
    sizes = {group: len(entries) for group, entries in full_table().by_group.items()}
    assert set(sizes) == {
        "pointwise", "reduction", "view", "in-place", "indexing", "shape", "nn", "cast", "out", "other",
    }  # fmt: skip
    assert sizes["in-place"] > 50
    assert sizes["view"] > 30


def test_no_operator_of_the_table_is_one_that_programs_leave_out() -> None:
    assert {e.op: exclusion_reason(e.op) for e in load_table() if exclusion_reason(e.op) is not None} == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("aten.bernoulli.default", "random"),
        ("aten.nonzero.default", "data-dependent-shape"),
        ("aten.linalg_qr.default", "non-unique-result"),
        ("aten.squeeze_.dim", "changes-metadata-in-place"),
        ("aten.max.dim_max", "writes-out-argument"),
        ("aten.mul_.Tensor", None),
    ],
)
def test_operators_are_left_out_for_a_reason(name: str, reason: str | None) -> None:
    assert exclusion_reason(name) == reason


def test_what_was_asked_of_eager() -> None:
    assert entry_of("aten.bitwise_and.Tensor").dtypes == ("bool", "i8", "i16", "i32", "i64", "u8")
    assert entry_of("aten.add.Tensor").dtypes == COMMON
    assert entry_of("aten.add.Tensor").any_shape
    assert entry_of("aten.add.Tensor").promotes
    assert not entry_of("aten.softmax.int").any_shape
    assert entry_of("aten.floor_divide.default").nonzero == ("other",)
    assert entry_of("aten.acos.default").guard == "sigmoid"
    bound = entry_of("aten.gather.default").bounds["index"]
    assert (bound.of, bound.argument, bound.dim) == ("size", "self", "dim")


def test_references_of_records_are_positions_of_their_tensors() -> None:
    for entry in load_table():
        for record in entry.records:
            assert isinstance(record, Record)
            for arg in (*record.args, *dict(record.kwargs).values()):
                for atom in arg if isinstance(arg, tuple) else (arg,):
                    assert not isinstance(atom, Ref) or 0 <= atom.id < len(record.tensors), entry.op


def test_an_operator_that_torch_lacks_is_set_aside() -> None:
    table = read_table(LINE + b"\n" + LINE.replace(b"sum.dim_IntList", b"no_such_thing.default"), "table")
    assert [e.op for e in table.entries] == ["aten.sum.dim_IntList"]
    assert table.missing == ("aten.no_such_thing.default",)


def test_an_out_variant_goes_with_the_operator_that_torch_lacks() -> None:
    twin = LINE.replace(b"sum.dim_IntList", b"no_such_thing.default")
    variant = msgspec.json.encode(
        OperatorEntry("aten.sum.IntList_out", "out", ("f32",), (), out_of="aten.no_such_thing.default")
    )
    table = read_table(b"\n".join((twin, variant, LINE)), "table")
    assert [e.op for e in table.entries] == ["aten.sum.dim_IntList"]
    assert table.missing == ("aten.no_such_thing.default", "aten.sum.IntList_out")


def test_a_table_of_which_torch_has_nothing_says_what_to_do() -> None:
    with pytest.raises(EnvironmentLacksError, match=r"table: the installed torch has none of its 1 .*harvest"):
        read_table(LINE.replace(b"sum.dim_IntList", b"no_such_thing.default"), "table")


def test_a_damaged_table_names_the_line() -> None:
    with pytest.raises(InvalidInputError, match=r"table, line 2: not an operator entry"):
        read_table(LINE + b"\n{}", "table")


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"`aten.nope.default`"):
        entry_of("aten.nope.default")


def test_types_in_the_table_are_small() -> None:
    tensors = [t for e in load_table() for r in e.records for t in (*r.tensors, *r.results)]
    assert max(t.numel for t in tensors) <= 4096
    assert all(isinstance(t, TensorType) for t in tensors)
