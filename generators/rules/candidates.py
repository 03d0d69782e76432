"""What could be a rule: every predicate that all accepted calls satisfy, with which of the calls it excludes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tensorsmith.generators.rules.dtype_predicates import Casts, Promoted, SameDType, promoted
from tensorsmith.generators.rules.predicates import (
    Bounded,
    Compared,
    Contracts,
    Distinct,
    Divides,
    EqualOrOne,
    Fits,
    Listed,
    Member,
    Named,
    Predicate,
    Product,
    Reshapes,
    Shapes,
    word_of,
)
from tensorsmith.generators.rules.terms import Term, View, evaluate
from tensorsmith.ir.operators import operator

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

FEWEST = 4  # accepted calls that must have both sides of a relation for it to be believed
LARGEST_OFFSET = 2
LARGEST_LIMIT = 8
MOST_MEMBERS = 4


@dataclass(frozen=True)
class Slots:
    """The arguments of an operator by the kind of thing they are."""

    tensors: tuple[str, ...]
    lists: tuple[str, ...]  # of tensors
    integers: tuple[str, ...]
    integer_lists: tuple[str, ...]
    number_lists: tuple[str, ...]
    floats: tuple[str, ...]
    numbers: tuple[str, ...]
    flags: tuple[str, ...]
    words: tuple[str, ...]

    @staticmethod
    def of(op: str) -> Slots:
        """The slots of an operator's schema."""
        kinds: dict[str, list[str]] = {}
        for argument in operator(op)._schema.arguments:
            kind = str(argument.real_type)
            if kind.startswith("Optional["):
                kind = kind[len("Optional[") : -1]
            kinds.setdefault(kind, []).append(argument.name)

        def named(*wanted: str) -> tuple[str, ...]:
            return tuple(n for kind, names in kinds.items() if kind in wanted for n in names)

        return Slots(
            tensors=named("Tensor"),
            lists=named("List[Tensor]", "List[Optional[Tensor]]"),
            integers=named("int"),
            integer_lists=named("List[int]"),
            number_lists=named("List[number]", "List[float]"),
            floats=named("float", "number"),
            numbers=named("number"),
            flags=named("bool"),
            words=named("str", "ScalarType"),
        )


@dataclass
class Sample:
    """Calls of one operator, as numbers: a row a call, a column a term; NaN where a call has no such term.

    Attributes:
        views: the calls.
        accepted: which of them the operator accepted.
    """

    op: str
    views: Sequence[View]
    accepted: Mask
    slots: Slots = field(init=False)
    terms: list[Term] = field(init=False)
    numbers: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.slots = Slots.of(self.op)
        self.terms = list(_terms(self.slots))
        rows = [[evaluate(term, view) for term in self.terms] for view in self.views]
        self.numbers = np.array(rows, dtype=np.float64).reshape(len(self.views), len(self.terms))

    def column(self, term: Term) -> Numbers:
        """The numbers of a term."""
        found: Numbers = self.numbers[:, self.terms.index(term)]
        return found

    def holds(self, predicate: Predicate) -> Mask:
        """Which calls satisfy a predicate."""
        return np.fromiter((predicate.holds(view) for view in self.views), bool, len(self.views))


def _terms(slots: Slots) -> Iterator[Term]:
    tensors = (*slots.tensors, *slots.lists)
    for name in tensors:
        yield Term("rank", name)
        yield Term("dims", name)
        yield Term("numel", name)
        for index in (-1, -2, -3, 0, 1):
            yield Term("size", name, index)
        yield from (Term("size_at", name, 0, other) for other in slots.integers if "dim" in other)
    for name in slots.lists:
        yield Term("len", name)
    yield from (Term("len", name) for name in slots.number_lists)
    for name in slots.integer_lists:
        yield from (Term("len", name), Term("min", name), Term("max", name), Term("prod", name))
        yield from (Term("item", name, index) for index in (0, -1, -2))
    for name in (*slots.integers, *slots.floats, *slots.flags):
        yield Term("value", name)
    if {"stride", "padding"} <= {*slots.integer_lists} or "dilation" in slots.integer_lists:
        for kernel in ("kernel_size", "weight"):
            if kernel in (*slots.integer_lists, *slots.tensors):
                yield from (Term("span", kernel, index) for index in (-1, -2, -3))


