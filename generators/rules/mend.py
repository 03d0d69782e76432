"""Making a call satisfy a rule: the arguments that are no tensors are changed until no clause is broken."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tensorsmith.generators.rules.predicates import (
    Bounded,
    Compared,
    Distinct,
    Divides,
    Member,
    Named,
    Predicate,
    Reshapes,
)
from tensorsmith.generators.rules.rule import Rule
from tensorsmith.generators.rules.terms import Term, View, evaluate
from tensorsmith.ir.dtypes import COMMON
from tensorsmith.ir.graph import Arg, DTypeArg, TensorType

ROUNDS = 6


def mend(
    rule: Rule, arguments: Mapping[str, Arg], types: Mapping[int, TensorType], rng: random.Random
) -> dict[str, Arg] | str:
    """Arguments that satisfy a rule, as near to the given ones as it takes; or the clause that could not be mended.

    Args:
        rule: what has to hold.
        arguments: the call's arguments by name.
        types: the type of every tensor that they refer to.
        rng: where choices come from.
    """
    found = dict(arguments)
    view = View(found, types)
    for _ in range(ROUNDS):
        broken = rule.broken(view)
        if broken is None:
            return found
        if not _repair(broken.predicate, view, found, rng):
            return str(broken)
    return "no arguments satisfy all of it"


def _repair(predicate: Predicate, view: View, arguments: dict[str, Arg], rng: random.Random) -> bool:
    match predicate:
        case Bounded(term, limit, at_least):
            slack = rng.choice((0, 0, 1, 2))
            return _set(term, limit + (slack if at_least else -slack), arguments)
        case Member(term, numbers):
            return _set(term, rng.choice(numbers), arguments)
        case Compared(left, relation, right, offset):
            return _repair_compared(left, relation, right, offset, view, arguments, rng)
        case Divides(left, right, squared):
            size = evaluate(left, view)
            divisors = [d for d in range(1, 17) if size is not None and size % (d * d if squared else d) == 0]
            return bool(divisors) and _set(right, rng.choice(divisors), arguments)
        case Named(argument, words, of_tensor):
            return not of_tensor and _set_word(argument, rng.choice(words), arguments)
        case Distinct(argument, tensor):
            rank = max(len(view.tensors(tensor)[0].shape), 1)
            count = min(len(view.integers(argument) or ()), rank)
            arguments[argument] = tuple(d - rng.choice((0, rank)) for d in rng.sample(range(rank), count))
            return True
        case Reshapes(argument, tensor):
            arguments[argument] = _sizes(view.tensors(tensor)[0].numel, rng)
            return True
    return False


def _repair_compared(
    left: Term, relation: str, right: Term, offset: int, view: View, arguments: dict[str, Arg], rng: random.Random
) -> bool:
    a, b = evaluate(left, view), evaluate(right, view)
    if a is None or b is None:
        return False
    slack = 0 if relation == "==" else rng.choice((0, 0, 1, 2))
    if relation == "+>=":
        return _set(left, offset - b + slack, arguments) or _set(right, offset - a + slack, arguments)
    return _set(left, b + offset + slack, arguments) or _set(right, a - offset - slack, arguments)


def _set(term: Term, number: float, arguments: dict[str, Arg]) -> bool:
    """Let a term be a number where an argument says it; whether one does."""
    old = arguments.get(term.argument)
    if term.kind == "value" and isinstance(old, (int, float)):
        arguments[term.argument] = bool(number) if isinstance(old, bool) else int(number)
        return number == int(number)
    if not isinstance(old, tuple) or not all(isinstance(i, int) for i in old):
        return False
    items = [i for i in old if isinstance(i, int)]
    whole = int(number)
    match term.kind:
        case "item" if -len(items) <= term.index < len(items):
            items[term.index] = whole
        case "min" if items:
            items = [max(i, whole) for i in items]
        case "max" if items:
            items = [min(i, whole) for i in items]
        case "len" if 0 <= whole <= 6:
            items = items[:whole] + [items[-1] if items else 1] * (whole - len(items))
        case _:
            return False
    arguments[term.argument] = tuple(items)
    return True


def _set_word(argument: str, word: str, arguments: dict[str, Arg]) -> bool:
    old = arguments.get(argument)
    if isinstance(old, DTypeArg):
        dtype = next((d for d in COMMON if d == word), None)
        if dtype is None:
            return False
        arguments[argument] = DTypeArg(dtype)
        return True
    if isinstance(old, str):
        arguments[argument] = word
        return True
    if isinstance(old, (bool, int, float)):
        kinds: dict[str, Arg] = {"bool": bool(old), "int": int(old), "float": float(old)}
        arguments[argument] = kinds.get(word, old)
        return word in kinds
    return False


def _sizes(numel: int, rng: random.Random) -> tuple[int, ...]:
    """A random list of sizes with so many elements in all, now and then with one left to be worked out."""
    sizes: list[int] = []
    left = numel
    while left > 1 and len(sizes) < rng.randint(1, 4):
        divisor = rng.choice([d for d in range(1, left + 1) if left % d == 0][:12])
        sizes.append(divisor)
        left //= divisor
    sizes.insert(rng.randint(0, len(sizes)), left)
    if numel and rng.random() < 0.3:
        sizes[rng.randrange(len(sizes))] = -1
    return tuple(sizes)
