"""What a reduction of TIR is, and what most of them are made of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tensorsmith.ir.tir import INTEGER_DTYPES, TirBuffer, TirScalar, integer_range
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site, sites

# Yields candidates, each simpler than the function so far, and is sent whether the candidate still fails in the same
# way: it then is the function so far. Candidates need be neither well-formed nor defined.
Candidates: TypeAlias = Generator[TirFunction, bool, None]

Reduction: TypeAlias = Callable[[TirFunction], Candidates]


def first_taken(candidates: Iterable[TirFunction]) -> Generator[TirFunction, bool, TirFunction | None]:
    """Offer candidates in order until one is taken, and return it; None if none is."""
    for candidate in candidates:
        if (yield candidate):
            return candidate
    return None


def greedy(function: TirFunction, simpler: Callable[[TirFunction], Iterable[TirFunction]]) -> Candidates:
    """Take the first simpler function that still fails, and begin again from it, until there is none."""
    while True:
        taken = yield from first_taken(simpler(function))
        if taken is None:
            return
        function = taken


def everywhere(function: TirFunction, simpler: Callable[[Site], Iterable[Any]]) -> Candidates:
    """Offer, at every node in turn, parents first, what `simpler` gives in its place; go on from what is taken."""
    position = 0
    while True:
        places = list(sites(function))
        if position >= len(places):
            return
        taken = yield from first_taken(_replaced(function, places[position], simpler))
        if taken is None:
            position += 1
        else:
            function = taken


def _replaced(function: TirFunction, site: Site, simpler: Callable[[Site], Iterable[Any]]) -> Iterator[TirFunction]:
    for new in simpler(site):
        body = attempted(tree.replace_in, function.func.body, site.path, new)
        if body is not None:
            yield function.with_body(body)


def attempted(make: Callable[..., Any], *arguments: Any) -> Any:
    """What `make` gives for arguments; None where TVM does not put the nodes together."""
    try:
        return make(*arguments)
    except (TypeError, ValueError, OverflowError, LookupError, RuntimeError):
        return None


def rewritten(node: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with every node, children first, replaced by what `change` gives for it."""
    return change(tree.rebuild(node, [rewritten(child.node, change) for child in tree.children(node)]))


def sequence(statements: Sequence[Any]) -> Any:
    """The statements as one, without sequences within it and without those that do nothing."""
    flat = [inner for one in statements for inner in (one.seq if tree.kind_of(one) == "SeqStmt" else (one,))]
    kept = [one for one in flat if not does_nothing(one)] or flat[:1]
    return kept[0] if len(kept) == 1 else adapter.tvm().tirx.SeqStmt(kept)


def nothing() -> Any:
    """A statement that does nothing."""
    tirx = adapter.tvm().tirx
    return tirx.Evaluate(tirx.IntImm("int32", 0))


def does_nothing(statement: Any) -> bool:
    """Whether a statement evaluates a constant."""
    return tree.kind_of(statement) == "Evaluate" and tree.kind_of(statement.value) in ("IntImm", "FloatImm")


def with_variables(function: TirFunction, new: Mapping[int, Any]) -> TirFunction:
    """The function with other variables and buffers, where they are defined and where they are used.

    What the parameters are called, their dtypes and shapes follow; `new` is as for `tree.substitute`.
    """
    return described(function, tree.substitute(function.func, new))


def described(function: TirFunction, func: Any) -> TirFunction:
    """A PrimFunc with as many parameters as a function has, which may have other names, dtypes and shapes."""
    count = len(function.buffers)
    buffers = (_buffer(*pair) for pair in zip(function.buffers, func.params[:count], strict=True))
    scalars = (_scalar(*pair) for pair in zip(function.scalars, func.params[count:], strict=True))
    return TirFunction(func, tuple(buffers), tuple(scalars))


def _buffer(known: TirBuffer, variable: Any) -> TirBuffer:
    dtype = adapter.element_dtype(variable)
    sizes = tuple(size or 1 for size in adapter.shape(variable))
    return TirBuffer(str(variable.name), dtype, sizes, *_bounds(known, dtype))


def _scalar(known: TirScalar, variable: Any) -> TirScalar:
    dtype = adapter.dtype_of(variable)
    return TirScalar(str(variable.name), dtype, *_bounds(known, dtype))


def _bounds(known: TirBuffer | TirScalar, dtype: str) -> tuple[int | None, int | None]:
    if dtype not in INTEGER_DTYPES:
        return None, None
    least, greatest = integer_range(dtype)
    low, high = (None if bound is None else min(max(bound, least), greatest) for bound in (known.low, known.high))
    return low, high
