"""Reading predicates: what `str()` makes of one is read back as the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache

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
from tensorsmith.generators.rules.terms import Term, parse_term
from tensorsmith.ir.dtypes import DTYPES
from tensorsmith.ir.errors import InvalidInputError

_TERM = r"([\w.\[\]-]+|\w+\([^)]*\))"
_Make = Callable[[re.Match[str]], Predicate]


def _term(text: str) -> Term:
    found = parse_term(text)
    if found is None:
        raise InvalidInputError(f"`{text}` is no term of a rule")
    return found


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _dtypes(text: str) -> tuple[str, ...]:
    words = tuple(text.split(", "))
    for word in words:
        if word not in DTYPES:
            raise InvalidInputError(f"`{word}` is no dtype; there are {', '.join(DTYPES)}")
    return words


_FORMS: tuple[tuple[str, _Make], ...] = (
    (r"dtype\((\w+)\) == dtype\((\w+)\)", lambda m: SameDType(m[1], m[2])),
    (r"dtype\((\w+), (\w+)\) casts to dtype\(\w+\)", lambda m: Casts(m[1], m[2])),
    (r"(\w+) fits in (\w+)(?: but (\w+))?", lambda m: Fits(m[1], m[2], m[3] or "")),
    (r"dtype\((\w+), (\w+)\) in \{(.*)\}", lambda m: Promoted(m[1], m[2], _dtypes(m[3]))),
    (r"(\w+)\[(\w+)\] == (\w+)\[(\w+)\] each, or 1", lambda m: Contracts(m[1], m[2], m[3], m[4])),
    (r"dtype\((\w+)\) in \{(.*)\}", lambda m: Named(m[1], _dtypes(m[2]), True)),
    (r"word\((\w+)\) in \{(.*)\}", lambda m: Named(m[1], tuple(m[2].split(", ")), False)),
    (r"(\w+) alike in (shape but \w+|shape|rank|dtype)", lambda m: Listed(m[1], m[2])),
    (r"(\w+) distinct in (\w+)", lambda m: Distinct(m[1], m[2])),
    (r"(\w+) reshapes (\w+)", lambda m: Reshapes(m[1], m[2])),
    (r"(\w+) (like|broadcasts with|expands to) (\w+)", lambda m: Shapes(m[2], m[1], m[3])),
    (rf"{_TERM} is {_TERM} or 1", lambda m: EqualOrOne(_term(m[1]), _term(m[2]))),
    (rf"{_TERM} % {_TERM}(\^2)? == 0", lambda m: Divides(_term(m[1]), _term(m[2]), bool(m[3]))),
    (rf"{_TERM} == {_TERM} \* {_TERM}", lambda m: Product(_term(m[1]), _term(m[2]), _term(m[3]))),
    (rf"{_TERM} in \{{(.*)\}}", lambda m: Member(_term(m[1]), tuple(map(_number, m[2].split(", "))))),
    (rf"{_TERM} \+ {_TERM} >= (-?\d+)", lambda m: Compared(_term(m[1]), "+>=", _term(m[2]), int(m[3]))),
    (rf"{_TERM} (>=|<=) (-?[\d.e+-]+)", lambda m: Bounded(_term(m[1]), _number(m[3]), m[2] == ">=")),
    (
        rf"{_TERM} (==|>=) {_TERM}(?: ([+-]) (\d+))?",
        lambda m: Compared(_term(m[1]), m[2], _term(m[3]), int(f"{m[4]}{m[5]}") if m[5] else 0),
    ),
)
_PATTERNS = tuple((re.compile(pattern), make) for pattern, make in _FORMS)


@cache
def parse_predicate(text: str) -> Predicate:
    """The predicate that a text means.

    Raises:
        InvalidInputError: it means none.
    """
    for pattern, make in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            try:
                return make(match)
            except ValueError as error:
                raise InvalidInputError(f"`{text}` is no predicate of a rule: it lacks a number") from error
    raise InvalidInputError(f"`{text}` is no predicate of a rule")
