"""What rounding allows: the values that a program may return when every rounding is free to go either way.

The program is run many times, each time with every rounded intermediate value moved by a few units in its last place
(and by no less than eager's own error, found by repeating each call in float64), once entirely in float64, once with
subnormals flushed, and with ties broken the other way. The least and greatest value that any run gives for an element
are its envelope. This measures conditioning instead of assuming it: a cast or a comparison after a rounding shows as an
integer that is not the same in all runs, and is then not judged. (The idea is that of stochastic arithmetic: Vignes,
"Discrete stochastic arithmetic for validating results of numerical software", 2004.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.ir.graph import Constant, DTypeArg, Graph, Input, Node, TensorType
from tensorsmith.ir.operators import is_pointwise, operator, written_arguments
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import flatten_results
from tensorsmith.oracles.magnitude import greatest
from tensorsmith.oracles.ties import Order, backwards, other_ties
from tensorsmith.oracles.undefined import undefined_call
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call

RUNS = 16
# How far a rounded result may be off, in units in the last place, where the operator promises nothing.
LOOSE_ULPS = 8.0

# Results that are one of the operands' values, or a fact about them: no rounding, in any implementation.
_EXACT = frozenset({
    "abs", "neg", "relu", "clamp", "clamp_min", "clamp_max", "maximum", "minimum", "fmax", "fmin", "max", "min", "amax",
    "amin", "aminmax", "where", "cat", "stack", "index", "index_select", "gather", "take", "take_along_dim", "scatter",
    "index_put", "index_copy", "index_fill", "masked_fill", "masked_scatter", "floor", "ceil", "trunc", "round", "sign",
    "sgn", "copysign", "sort", "topk", "kthvalue", "median", "mode", "flip", "roll", "rot90", "clone", "copy", "tril",
    "triu", "diag_embed", "repeat", "tile", "constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d",
    "replication_pad1d", "replication_pad2d", "replication_pad3d", "reflection_pad3d", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool3d", "cummax", "cummin", "fill", "zero",
    "zeros_like", "ones_like", "full_like", "new_full", "new_zeros", "new_ones", "hardtanh", "relu6", "threshold",
    "positive", "nan_to_num", "isnan", "embedding", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "lift_fresh",
    "logical_not", "unfold_copy", "select_scatter", "slice_scatter", "diagonal_scatter", "as_strided_scatter",
    "max_pool1d_with_indices", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "contiguous",
    "heaviside",
})  # fmt: skip

# Correctly rounded or exact sums and products: where a repeat in float64 gives the very same number, any order does.
_ARITHMETIC = frozenset({
    "add", "sub", "rsub", "mul", "sum", "mm", "bmm", "addmm", "baddbmm", "matmul", "dot", "mv", "cumsum", "prod",
    "convolution", "conv1d", "conv2d", "conv3d", "addmv", "addbmm", "addcmul", "_to_copy",
    "to", "nansum", "trace", "square", "frac", "linear", "vdot", "inner", "outer", "ger", "addr", "cumprod", "diff",
})  # fmt: skip

# The sum of parts of the operands that may cancel: off by what the operands are rounded by, however small the result.
_CANCELLING = frozenset({"lerp", "_foreach_lerp"})


class Undefined(Exception):
    """The run met a call whose result is undefined; the message is the short key of the reason."""


@dataclass(frozen=True)
class Envelope:
    """What an output element may be: from `low` to `high` (float64, the output's shape), NaN where `nan`.

    `judged` is False where runs disagree about a whole number, so that nothing can be said; `settled` where those
    do in which no tie is broken another way: there it is rounding that decides. `reference` is the value that the
    float64 run gave, if there was one.
    """

    low: torch.Tensor
    high: torch.Tensor
    nan: torch.Tensor
    judged: torch.Tensor
    settled: torch.Tensor
    reference: torch.Tensor | None


def check_defined(case: TestCase) -> None:
    """Run the program in eager mode and look at each call.

    Raises:
        Undefined: a call's result is undefined for the values it gets.
    """
    _run(case, case.graph, _checked_call)


def envelopes(case: TestCase) -> list[Envelope]:
    """The envelope of every output, followed by that of every input after the run.

    Raises:
        Undefined: a call's result is undefined for the values it gets.
    """
    runs = [_run(case, case.graph, _checked_call)]
    runs += [_run(case, case.graph, _NoisyCall(seed)) for seed in range(RUNS)]
    reference = float64_run(case)
    if reference is not None and [t.shape for t in reference] != [t.shape for t in runs[0]]:
        # Bits that are taken for those of another dtype are twice as many of a wider one.
        reference = None
    flushed = _flushed_run(case)
    everything = runs + [r for r in (reference, flushed) if r is not None]
    return [
        _envelope([run[p] for run in everything], None if reference is None else reference[p])
        for p in range(len(runs[0]))
    ]


def _run(case: TestCase, graph: Graph, call: Any) -> list[torch.Tensor]:
    inputs = make_inputs(graph, case.recipe, "cpu")
    outputs = interpret(graph, inputs, make_constants(graph, "cpu"), "cpu", call)
    return [t.clone() for t in (*outputs, *inputs)]


def _envelope(values: list[torch.Tensor], reference: torch.Tensor | None) -> Envelope:
    exact_type = not values[0].dtype.is_floating_point
    if exact_type:
        # Whole numbers beyond 2**53 do not fit float64; they are compared exactly by the caller.
        judged = torch.stack([v == values[0] for v in values]).all(0)
        # The first run is eager's own; of the noisy ones after it every other breaks ties as eager does.
        settled = torch.stack([v == values[0] for v in values[1 : RUNS + 1 : 2]]).all(0)
        wide = values[0].double()
        return Envelope(wide, wide, torch.zeros_like(judged), judged, settled, None)
    dtype = values[0].dtype
    wide_values = torch.stack([v.to(dtype).double() for v in values])
    nan = wide_values.isnan()
    low = torch.where(nan, torch.inf, wide_values).amin(0)
    high = torch.where(nan, -torch.inf, wide_values).amax(0)
    judged = torch.ones_like(low, dtype=torch.bool)
    return Envelope(low, high, nan.any(0), judged, judged, reference)


def _checked_call(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
    before = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
    result = plain_call(node, args, kwargs)
    reason = undefined_call(node.op, before, kwargs, result)
    if reason is not None:
        raise Undefined(reason)
    return result


class _Shuffled:
    """A random order, another one each time; which ones the seed decides."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, extent: int) -> torch.Tensor:
        return torch.randperm(extent, generator=self._generator)


class _NoisyCall:
    """Makes each call and moves what was rounded, by a random amount that the seed decides."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.ties = seed % 2 == 1
        self.order: Order = backwards if seed == 1 else _Shuffled(seed)
        self.zeros = seed % 4 == 0

    def __call__(self, node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name = operator(node.op)._schema.name.split("::")[1]
        if self.ties:
            varied = other_ties(node, args, kwargs, self.order)
            if varied is not None:
                return varied
        floats = any(t.dtype.is_floating_point for t in flatten_results([*args, *kwargs.values()]))
        base = name.removesuffix("_")
        if base in _EXACT or not floats:
            return plain_call(node, args, kwargs)
        wide = _in_float64(node, args, kwargs)
        operands = greatest([*args, *kwargs.values()]) if base in _CANCELLING else 0.0
        computed = _computed_in(node, args, kwargs) if "out" in kwargs else None
        shaken = None if is_pointwise(node.op) else self._on_shaken_operands(node, args, kwargs)
        result = plain_call(node, args, kwargs)
        views = {_memory(t) for t in flatten_results(_only_read(node, args, kwargs))}
        for position, made in enumerate(flatten_results(result)):
            if made.dtype.is_floating_point and made.numel() and _memory(made) not in views:
                self._move(
                    made,
                    wide[position] if wide else None,
                    shaken[position] if shaken else None,
                    base in _ARITHMETIC,
                    operands,
                    computed,
                )
        return result

    def _move(
        self,
        made: torch.Tensor,
        wide: torch.Tensor | None,
        shaken: torch.Tensor | None,
        arithmetic: bool,
        operands: float,
        computed: torch.dtype | None,
    ) -> None:
        exact = made.double()
        eps = max(torch.finfo(dtype).eps for dtype in (made.dtype, computed) if dtype is not None)
        ulp = eps * exact.abs().clamp(min=operands)
        amount = ulp * (2.0 if arithmetic else LOOSE_ULPS)
        if wide is not None and wide.shape == made.shape:
            error = (exact - wide).abs().nan_to_num(0.0, 0.0, 0.0)
            if arithmetic and not error.any() and (made.dtype is not torch.float64 or _whole(exact)):
                return
            amount = torch.maximum(amount, 4.0 * error)
            if shaken is not None:
                amount = torch.maximum(amount, 2.0 * error.max())
        if shaken is not None and shaken.shape == made.shape:
            amount = torch.maximum(amount, 2.0 * (exact - shaken.double()).abs().nan_to_num(0.0, 0.0, 0.0))
        # Any amount between the two ends: with a few fixed ones, a function that turns quickly would show few values.
        direction = 2 * torch.rand(made.shape, generator=self.generator, dtype=torch.float64) - 1
        moved = exact + direction * amount
        written = torch.where(moved.isfinite(), moved, exact)
        if self.zeros:
            # What rounding may make of it, an exact zero among that, where a division or a comparison follows.
            written = torch.where(exact.abs() <= amount, 0.0, written)
        if wide is not None and wide.shape == made.shape and self.ties:
            # Eager overflowed inside of the operator, where a compiler that computes in a wider type need not.
            written = torch.where(~exact.isfinite() & wide.isfinite(), wide, written)
        written = written.to(made.dtype)
        if not _overlaps(made):
            made.copy_(written)

    def _on_shaken_operands(self, node: Node, args: list[Any], kwargs: dict[str, Any]) -> list[torch.Tensor] | None:
        def shake(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return [shake(v) for v in value]
            if isinstance(value, torch.Tensor) and value.dtype.is_floating_point:
                direction = torch.randint(-1, 2, value.shape, generator=self.generator)
                return value * (1 + direction * torch.finfo(value.dtype).eps)
            return value.clone() if isinstance(value, torch.Tensor) else value

        try:
            return flatten_results(plain_call(node, [shake(a) for a in args], {k: shake(v) for k, v in kwargs.items()}))
        except RuntimeError:
            return None


def _only_read(node: Node, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments of a call that it does not write to."""
    named = zip((a.name for a in operator(node.op)._schema.arguments), args, strict=False)
    written = written_arguments(node.op)
    return [value for name, value in (*named, *kwargs.items()) if name not in written]


def _computed_in(node: Node, args: list[Any], kwargs: dict[str, Any]) -> torch.dtype:
    """The dtype in which a call is rounded that writes its result to a tensor of perhaps another one."""
    floats = [t.dtype for t in flatten_results(_only_read(node, args, kwargs)) if t.dtype.is_floating_point]
    return max(floats, key=lambda dtype: torch.finfo(dtype).eps, default=torch.get_default_dtype())


def _whole(values: torch.Tensor) -> bool:
    """Whether all are whole numbers that float64 holds exactly: there is no wider type to tell a rounding by."""
    finite = values[values.isfinite()]
    return bool(((finite == finite.round()) & (finite.abs() < 2.0**53)).all())


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _overlaps(tensor: torch.Tensor) -> bool:
    return any(stride == 0 and n > 1 for n, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _in_float64(node: Node, args: list[Any], kwargs: dict[str, Any]) -> list[torch.Tensor] | None:
    """The call repeated on copies in float64, or None where the operator does not do float64."""
    try:
        made = flatten_results(
            plain_call(node, [_widened(a) for a in args], {k: _widened(v) for k, v in kwargs.items()})
        )
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return [t.double() for t in made]


def _widened(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_widened(v) for v in value]
    if isinstance(value, torch.Tensor):
        return value.double() if value.dtype.is_floating_point else value.clone()
    if isinstance(value, torch.dtype) and value.is_floating_point:
        return torch.float64
    return value


def float64_run(case: TestCase) -> list[torch.Tensor] | None:
    """The whole program in float64 on the same input values, or None where an operator does not do float64."""
    graph = _wide_graph(case.graph)
    inputs = make_inputs(case.graph, case.recipe, "cpu")
    constants = make_constants(case.graph, "cpu")
    wide_inputs = _widened_in_layout(inputs)
    try:
        outputs = interpret(graph, wide_inputs, {k: _widened(c) for k, c in constants.items()}, "cpu")
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return [t.clone() for t in (*outputs, *wide_inputs)]


def _widened_in_layout(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors in float64, with their strides, and sharing memory where they do."""
    storages: dict[int, torch.Tensor] = {}
    found: list[torch.Tensor] = []
    for tensor in tensors:
        if not tensor.dtype.is_floating_point:
            found.append(tensor)
            continue
        memory = tensor.untyped_storage()
        if memory._cdata not in storages:
            size = memory.nbytes() // tensor.element_size()
            storages[memory._cdata] = torch.as_strided(tensor, (size,), (1,), 0).double()
        wide = storages[memory._cdata]
        found.append(torch.as_strided(wide, tensor.shape, tensor.stride(), tensor.storage_offset()))
    return found


def _wide_graph(graph: Graph) -> Graph:
    def widen_type(type_: TensorType) -> TensorType:
        return TensorType("f64", type_.shape, type_.stride, type_.offset) if type_.dtype in FLOATS else type_

    def widen_arg(arg: Any) -> Any:
        return DTypeArg("f64") if isinstance(arg, DTypeArg) and arg.name in FLOATS else arg

    return Graph(
        inputs=tuple(Input(i.id, widen_type(i.type), i.shares) for i in graph.inputs),
        constants=tuple(Constant(c.id, widen_type(c.type), c.values) for c in graph.constants),
        nodes=tuple(
            Node(
                node.op,
                tuple(widen_arg(a) for a in node.args),
                node.results,
                tuple(widen_type(t) for t in node.types),
                tuple((k, widen_arg(a)) for k, a in node.kwargs),
            )
            for node in graph.nodes
        ),
        outputs=graph.outputs,
    )


def _flushed_run(case: TestCase) -> list[torch.Tensor] | None:
    if not torch.set_flush_denormal(True):
        return None
    try:
        return _run(case, case.graph, plain_call)
    finally:
        torch.set_flush_denormal(False)