def candidates(sample: Sample, among: Mask) -> Iterator[tuple[Predicate, Mask]]:
    """Predicates that every accepted call of `among` satisfies, each with the calls (of all) that satisfy it."""
    known = sample.accepted & among
    if not known.any():
        return
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")  # of columns that are nothing but NaN
        yield from _of_one_term(sample, known)
        yield from _of_two_terms(sample, known)
        yield from _of_three_terms(sample, known)
    for predicate in _of_tensors(sample, known):
        mask = sample.holds(predicate)
        if mask[known].all():
            yield predicate, mask


def _of_one_term(sample: Sample, known: Mask) -> Iterator[tuple[Predicate, Mask]]:
    flags = {*sample.slots.flags}
    floats = {*sample.slots.floats}
    for position, term in enumerate(sample.terms):
        column = sample.numbers[:, position]
        seen = np.unique(column[known & ~np.isnan(column)])
        if not len(seen):
            continue
        undefined = np.isnan(column)
        if len(seen) <= MOST_MEMBERS and term.argument not in floats and term.kind != "numel":
            yield Member(term, tuple(seen.tolist())), undefined | np.isin(column, seen)
        if term.argument in flags:
            continue
        low, high = float(seen[0]), float(seen[-1])
        if abs(low) <= LARGEST_LIMIT and low == int(low):
            yield Bounded(term, low, True), undefined | (column >= low)
        if term.kind in ("rank", "len", "value", "item", "max") and abs(high) <= LARGEST_LIMIT and high == int(high):
            yield Bounded(term, high, False), undefined | (column <= high)


def _of_two_terms(sample: Sample, known: Mask) -> Iterator[tuple[Predicate, Mask]]:
    numbers, terms = sample.numbers, sample.terms
    plain = [p for p, t in enumerate(terms) if t.argument not in (*sample.slots.flags, *sample.slots.floats)]
    for left in plain:
        x = numbers[:, left][:, None]
        others = [p for p in plain if p != left and not _same_thing(terms[left], terms[p])]
        if not others:
            continue
        y = numbers[:, others]
        defined = ~np.isnan(x) & ~np.isnan(y)
        enough = (defined & known[:, None]).sum(0) >= FEWEST
        difference, total = (x - y)[known], (x + y)[known]
        least, most, least_total = np.nanmin(difference, 0), np.nanmax(difference, 0), np.nanmin(total, 0)
        remainder = np.nanmax(np.where(y[known] == 0, np.nan, np.abs(x[known] % y[known])), 0)
        with_zero = (y[known] == 0).any(0)
        or_one = (~defined | (x == y) | (x == 1))[known].all(0)
        for at, right in enumerate(others):
            if not enough[at]:
                continue
            pair, column, free = (terms[left], terms[right]), y[:, at], ~defined[:, at]
            if abs(least[at]) <= LARGEST_OFFSET:
                offset = int(least[at])
                if least[at] == most[at] and left < right:
                    yield Compared(pair[0], "==", pair[1], offset), free | (x[:, 0] == column + offset)
                elif least[at] != most[at] and _ordered(*pair):
                    yield Compared(pair[0], ">=", pair[1], offset), free | (x[:, 0] >= column + offset)
            if abs(least_total[at]) <= LARGEST_OFFSET and pair[1].kind in ("rank", "size", "size_at"):
                offset = int(least_total[at])
                yield Compared(pair[0], "+>=", pair[1], offset), free | (x[:, 0] + column >= offset)
            if remainder[at] == 0 and not with_zero[at] and _sizes(pair[0]) and len(np.unique(column[known])) > 1:
                yield Divides(*pair), free | ((column != 0) & (x[:, 0] % column == 0))
            squared = x[known][:, 0] % (column[known] * column[known])
            if pair[1].kind == "value" and _sizes(pair[0]) and not np.nan_to_num(squared, nan=0.0).any():
                yield Divides(*pair, True), free | (x[:, 0] % (column * column) == 0)
            if or_one[at] and _sizes(pair[0]) and _sizes(pair[1]) and least[at] != most[at]:
                yield EqualOrOne(*pair), free | (x[:, 0] == column) | (x[:, 0] == 1)


