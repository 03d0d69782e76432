"""Hypothesis strategies: valid random graphs, and the tensors to run them on."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, TypeVar

import torch
from hypothesis import strategies as st

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import COMMON, FLOATS, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.graph import Arg, DTypeArg, Graph, Ref, SpecialFloat, Symbol, TensorType, tensor_type
from tensorsmith.ir.recipe import Drawn, Literals
from tensorsmith.ir.torch_args import DEVICE, TO_TORCH

T = TypeVar("T")


class Draw(Protocol):
    """What Hypothesis gives to a composite strategy."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


Call: TypeAlias = tuple[str, tuple[Arg, ...], tuple[tuple[str, Arg], ...]]

dtypes: st.SearchStrategy[DType] = st.sampled_from(COMMON)
shapes = st.lists(st.sampled_from([0, 1, 2, 3]), max_size=6).map(tuple).filter(lambda s: torch.Size(s).numel() <= 48)


@st.composite
def layouts(draw: Draw) -> TensorType:
    """A type: contiguous, transposed, expanded, with gaps, or with an offset."""
    dtype, shape = draw(dtypes), draw(shapes)
    base = torch.empty(shape, device="meta")
    kind = draw(st.sampled_from(["contiguous", "permuted", "expanded", "gaps", "offset"]))
    if kind == "permuted":
        base = base.permute(draw(st.permutations(range(len(shape)))))
    elif kind == "expanded":
        base = base[..., None].expand(*shape, 3)[:]
    elif kind == "gaps" and shape:
        base = torch.empty((*shape[:-1], 2 * shape[-1]), device="meta")[..., ::2]
    elif kind == "offset":
        return tensor_type(dtype, shape, offset=draw(st.integers(1, 5)))
    return tensor_type(dtype, tuple(base.shape), base.stride())


@st.composite
def literal_constants(draw: Draw) -> tuple[TensorType, Literals]:
    """A contiguous constant with its values written out, as `from_fx` writes them."""
    type_ = TensorType(draw(dtypes), draw(shapes))
    if type_.dtype == "bool":
        element: st.SearchStrategy[Any] = st.booleans()
    elif type_.dtype in FLOATS:
        element = st.sampled_from([0.0, -0.0, 1.0, -2.5, 0.125, "inf", "-inf", "nan"])
    else:
        element = st.integers(0, 100)
    return type_, Literals(tuple(draw(st.lists(element, min_size=type_.numel, max_size=type_.numel))))


@st.composite
def drawn_constants(draw: Draw) -> tuple[TensorType, Drawn]:
    """A constant of any layout with values drawn from a seed."""
    return draw(layouts()), Drawn(draw(st.sampled_from(["normal", "index"])), draw(st.integers(0, 9)), 3)


def _choose(draw: Draw, calls: list[Call]) -> Call:
    return draw(st.sampled_from(calls))


def _calls(draw: Draw, builder: GraphBuilder) -> Call:
    """A call that may or may not be accepted, on values that the builder has."""
    ids = list(builder.types)
    x = draw(st.sampled_from(ids))
    shape = builder.types[x].shape
    dim = draw(st.integers(-len(shape), len(shape) - 1)) if shape else 0
    kind = draw(st.sampled_from(["pointwise", "view", "view", "write", "write", "several", "other"]))
    if kind == "pointwise":
        y = draw(st.sampled_from(ids))
        return _choose(
            draw,
            [
                ("aten.neg.default", (Ref(x),), ()),
                ("aten.sin.default", (Ref(x),), ()),
                ("aten.mul.Tensor", (Ref(x), Ref(y)), ()),
                ("aten.add.Tensor", (Ref(x), Ref(y)), (("alpha", 2),)),
                ("aten.gt.Scalar", (Ref(x), 0.5), ()),
                ("aten.clamp.default", (Ref(x), None, SpecialFloat("inf")), ()),
            ],
        )
    if kind == "view":
        n = shape[dim] if shape else 1
        order = tuple(draw(st.permutations(range(len(shape)))))
        return _choose(
            draw,
            [
                ("aten.permute.default", (Ref(x), order), ()),
                ("aten.slice.Tensor", (Ref(x), dim, draw(st.integers(0, n)), draw(st.integers(0, n))), ()),
                ("aten.select.int", (Ref(x), dim, 0), ()),
                ("aten.unsqueeze.default", (Ref(x), dim), ()),
                ("aten.expand.default", (Ref(x), (2, *shape)), ()),
                ("aten.view.default", (Ref(x), (-1,)), ()),
                ("aten.reshape.default", (Ref(x), (-1,)), ()),
                ("aten._unsafe_view.default", (Ref(x), (-1,)), ()),
                ("aten.type_as.default", (Ref(x), Ref(draw(st.sampled_from(ids)))), ()),
            ],
        )
    if kind == "write":
        y = draw(st.sampled_from(ids))
        return _choose(
            draw,
            [
                ("aten.copy_.default", (Ref(x), Ref(y)), ()),
                ("aten.add_.Tensor", (Ref(x), Ref(y)), ()),
                ("aten.mul_.Scalar", (Ref(x), 2), ()),
                ("aten.fill_.Scalar", (Ref(x), 1), ()),
                ("aten.add.out", (Ref(x), Ref(x)), (("out", Ref(y)),)),
            ],
        )
    if kind == "several":
        return _choose(
            draw,
            [
                ("aten.max.dim", (Ref(x), dim, draw(st.booleans())), ()),
                ("aten.sort.stable", (Ref(x),), (("stable", True), ("dim", dim))),
                ("aten.split.Tensor", (Ref(x), 1, dim), ()),
                ("aten.unbind.int", (Ref(x), dim), ()),
            ],
        )
    dtype = DTypeArg(draw(dtypes))
    return _choose(
        draw,
        [
            ("aten._to_copy.default", (Ref(x),), (("dtype", dtype),)),
            ("aten.sum.dim_IntList", (Ref(x), (dim,)), (("dtype", dtype),)),
            ("aten.clone.default", (Ref(x),), (("memory_format", Symbol("contiguous_format")),)),
            ("aten.full.default", ((2, 3), SpecialFloat("-inf")), (("device", DEVICE),)),
            ("aten.cat.default", ((Ref(x), Ref(x)), dim), ()),
            ("aten.div.Tensor_mode", (Ref(x), 2.5), (("rounding_mode", "floor"),)),
        ],
    )


