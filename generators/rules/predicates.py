"""The language of rules: predicates over terms, each with one text form.

A predicate that speaks of something that a call does not have (the third dimension of a matrix, an argument that is
None) holds for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from tensorsmith.generators.rules.terms import Term, View, evaluate
from tensorsmith.ir.graph import DTypeArg


class Predicate(Protocol):
    """A condition on a call; `str()` is its text form."""

    @property
    def cost(self) -> float:
        """How complex it is: of predicates that say the same the cheapest is kept."""
        ...

    def holds(self, view: View) -> bool:
        """Whether a call satisfies it."""
        ...


@dataclass(frozen=True, slots=True)
class Bounded:
    """`term >= low` or `term <= high`."""

    term: Term
    limit: float
    at_least: bool

    @property
    def cost(self) -> float:
        return 1.0

    def holds(self, view: View) -> bool:
        found = evaluate(self.term, view)
        return found is None or (found >= self.limit if self.at_least else found <= self.limit)

    def __str__(self) -> str:
        return f"{self.term} {'>=' if self.at_least else '<='} {_digits(self.limit)}"


@dataclass(frozen=True, slots=True)
class Member:
    """`term in {..}`: one of a few numbers."""

    term: Term
    numbers: tuple[float, ...]

    @property
    def cost(self) -> float:
        return 0.9 + 0.2 * len(self.numbers)

    def holds(self, view: View) -> bool:
        found = evaluate(self.term, view)
        return found is None or found in self.numbers

    def __str__(self) -> str:
        return f"{self.term} in {{{', '.join(map(_digits, self.numbers))}}}"


@dataclass(frozen=True, slots=True)
class Compared:
    """`left == right + c`, `left >= right + c` or `left + right >= c`."""

    left: Term
    relation: str  # "==", ">=" or "+>="
    right: Term
    offset: int = 0

    @property
    def cost(self) -> float:
        return (1.1 if self.relation == "==" else 1.3) + 0.3 * abs(self.offset)

    def holds(self, view: View) -> bool:
        left, right = evaluate(self.left, view), evaluate(self.right, view)
        if left is None or right is None:
            return True
        match self.relation:
            case "==":
                return left == right + self.offset
            case ">=":
                return left >= right + self.offset
        return left + right >= self.offset

    def __str__(self) -> str:
        if self.relation == "+>=":
            return f"{self.left} + {self.right} >= {self.offset}"
        shift = f" + {self.offset}" if self.offset > 0 else f" - {-self.offset}" if self.offset else ""
        return f"{self.left} {self.relation} {self.right}{shift}"


@dataclass(frozen=True, slots=True)
class Divides:
    """`left % right == 0`, or `left % (right * right) == 0` if `squared`; a right of 0 divides nothing."""

    left: Term
    right: Term
    squared: bool = False

    @property
    def cost(self) -> float:
        return 1.6 + 0.2 * self.squared

    def holds(self, view: View) -> bool:
        left, right = evaluate(self.left, view), evaluate(self.right, view)
        if left is None or right is None:
            return True
        right = right * right if self.squared else right
        return right != 0 and left % right == 0

    def __str__(self) -> str:
        return f"{self.left} % {self.right}{'^2' if self.squared else ''} == 0"


@dataclass(frozen=True, slots=True)
class Product:
    """`left == first * second`."""

    left: Term
    first: Term
    second: Term

    @property
    def cost(self) -> float:
        return 1.8

    def holds(self, view: View) -> bool:
        left, first, second = (evaluate(t, view) for t in (self.left, self.first, self.second))
        return left is None or first is None or second is None or left == first * second

    def __str__(self) -> str:
        return f"{self.left} == {self.first} * {self.second}"


@dataclass(frozen=True, slots=True)
class EqualOrOne:
    """`left is right or 1`: a size that may be broadcast."""

    left: Term
    right: Term

    @property
    def cost(self) -> float:
        return 1.7

    def holds(self, view: View) -> bool:
        left, right = evaluate(self.left, view), evaluate(self.right, view)
        return left is None or right is None or left in (right, 1)

    def __str__(self) -> str:
        return f"{self.left} is {self.right} or 1"


@dataclass(frozen=True, slots=True)
class Shapes:
    """Two tensors of equal shape, that broadcast with each other, or of which the first expands to the second."""

    relation: str  # "like", "broadcasts with" or "expands to"
    left: str
    right: str

    @property
    def cost(self) -> float:
        return {"like": 1.0, "expands to": 1.2, "broadcasts with": 1.1}[self.relation]

    def holds(self, view: View) -> bool:
        lefts, rights = view.tensors(self.left), view.tensors(self.right)
        # Of two lists every pair must, of a list and a tensor the first.
        count = len(lefts) if len(lefts) == len(rights) else 1
        return all(
            self._related(left.shape, right.shape) for left, right in zip(lefts[:count], rights[:count], strict=False)
        )

    def _related(self, left: tuple[int, ...], right: tuple[int, ...]) -> bool:
        if self.relation == "like":
            return left == right
        pairs = zip(reversed(left), reversed(right), strict=False)
        if self.relation == "broadcasts with":
            return all(n == m or 1 in (n, m) for n, m in pairs)
        return len(left) <= len(right) and all(n in (m, 1) for n, m in pairs)

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class Fits:
    """No size of a tensor is greater than that of another, but for the dimension that an argument names, if any."""

    left: str
    right: str
    but: str = ""

    @property
    def cost(self) -> float:
        return 1.4

    def holds(self, view: View) -> bool:
        lefts, rights = view.tensors(self.left), view.tensors(self.right)
        if not lefts or not rights or not lefts[0].numel:
            return True
        left, right = lefts[0].shape or (1,), rights[0].shape or (1,)
        dim = view.arguments.get(self.but)
        if len(left) != len(right) or (self.but and not isinstance(dim, int)):
            return False
        skipped = dim % len(left) if isinstance(dim, int) and self.but else -1
        return all(n <= m for at, (n, m) in enumerate(zip(left, right, strict=True)) if at != skipped)

    def __str__(self) -> str:
        return f"{self.left} fits in {self.right}" + (f" but {self.but}" if self.but else "")


@dataclass(frozen=True, slots=True)
class Contracts:
    """Two tensors have equal sizes, or 1, along two lists of dimensions: `a[dims_a] == b[dims_b] each, or 1`."""

    left: str
    left_dims: str
    right: str
    right_dims: str

    @property
    def cost(self) -> float:
        return 1.5

    def holds(self, view: View) -> bool:
        left, right = _sizes_along(view, self.left, self.left_dims), _sizes_along(view, self.right, self.right_dims)
        if left is None or right is None:
            return True
        return len(left) == len(right) and all(n == m or 1 in (n, m) for n, m in zip(left, right, strict=True))

    def __str__(self) -> str:
        return f"{self.left}[{self.left_dims}] == {self.right}[{self.right_dims}] each, or 1"


@dataclass(frozen=True, slots=True)
class Named:
    """`dtype(a) in {f32, f64}`, or a word (a string, a dtype argument) among a few."""

    argument: str
    words: tuple[str, ...]
    of_tensor: bool

    @property
    def cost(self) -> float:
        return 1.0

    def holds(self, view: View) -> bool:
        if self.of_tensor:
            return all(t.dtype in self.words for t in view.tensors(self.argument))
        word = word_of(view, self.argument)
        return word is None or word in self.words

    def __str__(self) -> str:
        subject = f"dtype({self.argument})" if self.of_tensor else f"word({self.argument})"
        return f"{subject} in {{{', '.join(self.words)}}}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of tensors alike in shape, rank or dtype, or in shape but for the dimension that an argument names."""

    argument: str
    aspect: str  # "shape", "rank", "dtype", or "shape but <argument>"

    @property
    def cost(self) -> float:
        return 1.0

    def holds(self, view: View) -> bool:
        tensors = view.tensors(self.argument)
        if len(tensors) < 2:
            return True
        if self.aspect == "dtype":
            return len({t.dtype for t in tensors}) == 1
        if self.aspect == "rank":
            return len({len(t.shape) for t in tensors}) == 1
        if self.aspect == "shape":
            return len({t.shape for t in tensors}) == 1
        dim = view.arguments.get(self.aspect.removeprefix("shape but "))
        rank = len(tensors[0].shape)
        if not isinstance(dim, int) or any(len(t.shape) != rank for t in tensors) or not -rank <= dim < rank:
            return True
        dim %= rank
        return len({t.shape[:dim] + t.shape[dim + 1 :] for t in tensors}) == 1

    def __str__(self) -> str:
        return f"{self.argument} alike in {self.aspect}"


