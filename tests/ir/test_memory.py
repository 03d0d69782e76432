"""Which values may share memory."""

from __future__ import annotations

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.memory import memory_groups

TYPE = TensorType("f32", (2, 3))


def test_a_write_shares_the_memory_of_what_it_writes_to_and_of_nothing_that_it_reads() -> None:
    builder = GraphBuilder()
    x, y = builder.input(TYPE), builder.input(TYPE)
    (written,) = builder.call("aten.add_.Tensor", (Ref(x), Ref(y)))
    groups = memory_groups(builder.build([written]))
    assert groups[written] == groups[x] != groups[y]


def test_a_view_shares_memory_with_its_base() -> None:
    builder = GraphBuilder()
    x = builder.input(TYPE)
    (view,) = builder.call("aten.t.default", (Ref(x),))
    (other,) = builder.call("aten.sin.default", (Ref(view),))
    groups = memory_groups(builder.build([other]))
    assert groups[view] == groups[x] != groups[other]


def test_an_operator_whose_schema_keeps_silent_may_share_memory_with_any_argument() -> None:
    builder = GraphBuilder()
    x, y = builder.input(TYPE), builder.input(TYPE)
    (result,) = builder.call("aten.type_as.default", (Ref(x), Ref(y)))
    groups = memory_groups(builder.build([result]))
    assert groups[result] == groups[x] == groups[y]