@st.composite
def graphs(draw: Draw, constants: st.SearchStrategy[Any] | None = None) -> Graph:
    """A valid graph with views, writes, several outputs and inputs of odd layouts.

    Args:
        draw: Hypothesis's own.
        constants: what its constants are; all kinds by default.
    """
    builder = GraphBuilder()
    for _ in range(draw(st.integers(1, 3))):
        type_ = draw(layouts())
        first = builder.input(type_)
        if draw(st.booleans()):
            n = type_.storage_size
            start, step = draw(st.integers(0, n)), draw(st.integers(1, 3))
            view = tensor_type(type_.dtype, (max(0, -(-(n - start) // step)),), (step,), start)
            builder.input(view, shares=first)
    for _ in range(draw(st.integers(0, 2))):
        builder.constant(*draw(st.one_of(literal_constants(), drawn_constants()) if constants is None else constants))
    for _ in range(draw(st.integers(0, 8))):
        if len(builder.types) > 30:
            break
        try:
            builder.call(*_calls(draw, builder))
        except GraphError:
            continue
    return builder.build(draw(st.lists(st.sampled_from(list(builder.types)), min_size=1, max_size=3)))


def make_tensors(types: list[tuple[int, TensorType, int | None]], seed: int) -> dict[int, torch.Tensor]:
    """Tensors of the given `(id, type, id of the storage)` with small random values."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[int, torch.Tensor] = {}
    for id_, type_, shares in types:
        if shares is None:
            values = torch.randint(-3, 4, (type_.storage_size,), generator=generator)
            base = values.to(TO_TORCH[type_.dtype])
        else:
            base = made[shares]
        made[id_] = torch.as_strided(base, type_.shape, type_.strides, type_.offset)
    return made


def input_tensors(graph: Graph, seed: int = 0) -> list[torch.Tensor]:
    """Fresh tensors for the inputs of a graph."""
    return list(make_tensors([(i.id, i.type, i.shares) for i in graph.inputs], seed).values())


def constant_tensors(graph: Graph) -> dict[int, torch.Tensor]:
    """Fresh tensors for the constants of a graph: values written out as they are, others random."""
    made = {}
    for constant in graph.constants:
        type_, values = constant.type, constant.values
        if isinstance(values, Literals):
            numbers = [float(x) if isinstance(x, str) else x for x in values.data]
            flat = torch.tensor(numbers, dtype=TO_TORCH[type_.dtype])
            made[constant.id] = torch.as_strided(flat, type_.shape, type_.strides, type_.offset)
        else:
            made.update(make_tensors([(constant.id, type_, None)], values.seed))
    return made


def run_eager(graph: Graph, inputs: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The outputs of the graph in eager mode; writes change `inputs`."""
    with torch.no_grad():
        outputs: tuple[torch.Tensor, ...] = to_fx(graph, constant_tensors(graph))(*inputs)
    return outputs