def _of_three_terms(sample: Sample, known: Mask) -> Iterator[tuple[Predicate, Mask]]:
    numbers, terms = sample.numbers, sample.terms
    sizes = [p for p, t in enumerate(terms) if t.kind == "size"]
    factors = [p for p, t in enumerate(terms) if t.kind in ("value", "prod") and t.argument in sample.slots.integers]
    for left in sizes:
        for first in sizes:
            if terms[first].argument == terms[left].argument:
                continue
            for second in factors:
                product = numbers[:, first] * numbers[:, second]
                free = np.isnan(numbers[:, left]) | np.isnan(product)
                mask = free | (numbers[:, left] == product)
                if mask[known].all() and (~free & known).sum() >= FEWEST:
                    yield Product(terms[left], terms[first], terms[second]), mask


def _of_tensors(sample: Sample, known: Mask) -> Iterator[Predicate]:
    slots = sample.slots
    views = [view for view, mine in zip(sample.views, known, strict=True) if mine]
    tensors = (*slots.tensors, *slots.lists)
    for left in tensors:
        dtypes = sorted({t.dtype for view in views for t in view.tensors(left)})
        if dtypes:
            yield Named(left, tuple(dtypes), True)
        for right in (*tensors, *slots.numbers, *slots.words):
            found = {promoted(view, left, right) for view in views} - {None}
            if left != right and found and (left < right or right not in tensors):
                yield Promoted(left, right, tuple(sorted(map(str, found))))
            if left != right and found:
                yield Casts(left, right)
        for right in tensors:
            if left != right and sum(bool(v.tensors(left) and v.tensors(right)) for v in views) >= FEWEST:
                if left < right:
                    yield Shapes("like", left, right)
                    yield Shapes("broadcasts with", left, right)
                    yield SameDType(left, right)
                yield Shapes("expands to", left, right)
                yield Fits(left, right)
                yield from (Fits(left, right, dim) for dim in slots.integers if "dim" in dim)
    for name in slots.lists:
        for aspect in ("shape", "rank", "dtype", *(f"shape but {n}" for n in slots.integers)):
            yield Listed(name, aspect)
    for first, left in zip(slots.integer_lists, slots.tensors, strict=False):
        for second, right in zip(slots.integer_lists[1:], slots.tensors[1:], strict=False):
            yield Contracts(left, first, right, second)
    for name in slots.integer_lists:
        yield from (Distinct(name, tensor) for tensor in slots.tensors)
        yield from (Reshapes(name, tensor) for tensor in slots.tensors)
    for name in (*slots.words, *slots.numbers):
        words = sorted({word for view in views if (word := word_of(view, name)) is not None})
        if words:
            yield Named(name, tuple(words), False)


def _sizes(term: Term) -> bool:
    return term.kind in ("size", "size_at", "numel")


def _ordered(left: Term, right: Term) -> bool:
    """Whether it makes sense that one is at least the other."""
    return left.kind not in ("numel", "prod") and right.kind not in ("numel", "prod")


def _same_thing(left: Term, right: Term) -> bool:
    """Whether two terms are sizes of one tensor or numbers of one list, which are related by being what they are."""
    if left.argument != right.argument:
        return left.other == right.argument or right.other == left.argument
    if left.kind == right.kind == "size":
        return left.index * right.index <= 0 and {left.index, right.index} != {0, -1}
    return "numel" in (left.kind, right.kind) or left.kind != "size" or right.kind != "size"
