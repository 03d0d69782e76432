"""Which arguments a predicate speaks of. One that an operator does not have makes it mean nothing."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.generators.rules.dtype_predicates import Casts, Promoted, SameDType
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
)
from tensorsmith.generators.rules.terms import Term


def arguments_of(predicate: Predicate) -> frozenset[str]:
    """The names of the arguments that a predicate speaks of."""
    return frozenset(_names(predicate)) - {""}


def _names(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case Bounded(term) | Member(term):
            yield from _of_terms(term)
        case Compared(left, _, right) | Divides(left, right) | EqualOrOne(left, right):
            yield from _of_terms(left, right)
        case Product(left, first, second):
            yield from _of_terms(left, first, second)
        case Shapes(_, one, other) | SameDType(one, other) | Promoted(one, other) | Casts(one, other):
            yield from (one, other)
        case Distinct(one, other) | Reshapes(one, other):
            yield from (one, other)
        case Fits(one, other, but):
            yield from (one, other, but)
        case Contracts(one, dims, other, other_dims):
            yield from (one, dims, other, other_dims)
        case Named(one):
            yield one
        case Listed(one, aspect):
            _, _, dim = aspect.partition("shape but ")
            yield from (one, dim)
        case _:
            raise TypeError(f"{type(predicate).__name__} is no predicate that is known here")


def _of_terms(*terms: Term) -> Iterator[str]:
    for term in terms:
        yield from (term.argument, term.other)
