"""Terms: the numbers that a rule may speak of in a call, such as the rank of a tensor or an integer argument."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tensorsmith.ir.graph import Arg, Ref, TensorType

Kind = Literal["rank", "dims", "numel", "size", "size_at", "len", "item", "min", "max", "prod", "value", "span"]


@dataclass(frozen=True, slots=True)
class View:
    """A call as rules see it: its arguments by name, and the types of the tensors that references in them mean."""

    arguments: Mapping[str, Arg]
    types: Mapping[int, TensorType]

    def tensors(self, name: str) -> list[TensorType]:
        """The tensors of an argument: one, those of a list, or none."""
        arg = self.arguments.get(name)
        if isinstance(arg, Ref):
            return [self.types[arg.id]]
        if isinstance(arg, tuple):
            return [self.types[a.id] for a in arg if isinstance(a, Ref)]
        return []

    def integers(self, name: str) -> tuple[int, ...] | None:
        """The numbers of a list of integers, or None if the argument is no such list."""
        arg = self.arguments.get(name)
        if not isinstance(arg, tuple):
            return None
        found = tuple(a for a in arg if isinstance(a, int))
        return found if len(found) == len(arg) else None


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """A number in a call.

    `rank(a)`, `numel(a)`: of a tensor, of a list of tensors the first; `dims(a)`: the rank, but 1 for a scalar, which
    may be indexed as if it had a dimension; `a[2]`, `a[-1]`: size of a dimension;
    `a[dim]`: size of the dimension that the integer argument `dim` names; `len(l)`, `min(l)`, `max(l)`, `prod(l)`,
    `l.0`, `l.-1`: of a list of integers (`prod` of absolute values), `len` of a list of tensors too; `n`: a number or
    flag; `span(l, -1)`: what a window along a dimension needs, `dilation * (kernel - 1) + 1 - 2 * padding`, with
    `argument` the kernel's sizes (or the weights whose last dimensions they are).
    """

    kind: Kind
    argument: str
    index: int = 0
    other: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "value":
                return self.argument
            case "size":
                return f"{self.argument}[{self.index}]"
            case "size_at":
                return f"{self.argument}[{self.other}]"
            case "item":
                return f"{self.argument}.{self.index}"
            case "span":
                return f"span({self.argument}, {self.index})"
            case _:
                return f"{self.kind}({self.argument})"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Term]], ...] = (
    (re.compile(r"(rank|dims|numel|len|min|max|prod)\((\w+)\)"), lambda m: Term(m[1], m[2])),  # type: ignore[arg-type]
    (re.compile(r"span\((\w+), (-?\d+)\)"), lambda m: Term("span", m[1], int(m[2]))),
    (re.compile(r"(\w+)\[(-?\d+)\]"), lambda m: Term("size", m[1], int(m[2]))),
    (re.compile(r"(\w+)\[([a-zA-Z_]\w*)\]"), lambda m: Term("size_at", m[1], 0, m[2])),
    (re.compile(r"(\w+)\.(-?\d+)"), lambda m: Term("item", m[1], int(m[2]))),
    (re.compile(r"([a-zA-Z_]\w*)"), lambda m: Term("value", m[1])),
)


@cache
def parse_term(text: str) -> Term | None:
    """The term that a text means, or None if it means none."""
    for pattern, make in _FORMS:
        match = pattern.fullmatch(text)
        if match:
            return make(match)
    return None


def evaluate(term: Term, view: View) -> float | None:
    """The number in a call, or None where the call has no such thing."""
    match term.kind:
        case "value":
            arg = view.arguments.get(term.argument)
            return arg if isinstance(arg, (int, float)) else None
        case "rank" | "dims" | "numel" | "size" | "size_at":
            tensors = view.tensors(term.argument)
            return _of_tensor(term, tensors[0], view) if tensors else None
        case "len":
            arg = view.arguments.get(term.argument)
            return len(arg) if isinstance(arg, tuple) else None
        case "span":
            return _span(term, view)
    integers = view.integers(term.argument)
    if not integers:
        return None
    match term.kind:
        case "item":
            return integers[term.index] if -len(integers) <= term.index < len(integers) else None
        case "min":
            return min(integers)
        case "max":
            return max(integers)
        case _:
            return math.prod(abs(i) for i in integers)


def _of_tensor(term: Term, type_: TensorType, view: View) -> float | None:
    shape = type_.shape
    if term.kind == "rank":
        return len(shape)
    if term.kind == "dims":
        return max(len(shape), 1)
    if term.kind == "numel":
        return math.prod(shape)
    index: Arg = term.index if term.kind == "size" else view.arguments.get(term.other)
    if isinstance(index, bool) or not isinstance(index, int) or not -len(shape) <= index < len(shape):
        return None
    return shape[index]


def _span(term: Term, view: View) -> float | None:
    kernel = _along(view, term.argument, term.index)
    if kernel is None:
        return None
    dilation, padding = _along(view, "dilation", term.index), _along(view, "padding", term.index)
    return (1 if dilation is None else dilation) * (kernel - 1) + 1 - 2 * (padding or 0)


def _along(view: View, name: str, index: int) -> int | None:
    """The number of a list for a dimension counted from the end; a list of one is for all."""
    tensors = view.tensors(name)
    integers = tensors[0].shape if tensors else view.integers(name)
    if not integers:
        return None
    if len(integers) == 1 and not tensors:
        return integers[0]
    return integers[index] if -len(integers) <= index else None