@dataclass(frozen=True, slots=True)
class Distinct:
    """A list of dimensions of a tensor without repeats."""

    argument: str
    tensor: str

    @property
    def cost(self) -> float:
        return 1.4

    def holds(self, view: View) -> bool:
        integers, tensors = view.integers(self.argument), view.tensors(self.tensor)
        if not integers or not tensors:
            return True
        rank = max(len(tensors[0].shape), 1)
        return len({i % rank for i in integers}) == len(integers)

    def __str__(self) -> str:
        return f"{self.argument} distinct in {self.tensor}"


@dataclass(frozen=True, slots=True)
class Reshapes:
    """A list of sizes that a tensor can be viewed as; one of them may be -1, and is then what is left."""

    argument: str
    tensor: str

    @property
    def cost(self) -> float:
        return 1.3

    def holds(self, view: View) -> bool:
        sizes, tensors = view.integers(self.argument), view.tensors(self.tensor)
        if sizes is None or not tensors:
            return True
        numel, rest = tensors[0].numel, math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) == 0:
            return numel == rest
        return sizes.count(-1) == 1 and rest > 0 and numel % rest == 0

    def __str__(self) -> str:
        return f"{self.argument} reshapes {self.tensor}"


def _sizes_along(view: View, tensor: str, dims: str) -> tuple[int, ...] | None:
    tensors, integers = view.tensors(tensor), view.integers(dims)
    if not tensors or not integers:
        return None
    shape = tensors[0].shape
    return tuple(shape[i] if -len(shape) <= i < len(shape) else -1 for i in integers)


def word_of(view: View, name: str) -> str | None:
    """An argument that is a word: a string, a dtype, or for a number its kind (bool, int, float)."""
    arg = view.arguments.get(name)
    if isinstance(arg, DTypeArg):
        return arg.name
    if isinstance(arg, (bool, int, float)):
        return type(arg).__name__
    return arg if isinstance(arg, str) else None


def _digits(number: float) -> str:
    """All digits of a number, so that the same number is read back."""
    return str(int(number)) if number == int(number) else repr(number)
